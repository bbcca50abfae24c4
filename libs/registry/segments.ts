import type { BaselineBatch } from './baseline-source/batch.js';
import type { ColumnSpec } from './schemas.js';
import { segmentName } from './segment-names.js';

/** Segments of one version that are counted apart; the rest is `other`. Bounds the rows that a window can have. */
export const MAX_SEGMENTS = 100;

/** The columns that make the segments of a version, in the order of its schema. */
export function segmentColumnsOf(columns: readonly ColumnSpec[]): string[] {
  return columns.filter(({ role }) => role === 'segment').map(({ name }) => name);
}

/** Different segments that are followed at once. Beyond, the rarer half is forgotten: what is frequent from the start is counted exactly. */
const MAX_FOLLOWED = 100_000;

/** Finds the most frequent segments of training data, at most `MAX_SEGMENTS` of them; none without segment columns. */
export class FrequentSegments {
  private readonly counts = new Map<string, number>();
  /** Wrong-type cells have no segment; where there are any, the segments of production would not be those of training. */
  private hasInvalid = false;

  constructor(private readonly segmentColumns: readonly string[]) {}

  add({ rowCount, columns }: BaselineBatch): void {
    if (this.segmentColumns.length === 0 || this.hasInvalid) return;
    const values = this.segmentColumns.map(
      (name) => columns.find((column) => column.name === name)?.values.values,
    );
    if (values.some((column) => column?.length !== rowCount)) {
      this.hasInvalid = true;
      return;
    }
    for (let row = 0; row < rowCount; row += 1) {
      const name = segmentName(values.map((column) => column?.[row] ?? null));
      this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    }
    if (this.counts.size > MAX_FOLLOWED) this.forgetRarest();
  }

  /** The names, most frequent first, ties by code units. */
  mostFrequent(): string[] {
    if (this.hasInvalid) return [];
    return this.ranked()
      .slice(0, MAX_SEGMENTS)
      .map(([name]) => name);
  }

  private ranked(): [string, number][] {
    return [...this.counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  }

  private forgetRarest(): void {
    for (const [name] of this.ranked().slice(MAX_FOLLOWED / 2)) this.counts.delete(name);
  }
}
