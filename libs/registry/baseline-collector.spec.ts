import { describe, expect, it } from '@jest/globals';
import type { Profile } from '#stats';
import { BaselineCollector } from './baseline-collector.js';
import { readBatches } from './baseline-source/read.js';
import type { ColumnSpec } from './schemas.js';

const COLUMNS: readonly ColumnSpec[] = [
  { name: 'x', role: 'feature', type: 'numeric' },
  { name: 'c', role: 'feature', type: 'categorical' },
  { name: 'y', role: 'groundTruth', type: 'numeric' },
];

async function collected(rows: readonly object[], maxExactBytes?: number): Promise<Profile> {
  const collector = new BaselineCollector(COLUMNS, maxExactBytes);
  for await (const batch of readBatches({ kind: 'rows', rows: rows as never }, COLUMNS)) collector.add(batch);
  return collector.finish();
}

/** Rows of several batches; outcomes come late, and some cells are of a wrong type. */
const rowsOf = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    x: i % 97 === 0 ? 'bad' : (i * 7_919) % count,
    c: i % 5 === 0 ? null : `c${i % 30}`,
    ...(i > count / 2 ? { y: i % 2 } : {}),
  }));

describe('what is collected of training data', () => {
  it('is the same exactly and in one pass, as long as one pass is exact', async () => {
    const rows = rowsOf(12_000);
    const exact = await collected(rows);
    for (const bytes of [0, 100_000, 250_000]) {
      const streamed = await collected(rows, bytes);
      expect(streamed.rowCount).toBe(12_000);
      // A column that comes after the first pass has begun is the last one then, as it is here anyway.
      expect(streamed.grid.hash).toBe(exact.grid.hash);
      streamed.columns.forEach((column, i) => {
        const { count, missingCount, invalidCount } = exact.columns[i]!;
        expect(column).toMatchObject({ count, missingCount, invalidCount });
      });
    }
  });

  it('says in one pass how far off ranks may be, and counts everything', async () => {
    const streamed = await collected(rowsOf(100_000), 0);
    const [x] = streamed.columns;
    expect(x).toMatchObject({ count: 100_000 - 1_031, invalidCount: 1_031 });
    if (x?.kind !== 'numeric') throw new Error('x is numeric');
    expect(x.rankError).toBeGreaterThan(0);
    expect(x.rankError).toBeLessThan(0.001);
  });

  it('holds values over the ends of pieces and of batches', async () => {
    const rows = Array.from({ length: 140_001 }, (_, i) => ({ x: i, c: 'a' }));
    const { columns, grid } = await collected(rows);
    expect(grid.columns.map(({ name }) => name)).toEqual(['x', 'c']);
    expect(columns[0]).toMatchObject({ count: 140_001, min: 0, max: 140_000, mean: 70_000 });
  });
});
