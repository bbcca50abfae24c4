import type { ColumnBatch } from '#payloads';
import type { Instant } from '#platform';
import type { CapturedRow } from './capture-bounds.js';
import { sampleRank } from './sampling.js';
import type { VersionContext } from './version-context.js';

/** Which payloads the rows came in. */
type CapturedFrom = Pick<CapturedRow, 'part' | 'callScope'>;

/** The rows of one window that the model's `capture` keeps and whose rank is below `bound`, without the columns that are redacted. */
export function capturedRowsOf(
  batch: ColumnBatch,
  start: Instant,
  { part, callScope }: CapturedFrom,
  context: VersionContext,
  bound: number,
): CapturedRow[] {
  const { fraction, maxRowsPerWindow, redactedColumns } = context.version.model.capture;
  if (fraction === 0 || maxRowsPerWindow === 0) return [];
  const shown = batch.columns.filter(({ name }) => !redactedColumns.includes(name));
  const limit = Math.min(fraction, bound);
  const rows: CapturedRow[] = [];
  for (let row = 0; row < batch.rowCount; row += 1) {
    const inferenceId = batch.inferenceIds[row] ?? '';
    const rank = sampleRank(inferenceId);
    if (rank >= limit) continue;
    rows.push({
      versionId: context.version.id,
      start,
      part,
      inferenceId,
      callScope,
      eventAt: batch.timestamps[row] ?? NaN,
      sampleRank: rank,
      maxRows: maxRowsPerWindow,
      values: Object.fromEntries(shown.map(({ name, values }) => [name, valueOf(values.values[row])])),
    });
  }
  return rows;
}

/** Code units of a text that a captured row keeps: enough to see what it was, and 1,000 rows of a window stay small. */
export const MAX_CAPTURED_LENGTH = 2_000;

/** NaN is how columns hold a missing number; JSON has null for it. A text is cut, between characters, and says so. */
function valueOf(value: number | string | null | undefined): number | string | null {
  if (typeof value === 'string' && value.length > MAX_CAPTURED_LENGTH)
    return `${value.slice(0, MAX_CAPTURED_LENGTH).replace(/[\ud800-\udbff]$/, '')}…`;
  return value === undefined || Number.isNaN(value) ? null : value;
}
