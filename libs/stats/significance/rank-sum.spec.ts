import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { rankSumTest } from './rank-sum.js';

const RUNS = { numRuns: 1000 };
/** Rounding of sums over up to 30 cells, each of relative error 2^-52. */
const SUM_TOLERANCE = 100 * Number.EPSILON;

const cells = fc.integer({ min: 1, max: 30 }).chain((length) => {
  const counts = fc
    .array(fc.nat({ max: 1000 }), { minLength: length, maxLength: length })
    .filter((c) => c.some((x) => x > 0));
  return fc.tuple(counts, counts);
});

describe('rankSumTest', () => {
  it('turns its sign with the samples, and stays in range', () => {
    fc.assert(
      fc.property(cells, ([b, c]) => {
        const test = rankSumTest(b, c)!;
        const swapped = rankSumTest(c, b)!;
        expect(test.probabilityOfSuperiority).toBeGreaterThanOrEqual(0);
        expect(test.probabilityOfSuperiority).toBeLessThanOrEqual(1);
        expect(test.pValue).toBeGreaterThanOrEqual(0);
        expect(test.pValue).toBeLessThanOrEqual(1);
        const sum = test.probabilityOfSuperiority + swapped.probabilityOfSuperiority;
        expect(Math.abs(sum - 1)).toBeLessThanOrEqual(SUM_TOLERANCE);
        expect(Math.abs(test.statistic + swapped.statistic)).toBeLessThanOrEqual(
          1e-9 * (1 + Math.abs(test.statistic)),
        );
      }),
      RUNS,
    );
  });
  it('is the mean of ½ + sign/2 over all pairs', () => {
    const small = fc
      .array(fc.nat({ max: 6 }), { minLength: 5, maxLength: 5 })
      .filter((c) => c.some((x) => x > 0));
    fc.assert(
      fc.property(small, small, (b, c) => {
        const [n, m] = [b, c].map((counts) => counts.reduce((sum, x) => sum + x, 0)) as [number, number];
        let pairs = 0;
        b.forEach((x, i) => c.forEach((y, j) => (pairs += x * y * (0.5 + Math.sign(j - i) / 2))));
        const expected = pairs / n / m;
        expect(Math.abs(rankSumTest(b, c)!.probabilityOfSuperiority - expected)).toBeLessThanOrEqual(
          SUM_TOLERANCE,
        );
      }),
      RUNS,
    );
  });
  it('finds nothing in equal shares, and nothing where everything is tied', () => {
    fc.assert(
      fc.property(cells, fc.constantFrom(1, 2, 8), ([b], factor) => {
        const test = rankSumTest(
          b,
          b.map((x) => x * factor),
        )!;
        expect(Math.abs(test.probabilityOfSuperiority - 0.5)).toBeLessThanOrEqual(SUM_TOLERANCE);
        expect(test.pValue).toBeGreaterThan(1 - 1e-6);
      }),
      RUNS,
    );
    const tied = { statistic: 0, pValue: 1, probabilityOfSuperiority: 0.5 };
    expect(rankSumTest([0, 7, 0], [0, 3, 0])).toEqual(tied);
  });
  it('does not change with empty cells between', () => {
    fc.assert(
      fc.property(cells, ([b, c]) => {
        const spread = (counts: number[]): number[] => counts.flatMap((x) => [0, x]);
        expect(rankSumTest(spread(b), spread(c))).toEqual(rankSumTest(b, c));
      }),
      RUNS,
    );
  });
  it('of clusters with their number as effective size is that of the clusters', () => {
    fc.assert(
      fc.property(cells, fc.integer({ min: 1, max: 50 }), ([b, c], size) => {
        const [n, m] = [b, c].map((counts) => counts.reduce((sum, x) => sum + x, 0)) as [number, number];
        const rows = rankSumTest(
          b.map((x) => x * size),
          c.map((x) => x * size),
          { n, m },
        )!;
        const clusters = rankSumTest(b, c)!;
        // The share of ties is that of the rows: 1 − 1/N² of it apart.
        const tolerance = (1 + Math.abs(clusters.statistic)) * (2 / (n + m) ** 2 + 1e-9);
        expect(Math.abs(rows.statistic - clusters.statistic)).toBeLessThanOrEqual(tolerance);
      }),
      RUNS,
    );
  });
  it('keeps its digits where one cell holds almost everything', () => {
    // One value above 10^9 tied ones on each side: variance from the pairs by hand.
    const test = rankSumTest([1e9, 0], [1e9, 1])!;
    expect(Math.abs(test.statistic - 1)).toBeLessThan(1e-6);
  });
  it('has no result when a side is empty, and rejects unequal cells', () => {
    expect(rankSumTest([0, 0], [1, 2])).toBeNull();
    expect(rankSumTest([1, 2], [0, 0])).toBeNull();
    expect(() => rankSumTest([1], [1, 2])).toThrow(RangeError);
  });
});
