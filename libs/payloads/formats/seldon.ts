import type { PayloadColumn } from '../column-batch.js';
import type { DecodedRows, DecodingContext } from '../decoding.js';
import { UnreadablePayload } from '../decoding.js';
import { isRecord, kindOf } from '../rejections.js';
import { decodeHalves, sideColumns, type Half } from './halves.js';
import { positionalRows } from './positional.js';
import { rowsOfShape, shapeOf } from './shape.js';

/**
 * Decodes Seldon Core v1's `{ data: { names?, ndarray } }` and `{ data: { names?, tensor: { shape, values } } }`.
 *
 * The body does not say whether it is a request or a response: `context.part` does, and it is a request without it.
 * `names` are used where the schema knows every one of them; else values belong to columns by position.
 * @throws UnreadablePayload `wrong-form`, `too-many-rows`
 */
export function decodeSeldon(body: Readonly<Record<string, unknown>>, context: DecodingContext): DecodedRows {
  const part = context.part === 'response' ? 'response' : 'request';
  const half = halfOf(body['data'], sideColumns(context, part));
  const isRequest = part === 'request';
  return decodeHalves(isRequest ? half : null, isRequest ? null : half, { ...context, part }, [
    'data',
    'data',
  ]);
}

function halfOf(data: unknown, columns: readonly PayloadColumn[]): Half {
  if (!isRecord(data))
    throw new UnreadablePayload('wrong-form', `"data" is ${kindOf(data)}; expected an object`, '/data');
  const { rowCount, rows } = rowsOf(data);
  return { rowCount, build: () => positionalRows(rows(), namedColumns(data['names'], columns), 'row') };
}

/** How many rows there are, and what cuts them. */
interface SeldonRows {
  readonly rowCount: number;
  readonly rows: () => readonly unknown[];
}

function rowsOf({ ndarray, tensor }: Readonly<Record<string, unknown>>): SeldonRows {
  if (Array.isArray(ndarray)) return { rowCount: ndarray.length, rows: () => ndarray as readonly unknown[] };
  if (!isRecord(tensor) || !Array.isArray(tensor['values']))
    throw new UnreadablePayload(
      'wrong-form',
      '"data" has neither "ndarray" nor "tensor" with "shape" and "values"; other forms have no columns',
      '/data',
    );
  const values = tensor['values'] as readonly unknown[];
  const { rowCount, width } = shapeOf(tensor['shape'], values.length, '/data/tensor');
  return { rowCount, rows: () => rowsOfShape(values, rowCount, width) };
}

function namedColumns(names: unknown, columns: readonly PayloadColumn[]): readonly PayloadColumn[] {
  if (!Array.isArray(names)) return columns;
  const named = names.flatMap((name) => columns.find((column) => column.name === name) ?? []);
  return named.length === names.length && named.length === columns.length ? named : columns;
}
