import type { DecodedRows, DecodingContext } from '../decoding.js';
import { UnreadablePayload } from '../decoding.js';
import { isRecord, kindOf } from '../rejections.js';
import { decodeTable } from '../table.js';

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
  const lists = Object.entries(columns).map(
    ([name, list]) => [name, listOf(list, `/columns/${name}`)] as const,
  );
  const ids = inferenceIds === undefined ? undefined : listOf(inferenceIds, '/inferenceIds');
  const times = timestamps === undefined ? undefined : listOf(timestamps, '/timestamps');
  const rowCount = lists[0]?.[1].length ?? ids?.length ?? 0;
  for (const [pointer, list] of [
    ...lists.map(([name, list]) => [`/columns/${name}`, list] as const),
    ['/inferenceIds', ids] as const,
    ['/timestamps', times] as const,
  ]) {
    if (list === undefined || list.length === rowCount) continue;
    throw new UnreadablePayload(
      'wrong-form',
      `${pointer} has ${list.length} values and the first column ${rowCount}; all must have one a row`,
      pointer,
    );
  }
  return decodeTable({ rowCount, columns: new Map(lists), inferenceIds: ids, timestamps: times }, context);
}

function listOf(value: unknown, pointer: string): readonly unknown[] {
  if (Array.isArray(value)) return value as readonly unknown[];
  throw new UnreadablePayload('wrong-form', `${pointer} is ${kindOf(value)}; expected an array`, pointer);
}
