import type { NamedColumn } from '#payloads';
import type { ColumnSpec } from './schemas.js';

/** Segments of one version that are counted apart; the rest is `other`. Bounds the rows that a window can have. */
export const MAX_SEGMENTS = 100;
/** What stands for a missing value of a segment column. */
const MISSING = 'missing';

/** The columns that make the segments of a version, in the order of its schema. */
export function segmentColumnsOf(columns: readonly ColumnSpec[]): string[] {
  return columns.filter(({ role }) => role === 'segment').map(({ name }) => name);
}

/**
 * The name of a segment by the values of its columns: the value itself where there is one column, else all of them joined by `|`.
 * In joined names `|` and `\` of a value are escaped by `\`.
 */
export function segmentName(values: readonly (string | number | null)[]): string {
  const texts = values.map((value) => (value === null || Number.isNaN(value) ? MISSING : String(value)));
  return texts.length === 1
    ? (texts[0] ?? MISSING)
    : texts.map((text) => text.replace(/[\\|]/g, '\\$&')).join('|');
}

/** The most frequent segments of training data, at most `MAX_SEGMENTS` of them; none without segment columns. */
export function frequentSegments(
  names: readonly string[],
  columns: readonly NamedColumn[],
  rowCount: number,
): string[] {
  const values = names.map((name) => columns.find((column) => column.name === name)?.values.values);
  // Wrong-type cells are left out of a column's values, so that its rows no longer belong to those of the others.
  if (names.length === 0 || values.some((column) => column?.length !== rowCount)) return [];
  const counts = new Map<string, number>();
  for (let row = 0; row < rowCount; row += 1) {
    const name = segmentName(values.map((column) => column?.[row] ?? null));
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts]
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .slice(0, MAX_SEGMENTS)
    .map(([name]) => name);
}
