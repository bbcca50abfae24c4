import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { benjaminiHochberg } from './benjamini-hochberg.js';
import { binomialProbability } from './binomial.js';
import { chiSquareTest, gTest } from './contingency.js';
import { fisherRise, fisherTest } from './fisher.js';
import { shareChange, wilsonInterval } from './proportions.js';
import { welchT } from './welch.js';

const RUNS = { numRuns: 1000 };
const rounding = 1e-9;

/** x of n, not whole: effective sizes. */
const part = fc
  .tuple(fc.double({ min: 1e-3, max: 1e7, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([n, share]): [x: number, n: number] => [n * share, n]);
const confidences = fc.double({ min: 0.01, max: 0.999, noNaN: true });

describe('shareChange and wilsonInterval', () => {
  it('hold the share and the difference within their bounds, and within 0 to 1 and −1 to 1', () => {
    fc.assert(
      fc.property(part, part, confidences, ([x, n], [y, m], confidence) => {
        const [low, high] = wilsonInterval(x, n, confidence);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(low).toBeLessThanOrEqual(x / n + rounding);
        expect(high).toBeGreaterThanOrEqual(x / n - rounding);
        const change = shareChange(x, n, y, m, confidence)!;
        expect(change.lowerBound).toBeGreaterThanOrEqual(-1);
        expect(change.upperBound).toBeLessThanOrEqual(1);
        expect(change.lowerBound).toBeLessThanOrEqual(change.difference + rounding);
        expect(change.upperBound).toBeGreaterThanOrEqual(change.difference - rounding);
        expect(change.pValue).toBeGreaterThanOrEqual(0);
        expect(change.pValue).toBeLessThanOrEqual(1);
      }),
      RUNS,
    );
  });
  it('mirror when the samples change places', () => {
    fc.assert(
      fc.property(part, part, ([x, n], [y, m]) => {
        const there = shareChange(x, n, y, m)!;
        const back = shareChange(y, m, x, n)!;
        expect(Math.abs(there.lowerBound + back.upperBound)).toBeLessThanOrEqual(rounding);
        expect(Math.abs(there.pValue - back.pValue)).toBeLessThanOrEqual(rounding);
      }),
      RUNS,
    );
  });
  it('widen with confidence, and narrow with size', () => {
    fc.assert(
      fc.property(part, confidences, ([x, n], confidence) => {
        const width = (interval: [number, number]): number => interval[1] - interval[0];
        const plain = width(wilsonInterval(x, n, confidence));
        expect(width(wilsonInterval(x, n, confidence + 0.0005))).toBeGreaterThanOrEqual(plain - rounding);
        expect(width(wilsonInterval(4 * x, 4 * n, confidence))).toBeLessThanOrEqual(plain + rounding);
      }),
      RUNS,
    );
  });
  it('have no result of no rows, and refuse a level that is none', () => {
    expect([shareChange(0, 0, 1, 2), shareChange(1, 2, 0, 0), shareChange(0, NaN, 1, 2)]).toEqual([
      null,
      null,
      null,
    ]);
    expect(wilsonInterval(0, 0)).toEqual([0, 1]);
    expect(wilsonInterval(0, 10)[0]).toBe(0);
    expect(wilsonInterval(10, 10)[1]).toBe(1);
    expect(shareChange(0, 5, 0, 7)).toMatchObject({ difference: 0, pValue: 1 });
    for (const level of [0, 1, NaN, 95]) {
      expect(() => wilsonInterval(1, 2, level)).toThrow(RangeError);
      expect(() => shareChange(1, 2, 1, 2, level)).toThrow(RangeError);
    }
  });
});

describe('fisherTest', () => {
  it('has tails of a distribution that adds up to 1', () => {
    for (const [n, p] of [
      [7, 0.3],
      [50, 0.02],
      [400, 0.9],
    ] as const) {
      const sum = Array.from({ length: n + 1 }, (_, k) => binomialProbability(k, n, p)).reduce(
        (a, b) => a + b,
      );
      expect(Math.abs(sum - 1)).toBeLessThan(1e-12);
    }
  });
  it('mirrors, stays in range, and counts at least as much with a rise as without', () => {
    const size = fc.integer({ min: 1, max: 3000 });
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(size, share, size, share, (n, p, m, q) => {
        const [x, y] = [Math.round(p * n), Math.round(q * m)];
        const test = fisherTest(x, n, y, m);
        expect(test).toBeGreaterThanOrEqual(0);
        expect(test).toBeLessThanOrEqual(1);
        expect(Math.abs(test - fisherTest(y, m, x, n))).toBeLessThanOrEqual(rounding);
        if (y < m)
          expect(fisherRise(x, n, y + 1, m)).toBeLessThanOrEqual(
            fisherRise(x, n, y, m) * (1 + rounding) + 1e-3,
          );
      }),
      RUNS,
    );
    expect([fisherTest(0, 0, 1, 2), fisherTest(0, 5, 0, 5), fisherTest(5, 5, 5, 5)]).toEqual([1, 1, 1]);
  });
});

describe('χ² and G', () => {
  const bins = fc.integer({ min: 1, max: 20 }).chain((length) => {
    const counts = fc
      .array(fc.nat({ max: 100_000 }), { minLength: length, maxLength: length })
      .filter((c) => c.some((x) => x > 0));
    return fc.tuple(counts, counts);
  });
  it.each([
    ['chiSquareTest', chiSquareTest],
    ['gTest', gTest],
  ])('%s is symmetric, in range, and 0 for equal shares', (_, test) => {
    fc.assert(
      fc.property(bins, ([b, c]) => {
        const there = test(b, c)!;
        expect(there.statistic).toBeGreaterThanOrEqual(0);
        expect(there.pValue).toBeGreaterThanOrEqual(0);
        expect(there.pValue).toBeLessThanOrEqual(1);
        expect(there.cramersV).toBeLessThanOrEqual(1);
        expect(Math.abs(there.statistic - test(c, b)!.statistic)).toBeLessThanOrEqual(
          rounding * (1 + there.statistic),
        );
        expect(
          test(
            b,
            b.map((x) => 3 * x),
          )!.statistic,
        ).toBeLessThan(1e-6);
      }),
      RUNS,
    );
  });
  it.each([
    ['chiSquareTest', chiSquareTest],
    ['gTest', gTest],
  ])('%s of clusters with their number as effective size is that of the clusters', (_, test) => {
    fc.assert(
      fc.property(bins, fc.integer({ min: 1, max: 50 }), ([b, c], size) => {
        const [n, m] = [b, c].map((counts) => counts.reduce((sum, x) => sum + x, 0)) as [number, number];
        const rows = test(
          b.map((x) => x * size),
          c.map((x) => x * size),
          { n, m },
        )!;
        const clusters = test(b, c)!;
        expect(Math.abs(rows.statistic - clusters.statistic)).toBeLessThanOrEqual(
          rounding * (1 + clusters.statistic),
        );
        expect(Math.abs(rows.cramersV - clusters.cramersV)).toBeLessThanOrEqual(rounding);
      }),
      RUNS,
    );
  });
  it('reach Cramér’s V of 1 where no bin is shared', () => {
    expect(chiSquareTest([5, 0], [0, 9])!.cramersV).toBeCloseTo(1, 14);
  });
});

describe('welchT', () => {
  const moments = fc.record({
    count: fc.integer({ min: 2, max: 1_000_000 }),
    mean: fc.double({ min: -1e6, max: 1e6, noNaN: true }),
    m2: fc.double({ min: 1e-3, max: 1e12, noNaN: true }),
  });
  it('turns its sign with the samples, with p in range and the degrees of freedom between those of one and of both', () => {
    fc.assert(
      fc.property(moments, moments, (a, b) => {
        const test = welchT(a, b)!;
        const back = welchT(b, a)!;
        expect(back.statistic + test.statistic).toBe(0);
        expect(back.pValue).toBe(test.pValue);
        expect(test.degreesOfFreedom).toBeGreaterThanOrEqual(
          (Math.min(a.count, b.count) - 1) * (1 - rounding),
        );
        expect(test.degreesOfFreedom).toBeLessThanOrEqual((a.count + b.count - 2) * (1 + rounding));
        expect(test.pValue).toBeGreaterThanOrEqual(0);
        expect(test.pValue).toBeLessThanOrEqual(1);
      }),
      RUNS,
    );
  });
});

describe('benjaminiHochberg', () => {
  it('keeps the order of p-values, lowers none, and leaves nulls alone', () => {
    const p = fc.option(fc.double({ min: 0, max: 1, noNaN: true }));
    fc.assert(
      fc.property(fc.array(p, { maxLength: 30 }), (pValues) => {
        const adjusted = benjaminiHochberg(pValues);
        pValues.forEach((pi, i) => {
          expect(adjusted[i] === null).toBe(pi === null);
          if (pi === null) return;
          expect(adjusted[i]!).toBeGreaterThanOrEqual(pi);
          expect(adjusted[i]!).toBeLessThanOrEqual(1);
          pValues.forEach((pj, j) => {
            if (pj !== null && pj <= pi) expect(adjusted[j]!).toBeLessThanOrEqual(adjusted[i]!);
          });
        });
        expect(benjaminiHochberg(pValues.filter((x) => x !== null))).toEqual(
          adjusted.filter((x) => x !== null),
        );
      }),
      RUNS,
    );
  });
});
