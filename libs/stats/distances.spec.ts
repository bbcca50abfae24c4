import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { driftBetween, numericColumn } from './columns-for-tests.js';
import {
  benjaminiHochberg,
  chiSquareTest,
  hellingerDistance,
  jensenShannonDistance,
  kolmogorovSf,
  kolmogorovTwoSampleSf,
  lInfinity,
  populationStabilityIndex,
  psiLowerBound,
  shareChange,
  totalVariation,
  twoSampleKs,
  wasserstein1,
  welchT,
} from './index.js';
import { durbinMatrixCdf, pelzGoodCdf } from './significance/kolmogorov-cdf.js';
import { smirnovSf } from './significance/smirnov.js';
import {
  chiSquareQuantile,
  logGamma,
  normalTwoSidedSf,
  studentTwoSidedSf,
} from './significance/special-functions.js';

const RUNS = { numRuns: 1000 };

const bins = fc.integer({ min: 1, max: 30 }).chain((length) => {
  const counts = fc
    .array(fc.nat({ max: 10_000 }), { minLength: length, maxLength: length })
    .filter((c) => c.some((x) => x > 0));
  return fc.tuple(counts, counts);
});
const DISTANCES = {
  populationStabilityIndex,
  jensenShannonDistance,
  hellingerDistance,
  totalVariation,
  lInfinity,
};
/** Rounding of sums of up to 30 terms, each below 20. */
const SUM_TOLERANCE = 30 * 20 * Number.EPSILON;

describe.each(Object.entries(DISTANCES))('%s', (_, distance) => {
  it('is never negative, and symmetric', () => {
    fc.assert(
      fc.property(bins, ([b, c]) => {
        const forward = distance(b, c)!;
        expect(forward).toBeGreaterThanOrEqual(0);
        expect(Math.abs(forward - distance(c, b)!)).toBeLessThanOrEqual(1e-9);
      }),
      RUNS,
    );
  });
  it('is 0 for equal shares, whatever the totals', () => {
    fc.assert(
      fc.property(bins, fc.constantFrom(1, 2, 4, 1024), ([b], factor) => {
        expect(
          distance(
            b,
            b.map((count) => count * factor),
          )!,
        ).toBe(0);
      }),
      RUNS,
    );
  });
  it('does not depend on the order of bins', () => {
    fc.assert(
      fc.property(bins, ([b, c]) => {
        expect(Math.abs(distance(b, c)! - distance([...b].reverse(), [...c].reverse())!)).toBeLessThanOrEqual(
          Math.sqrt(SUM_TOLERANCE),
        );
      }),
      RUNS,
    );
  });
  it('is null when a side is empty, and rejects unequal bins', () => {
    expect(distance([0, 0], [1, 2])).toBeNull();
    expect(() => distance([1], [1, 2])).toThrow(RangeError);
  });
});

describe.each(Object.entries({ jensenShannonDistance, hellingerDistance, totalVariation, lInfinity }))(
  '%s',
  (_, distance) => {
    it('is at most 1, and 1 where no bin holds values of both', () => {
      fc.assert(
        fc.property(bins, ([b, c]) => {
          expect(distance(b, c)!).toBeLessThanOrEqual(1);
        }),
        RUNS,
      );
      expect(distance([3, 0], [0, 5])).toBe(1);
    });
  },
);

describe('psiLowerBound', () => {
  it('lies between 0 and the PSI', () => {
    fc.assert(
      fc.property(bins, ([b, c]) => {
        const bound = psiLowerBound(b, c)!;
        expect(bound).toBeGreaterThanOrEqual(0);
        expect(bound).toBeLessThanOrEqual(populationStabilityIndex(b, c)!);
      }),
      RUNS,
    );
  });
});

const samples = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 60 });
const tiedSamples = fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 1, maxLength: 60 });

describe('Kolmogorov–Smirnov', () => {
  it('from cells brackets the exact statistic', () => {
    fc.assert(
      fc.property(fc.oneof(samples, tiedSamples), fc.oneof(samples, tiedSamples), (a, b) => {
        const exact = twoSampleKs(a, b)!.statistic;
        const { ks, ksUpperBound } = driftBetween(numericColumn(a), numericColumn(b));
        expect(ks!).toBeLessThanOrEqual(exact + 4 * Number.EPSILON);
        expect(ksUpperBound!).toBeGreaterThanOrEqual(exact - 4 * Number.EPSILON);
      }),
      RUNS,
    );
  });
  it('and PSI do not change under an increasing map of both samples', () => {
    const integers = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(integers, integers, (a, b) => {
        const plain = driftBetween(numericColumn(a), numericColumn(b));
        const cubed = driftBetween(numericColumn(a.map((x) => x ** 3)), numericColumn(b.map((x) => x ** 3)));
        expect(cubed.psi).toBe(plain.psi);
        expect(
          twoSampleKs(
            a.map((x) => x ** 3),
            b.map((x) => x ** 3),
          ),
        ).toEqual(twoSampleKs(a, b));
        // Up to 470 baseline values, every one is an atom, so D is exact on any grid.
        expect(cubed.ks).toBe(plain.ks);
      }),
      RUNS,
    );
  });
  it('is 0 with p = 1 for a sample against itself, all equal or not', () => {
    fc.assert(
      fc.property(fc.oneof(samples, tiedSamples), (a) => {
        expect(twoSampleKs(a, a)).toEqual({ statistic: 0, pValue: 1, method: 'exact' });
      }),
      RUNS,
    );
  });
  it('has no result without finite values', () => {
    expect(twoSampleKs([NaN, Infinity], [1])).toBeNull();
  });
});

describe('the distribution of D', () => {
  it('agrees with the value printed by Marsaglia, Tsang and Wang for n = 10, d = 0.274', () => {
    expect(Math.abs(durbinMatrixCdf(10, 0.274) - 0.6284796154565042)).toBeLessThan(1e-14);
  });
  it.each([
    [200, 0.03],
    [1000, 0.0125],
    [10_000, 0.0027],
    [10_000, 0.005],
  ])('has matrix and expansion agree at n = %d, d = %d', (n, d) => {
    // Pelz and Good leave out terms of order n^-2.
    expect(Math.abs(durbinMatrixCdf(n, d) - pelzGoodCdf(n, d))).toBeLessThan(1 / n ** 2 + 1e-13);
  });
  it.each([
    [200, 0.11],
    [1000, 0.05],
    [10_000, 0.0155],
  ])('has the expansion and twice the one-sided tail agree at n = %d, d = %d', (n, d) => {
    expect(Math.abs(1 - pelzGoodCdf(n, d) - 2 * smirnovSf(n, d))).toBeLessThan(1 / n ** 2);
  });
  it('falls as d rises, from 1 to 0', () => {
    for (const n of [1, 2, 7, 140, 141, 5000, 20_000]) {
      const tail = Array.from({ length: 201 }, (_, i) => kolmogorovSf(n, i / 200));
      expect(tail[0]).toBe(1);
      expect(tail.at(-1)).toBe(0);
      tail.forEach((p, i) => expect(p).toBeLessThanOrEqual((tail[i - 1] ?? 1) + 1e-10));
    }
  });
  it('is 1 for an empty sample', () => {
    expect(kolmogorovTwoSampleSf(0.5, 0, 10)).toBe(1);
    expect(kolmogorovSf(10, NaN)).toBe(1);
  });
});

describe('special functions', () => {
  it('match printed tables', () => {
    expect(Math.abs(chiSquareQuantile(0.95, 9) - 16.918977604620448)).toBeLessThan(1e-8);
    expect(Math.abs(chiSquareQuantile(0.95, 1) - 3.841458820694124)).toBeLessThan(1e-9);
    expect(Math.abs(normalTwoSidedSf(1.959963984540054) - 0.05)).toBeLessThan(1e-14);
    expect(Math.abs(studentTwoSidedSf(2.2281388519862744, 10) - 0.05)).toBeLessThan(1e-13);
    expect(Math.abs(logGamma(0.5) - Math.log(Math.PI) / 2)).toBeLessThan(1e-14);
  });
});

describe('corrections and shares', () => {
  it('adjusts as Benjamini and Hochberg do, and leaves nulls out', () => {
    expect(benjaminiHochberg([0.01, null, 0.04, 0.03, 0.5])).toEqual([0.04, null, 0.16 / 3, 0.16 / 3, 0.5]);
    expect(benjaminiHochberg([])).toEqual([]);
  });
  it('reproduces the interval that Newcombe prints for 56/70 against 48/80', () => {
    const change = shareChange(48, 80, 56, 70)!;
    expect(change.lowerBound.toFixed(4)).toBe('0.0524');
    expect(change.upperBound.toFixed(4)).toBe('0.3339');
    expect(shareChange(0, 0, 1, 2)).toBeNull();
    expect(shareChange(0, 10, 0, 10)).toMatchObject({ difference: 0, pValue: 1 });
  });
  it('gives no test where there is nothing to test', () => {
    expect(chiSquareTest([5, 0], [7, 0])).toEqual({
      statistic: 0,
      degreesOfFreedom: 0,
      pValue: 1,
      cramersV: 0,
    });
    expect(chiSquareTest([0], [7])).toBeNull();
    expect(welchT({ count: 1, mean: 0, m2: 0 }, { count: 5, mean: 0, m2: 1 })).toBeNull();
    expect(welchT({ count: 5, mean: 0, m2: 0 }, { count: 5, mean: 1, m2: 0 })).toBeNull();
    expect(wasserstein1([], [1])).toBeNull();
  });
});
