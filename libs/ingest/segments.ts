import type { ColumnBatch } from '#payloads';
import { UNKNOWN, WHOLE } from '#registry';
import type { VersionContext } from './version-context.js';

/** The segment of each row of a batch, by row. */
export function segmentsOfRows(batch: ColumnBatch, context: VersionContext): (row: number) => string {
  const { segmentColumns } = context;
  if (segmentColumns.length === 0) return () => WHOLE;
  const columns = segmentColumns.map((name) => batch.columns.find((column) => column.name === name)?.values);
  if (columns.includes(undefined)) return () => UNKNOWN;
  return (row) => context.segmentOf(columns.map((column) => column?.values[row] ?? null));
}
