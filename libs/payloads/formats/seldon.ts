import type { PayloadColumn } from '../column-batch.js';
import type { DecodedRows, DecodingContext } from '../decoding.js';
import { UnreadablePayload } from '../decoding.js';
import { namesOf } from '../records.js';
import { isRecord, kindOf, quoted } from '../rejections.js';
import { decodeHalves, sideColumns, type Half } from './halves.js';
import { positionalRows } from './positional.js';
import { rowsOfShape, shapeOf } from './shape.js';

/**
 * Decodes Seldon Core v1's `{ data: { names?, ndarray } }` and `{ data: { names?, tensor: { shape, values } } }`.
 *
 * The body does not say whether it is a request or a response: `context.part` does, and it is a request without it.
 * Values belong to columns by `names` where the schema knows any of them, else by position.
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
  const names = placesOf(data['names'], columns);
  return { rowCount, build: (known) => positionalRows(rows(), { names, known, what: 'row' }) };
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

/**
 * The names of the values. Names of which the schema knows none are the serving system's own, and values belong to columns by
 * position; else each value belongs to its name.
 */
function placesOf(names: unknown, columns: readonly PayloadColumn[]): readonly string[] {
  const known = namesOf(columns);
  const given = Array.isArray(names) ? names.map((name) => (typeof name === 'string' ? name : '')) : [];
  if (!given.some((name) => known.has(name))) return [...known];
  const repeated = given.find((name, index) => known.has(name) && given.indexOf(name) !== index);
  if (repeated === undefined) return given;
  throw new UnreadablePayload(
    'wrong-form',
    `"names" has ${quoted(repeated)} twice; each value needs a name of its own`,
    '/data/names',
  );
}
