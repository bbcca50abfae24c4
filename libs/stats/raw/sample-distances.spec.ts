import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { categoricalSampleDistances } from './categorical-sample-distances.js';
import { numericSampleDistances } from './numeric-sample-distances.js';

const RUNS = { numRuns: 1000 };
/** Rounding of sums over some ten bins. */
const SUM_TOLERANCE = 1e-12;

/** NaN, ±Infinity, −0, subnormals and 1e308 among ordinary values. */
const anything = fc.array(fc.double(), { maxLength: 40 });
const ordinary = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 60 });
const categories = fc.array(fc.option(fc.constantFrom('a', 'b', 'c', '', '__proto__', '(rest)')), {
  maxLength: 60,
});

/** Every number in a result, however deep. */
function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}

describe('numericSampleDistances', () => {
  it('never throws and never gives NaN or an infinity', () => {
    fc.assert(
      fc.property(anything, anything, (a, b) => {
        expect(numbersIn(numericSampleDistances(a, b)).every(Number.isFinite)).toBe(true);
      }),
      RUNS,
    );
  });
  it('counts every finite value once', () => {
    fc.assert(
      fc.property(anything, anything, (a, b) => {
        const { bins, baselineCount, windowCount } = numericSampleDistances(a, b);
        expect(bins.baseline.reduce((sum, x) => sum + x, 0)).toBe(baselineCount);
        expect(bins.window.reduce((sum, x) => sum + x, 0)).toBe(windowCount);
        expect(baselineCount).toBe(a.filter(Number.isFinite).length);
      }),
      RUNS,
    );
  });
  it('finds nothing between a sample and itself', () => {
    fc.assert(
      fc.property(ordinary, (a) => {
        const found = numericSampleDistances(a, a);
        const none = {
          psi: 0,
          psiEpsilon: 0,
          jensenShannon: 0,
          hellinger: 0,
          totalVariation: 0,
          lInfinity: 0,
        };
        expect(found).toMatchObject({ ...none, wasserstein: 0, ks: { statistic: 0, pValue: 1 } });
      }),
      RUNS,
    );
  });
  it('has PSI and KS stay under an increasing map of both samples, and Wasserstein scale with the unit', () => {
    const map = (x: number): number => x ** 3 + x;
    fc.assert(
      fc.property(ordinary, ordinary, (a, b) => {
        const plain = numericSampleDistances(a, b);
        const mapped = numericSampleDistances(a.map(map), b.map(map));
        expect(mapped.psi).toBe(plain.psi);
        expect(mapped.ks).toEqual(plain.ks);
        expect(mapped.chiSquare).toEqual(plain.chiSquare);
        const doubled = numericSampleDistances(
          a.map((x) => 2 * x),
          b.map((x) => 2 * x),
        );
        expect(Math.abs(doubled.wasserstein! - 2 * plain.wasserstein!)).toBeLessThanOrEqual(SUM_TOLERANCE);
        expect(doubled.wassersteinInDeviations).toBe(plain.wassersteinInDeviations);
      }),
      RUNS,
    );
  });
  it('has bins between deciles, and one edge where all values are equal', () => {
    const tenths = Array.from({ length: 20 }, (_, i) => i + 1);
    expect(numericSampleDistances(tenths, []).bins.edges).toEqual([2, 4, 6, 8, 10, 12, 14, 16, 18]);
    expect(numericSampleDistances([7, 7], [8, 7]).bins).toEqual({
      edges: [7],
      baseline: [2, 0],
      window: [1, 1],
    });
    expect(numericSampleDistances([-0, 0], [0]).bins).toEqual({
      edges: [0],
      baseline: [2, 0],
      window: [1, 0],
    });
  });
  it('counts missing, invalid and out of range apart', () => {
    const found = numericSampleDistances([1, 2, NaN, 3], [NaN, NaN, Infinity, 0, 2]);
    expect(found.missing).toMatchObject({ baselineShare: 0.25, windowShare: 0.4 });
    expect(found.invalid).toMatchObject({ baselineShare: 0, windowShare: 1 / 3 });
    expect(found.outOfRange).toMatchObject({ baselineShare: 0, windowShare: 0.5 });
  });
  it('is null where a sample is empty', () => {
    const nothing = {
      psi: null,
      chiSquare: null,
      ks: null,
      wasserstein: null,
      wassersteinInDeviations: null,
      welch: null,
    };
    expect(numericSampleDistances([], [1, 2])).toMatchObject({ ...nothing, missing: null, outOfRange: null });
    expect(numericSampleDistances([1, 2], [NaN])).toMatchObject({ ...nothing, missing: { windowShare: 1 } });
    expect(numericSampleDistances([5, 5], [6, 6])).toMatchObject({
      wasserstein: 1,
      wassersteinInDeviations: null,
    });
  });
});

describe('categoricalSampleDistances', () => {
  it.each([false, true])(
    'never gives NaN, counts every value once, and takes any order; pooled: %s',
    (pooled) => {
      fc.assert(
        fc.property(categories, categories, (a, b) => {
          const found = categoricalSampleDistances(a, b, { pooled });
          expect(numbersIn(found).every(Number.isFinite)).toBe(true);
          expect(found.bins.baseline.reduce((sum, x) => sum + x, 0)).toBe(found.baselineCount);
          expect(found.bins.window.reduce((sum, x) => sum + x, 0)).toBe(found.windowCount);
          expect(categoricalSampleDistances([...a].reverse(), [...b].reverse(), { pooled })).toEqual(found);
        }),
        RUNS,
      );
    },
  );
  it('gives each category its bin, or pools the rare and the unseen ones', () => {
    const repeat = (category: string, count: number): string[] => Array<string>(count).fill(category);
    const a = [...repeat('x', 50), ...repeat('y', 48), ...repeat('z', 2)];
    const b = [...repeat('x', 50), ...repeat('y', 45), ...repeat('w', 5), null];
    expect(categoricalSampleDistances(a, b).bins).toEqual({
      labels: ['w', 'x', 'y', 'z'],
      baseline: [0, 50, 48, 2],
      window: [5, 50, 45, 0],
    });
    const pooled = categoricalSampleDistances(a, b, { pooled: true });
    expect(pooled.bins).toEqual({
      labels: ['x', 'y', '(rest)', '(unseen)'],
      baseline: [50, 48, 2, 0],
      window: [50, 45, 0, 5],
    });
    expect(pooled.unseen).toMatchObject({ baselineShare: 0, windowShare: 0.05 });
    expect(pooled.missing).toMatchObject({ baselineShare: 0, windowShare: 1 / 101 });
  });
  it('is null where a sample is empty', () => {
    expect(categoricalSampleDistances([null], ['a'])).toMatchObject({ psi: null, gTest: null, unseen: null });
  });
});
