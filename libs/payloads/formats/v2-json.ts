import type { PayloadColumn } from '../column-batch.js';
import { UnreadablePayload, type DecodedRows, type DecodingContext } from '../decoding.js';
import { isRecord, kindOf } from '../rejections.js';
import { decodeHalves, sideColumns, type Half } from './halves.js';
import { flattened } from './nesting.js';
import { shapeOf } from './shape.js';
import { tensorRows, type Tensor } from './tensors.js';

/** Whether a body's `inputs` or `outputs` are tensors: KServe's V1 protocol uses the same words for something else. */
export function isV2(body: Readonly<Record<string, unknown>>): boolean {
  return ['inputs', 'outputs'].some((name) => {
    const tensors = body[name];
    return (
      Array.isArray(tensors) && isRecord(tensors[0]) && ('datatype' in tensors[0] || 'shape' in tensors[0])
    );
  });
}

/**
 * Decodes the Open Inference Protocol V2 in JSON: one tensor a column, or one tensor `[rows, columns]` in the order of the
 * schema. `data` may be flat or nested.
 *
 * @throws UnreadablePayload `wrong-form`, `too-many-rows`
 */
export function decodeV2Json(body: Readonly<Record<string, unknown>>, context: DecodingContext): DecodedRows {
  return decodeV2(body, context, (spec, pointer) => readJsonTensor(spec, pointer, context));
}

/** Reads the values of one tensor of `inputs` or `outputs`. */
export type ReadTensor = (spec: Readonly<Record<string, unknown>>, pointer: string) => Tensor;

/** The same for tensors wherever their values are. */
export function decodeV2(
  body: Readonly<Record<string, unknown>>,
  context: DecodingContext,
  readTensor: ReadTensor,
): DecodedRows {
  const half = (name: 'inputs' | 'outputs', side: 'request' | 'response'): Half => {
    const tensors = body[name];
    // A request may ask for outputs by name; only those with values are a response.
    if (tensors === undefined || (name === 'outputs' && isRequested(tensors))) return null;
    if (!Array.isArray(tensors) || tensors.length === 0)
      throw new UnreadablePayload(
        'wrong-form',
        `"${name}" is ${kindOf(tensors)}; expected an array of tensors`,
        `/${name}`,
      );
    const read = (tensors as readonly unknown[]).map((spec, index) => {
      const pointer = `/${name}/${index}`;
      if (!isRecord(spec))
        throw new UnreadablePayload(
          'wrong-form',
          `${pointer} is ${kindOf(spec)}; expected a tensor`,
          pointer,
        );
      return readTensor(spec, pointer);
    });
    return tensorRows(read, sideColumns(context, side), `/${name}`);
  };
  return decodeHalves(half('inputs', 'request'), half('outputs', 'response'), context, ['inputs', 'outputs']);
}

function isRequested(outputs: unknown): boolean {
  return (
    Array.isArray(outputs) &&
    outputs.every((output) => isRecord(output) && !('shape' in output) && !('data' in output))
  );
}

export function nameOf(spec: Readonly<Record<string, unknown>>, pointer: string): string {
  const { name } = spec;
  if (typeof name === 'string') return name;
  throw new UnreadablePayload(
    'wrong-form',
    `${pointer}/name is ${kindOf(name)}; expected a text`,
    `${pointer}/name`,
  );
}

/** The tensor whose values are in the JSON. */
export function readJsonTensor(
  spec: Readonly<Record<string, unknown>>,
  pointer: string,
  { columns }: Pick<DecodingContext, 'columns'>,
): Tensor {
  const { data, shape } = spec;
  if (!Array.isArray(data))
    throw new UnreadablePayload(
      'wrong-form',
      isRecord(spec['parameters']) && 'binary_data_size' in spec['parameters']
        ? `${pointer} has its values behind the JSON; the body must then hold them, with its length in Inference-Header-Content-Length`
        : `${pointer}/data is ${kindOf(data)}; expected an array`,
      `${pointer}/data`,
    );
  const values = flattened(data);
  const name = nameOf(spec, pointer);
  return {
    name,
    ...shapeOf(shape, values.length, pointer),
    values: isLong(spec['datatype']) ? withDigits(values, name, columns) : values,
  };
}

function isLong(datatype: unknown): boolean {
  return datatype === 'INT64' || datatype === 'UINT64';
}

/** What stands for a 64-bit number that JSON's numbers do not hold. */
const LOST_DIGITS = Symbol(
  'a whole number beyond 2^53, whose last digits JSON loses; send it as BYTES or behind the JSON',
);

/** Ids are often 64-bit numbers: as categories, those that were rounded would be counted as others. As numbers they are near enough. */
function withDigits(
  values: readonly unknown[],
  name: string,
  columns: readonly PayloadColumn[],
): readonly unknown[] {
  const isLost = (value: unknown): boolean =>
    typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER;
  if (!values.some(isLost) || columns.some((column) => column.name === name && column.type === 'numeric'))
    return values;
  return values.map((value) => (isLost(value) ? LOST_DIGITS : value));
}
