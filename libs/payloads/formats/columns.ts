import type { DecodedRows, DecodingContext } from '../decoding.js';
import { UnreadablePayload } from '../decoding.js';
import { namesOf } from '../records.js';
import { isRecord, kindOf, shortened } from '../rejections.js';
import { decodeTable } from '../table.js';
import { UnexpectedColumns } from '../unexpected-columns.js';

/**
 * Decodes `{ columns: { name: [values] }, inferenceIds?: […], timestamps?: […] }`.
 *
 * @throws UnreadablePayload `wrong-form` when the lists differ in length, since then no row can be told from another
 */
export function decodeColumns(
  body: Readonly<Record<string, unknown>>,
  context: DecodingContext,
): DecodedRows {
  const { columns, inferenceIds, timestamps } = body;
  if (!isRecord(columns))
    throw new UnreadablePayload(
      'wrong-form',
      `"columns" is ${kindOf(columns)}; expected an object of column names and arrays`,
      '/columns',
    );
  const ids = inferenceIds === undefined ? undefined : listOf(inferenceIds, '/inferenceIds');
  const times = timestamps === undefined ? undefined : listOf(timestamps, '/timestamps');
  const known = namesOf(context.columns);
  const unexpected = new UnexpectedColumns(known);
  const lists = new Map<string, readonly unknown[]>();
  let rowCount = -1;
  for (const name of Object.keys(columns)) {
    const list = listOf(columns[name], `/columns/${name}`);
    if (rowCount < 0) rowCount = list.length;
    checkLength(list, rowCount, `/columns/${name}`);
    if (known.has(name)) lists.set(name, list);
    else unexpected.addToAll(name);
  }
  if (rowCount < 0) rowCount = ids?.length ?? 0;
  if (ids !== undefined) checkLength(ids, rowCount, '/inferenceIds');
  if (times !== undefined) checkLength(times, rowCount, '/timestamps');
  const table = { rowCount, columns: lists, unexpected: [unexpected], inferenceIds: ids, timestamps: times };
  return decodeTable(table, context);
}

function checkLength({ length }: readonly unknown[], rowCount: number, pointer: string): void {
  if (length === rowCount) return;
  throw new UnreadablePayload(
    'wrong-form',
    `${shortened(pointer)} has ${length} values and the first column ${rowCount}; all must have one a row`,
    pointer,
  );
}

function listOf(value: unknown, pointer: string): readonly unknown[] {
  if (Array.isArray(value)) return value as readonly unknown[];
  throw new UnreadablePayload(
    'wrong-form',
    `${shortened(pointer)} is ${kindOf(value)}; expected an array`,
    pointer,
  );
}
