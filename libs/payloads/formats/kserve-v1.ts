import type { PayloadColumn } from '../column-batch.js';
import type { DecodedRows, DecodingContext } from '../decoding.js';
import { UnreadablePayload } from '../decoding.js';
import { isRecord, kindOf, quoted } from '../rejections.js';
import { decodeHalves, sideColumns, type Half } from './halves.js';
import { positionalRows, recordRows } from './positional.js';

/**
 * Decodes KServe's V1 protocol: `{ instances: […] }` or `{ inputs: … }`, with or without `{ predictions: […] }`.
 *
 * An instance is an object of column names and values, an array of the request's columns in the order of the schema, or
 * a single value where there is one such column; predictions are read in the same way as the response's columns.
 * `inputs` may also be an object of column names and arrays.
 * @throws UnreadablePayload `wrong-form`, `too-many-rows`
 */
export function decodeKServeV1(
  body: Readonly<Record<string, unknown>>,
  context: DecodingContext,
): DecodedRows {
  const [requestName, responseName] = [
    'instances' in body ? 'instances' : 'inputs',
    'predictions' in body ? 'predictions' : 'outputs',
  ];
  return decodeHalves(
    halfOf(body, requestName, sideColumns(context, 'request')),
    halfOf(body, responseName, sideColumns(context, 'response')),
    context,
    [requestName, responseName],
  );
}

function halfOf(
  body: Readonly<Record<string, unknown>>,
  name: string,
  columns: readonly PayloadColumn[],
): Half {
  if (!Object.hasOwn(body, name)) return null;
  const value = body[name];
  if (isRecord(value)) return columnsHalf(value, name);
  if (!Array.isArray(value))
    throw new UnreadablePayload('wrong-form', `"${name}" is ${kindOf(value)}; expected an array`, `/${name}`);
  const rows = value as readonly unknown[];
  const what = name === 'predictions' ? 'prediction' : 'instance';
  const names = columns.map((column) => column.name);
  // null may be a missing value or a missing record: what the rows are is said by the first one that is not.
  const isNamed = isRecord(rows.find((row) => row !== null));
  return {
    rowCount: rows.length,
    build: (known) =>
      isNamed ? recordRows(rows, known, what) : positionalRows(rows, { names, known, what }),
  };
}

function columnsHalf(value: Readonly<Record<string, unknown>>, name: string): Half {
  const columns = new Map<string, readonly unknown[]>();
  for (const [column, list] of Object.entries(value)) {
    const cells = Array.isArray(list) ? (list as readonly unknown[]) : [list];
    columns.set(column, cells);
  }
  const rowCount = columns.values().next().value?.length ?? 0;
  for (const [column, cells] of columns) {
    if (cells.length === rowCount) continue;
    throw new UnreadablePayload(
      'wrong-form',
      `"${name}" has ${cells.length} values of ${quoted(column)} and ${rowCount} of its first column`,
      `/${name}/${column}`,
    );
  }
  return { rowCount, build: () => ({ columns }) };
}
