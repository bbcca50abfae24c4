import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { seededUniform } from '../columns-for-tests.js';
import { kolmogorovTwoSampleSf } from './kolmogorov.js';
import { ksOfSorted, twoSampleKs } from './two-sample-ks.js';

const RUNS = { numRuns: 1000 };
/** Rounding of a recursion of n + m steps, each of relative error 3·2^-53. */
const RECURSION_TOLERANCE = 4000 * 3 * 2 ** -53;

const values = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 40 });
const ties = fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 40 });
const sample = fc.oneof(values, ties);

/** All orderings of n baseline and m window values, as sequences of which sample comes next. */
function orderings(n: number, m: number): boolean[][] {
  if (n === 0) return [Array<boolean>(m).fill(false)];
  if (m === 0) return [Array<boolean>(n).fill(true)];
  const first = orderings(n - 1, m).map((rest) => [true, ...rest]);
  return [...first, ...orderings(n, m - 1).map((rest) => [false, ...rest])];
}

/** n·m·D of an ordering. */
function latticeDistance(ordering: readonly boolean[], n: number, m: number): number {
  let difference = 0;
  let largest = 0;
  for (const isBaseline of ordering) {
    difference += isBaseline ? m : -n;
    largest = Math.max(largest, Math.abs(difference));
  }
  return largest;
}

/** n·m·max abs(F_a − F_b), by walking through all values of both in order. */
function largestDifference(a: readonly number[], b: readonly number[]): number {
  const steps = [...a.map((x) => ({ x, step: b.length })), ...b.map((x) => ({ x, step: -a.length }))];
  steps.sort((one, other) => one.x - other.x);
  let difference = 0;
  let largest = 0;
  steps.forEach(({ x, step }, i) => {
    difference += step;
    if (steps[i + 1]?.x !== x) largest = Math.max(largest, Math.abs(difference));
  });
  return largest;
}

describe('twoSampleKs', () => {
  it.each([
    [1, 1],
    [2, 5],
    [4, 4],
    [6, 4],
    [7, 6],
  ])('counts the orderings of %d and %d distinct values', (n, m) => {
    const all = orderings(n, m);
    const distances = all.map((ordering) => latticeDistance(ordering, n, m));
    for (const ordering of all) {
      const a = ordering.flatMap((isBaseline, i) => (isBaseline ? [i] : []));
      const b = ordering.flatMap((isBaseline, i) => (isBaseline ? [] : [i]));
      const distance = latticeDistance(ordering, n, m);
      const ks = twoSampleKs(a, b)!;
      expect(ks.statistic).toBe(distance / (n * m));
      const share = distances.filter((d) => d >= distance).length / all.length;
      expect(Math.abs(ks.pValue - share)).toBeLessThan(1e-14);
    }
  });
  it('is symmetric, in range, and does not depend on the order of values', () => {
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const ks = twoSampleKs(a, b)!;
        const swapped = twoSampleKs(b, a)!;
        expect(ks.statistic).toBeGreaterThanOrEqual(0);
        expect(ks.statistic).toBeLessThanOrEqual(1);
        expect(ks.pValue).toBeGreaterThanOrEqual(0);
        expect(ks.pValue).toBeLessThanOrEqual(1);
        expect(swapped.statistic).toBe(ks.statistic);
        expect(Math.abs(swapped.pValue / ks.pValue - 1)).toBeLessThanOrEqual(RECURSION_TOLERANCE);
        expect(twoSampleKs([...a].reverse(), b)).toEqual(ks);
      }),
      RUNS,
    );
  });
  it('is the largest difference of both cumulative shares, however long the samples and their runs of ties are', () => {
    const long = fc.record({
      length: fc.integer({ min: 1, max: 3000 }),
      shift: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(long, long, fc.constantFrom(3, 40, 700, 1e9), fc.nat(), (first, second, levels, seed) => {
        const uniform = seededUniform(seed);
        const [a, b] = [first, second].map(({ length, shift }) =>
          Array.from({ length }, () => Math.floor(levels * (uniform() + shift * uniform()))),
        ) as [number[], number[]];
        expect(twoSampleKs(a, b)!.statistic).toBe(largestDifference(a, b) / (a.length * b.length));
      }),
      RUNS,
    );
  });
  it('does not change under an increasing map of both samples', () => {
    const whole = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 40 });
    const cube = (x: number): number => x ** 3 + x;
    fc.assert(
      fc.property(whole, whole, (a, b) => {
        expect(twoSampleKs(a.map(cube), b.map(cube))).toEqual(twoSampleKs(a, b));
      }),
      RUNS,
    );
  });
  it('is 0 with p = 1 for a sample against itself', () => {
    fc.assert(
      fc.property(sample, (a) => {
        expect(twoSampleKs(a, a)).toEqual({ statistic: 0, pValue: 1, method: 'exact' });
      }),
      RUNS,
    );
  });
  it('has p fall as D rises, for fixed sizes', () => {
    const size = fc.integer({ min: 1, max: 60 });
    fc.assert(
      fc.property(size, size, (n, m) => {
        const b = Array.from({ length: m }, (_, j) => (j + 0.5) / m);
        let previous = { statistic: 0, pValue: 1 };
        for (let shift = 0; shift <= 1; shift += 0.125) {
          const ks = twoSampleKs(
            Array.from({ length: n }, (_, i) => (i + 0.5) / n + shift),
            b,
          )!;
          if (ks.statistic > previous.statistic) expect(ks.pValue).toBeLessThanOrEqual(previous.pValue);
          previous = ks;
        }
      }),
      RUNS,
    );
  });
  it('takes 0 and −0 for one value, and leaves out what is not finite', () => {
    expect(twoSampleKs([0, 1], [-0, 1])!.statistic).toBe(0);
    expect(twoSampleKs([1, NaN, 2, Infinity], [-Infinity, 1, 2])!.statistic).toBe(0);
    expect(twoSampleKs([NaN, Infinity], [1])).toBeNull();
    expect(twoSampleKs([], [])).toBeNull();
  });
  it('has p = 2/C(n+m, n) where no value of one sample is above any of the other', () => {
    const distinct = Array.from({ length: 10 }, (_, i) => i);
    const ks = twoSampleKs(
      distinct,
      distinct.map((x) => x + 10),
    )!;
    expect(ks.statistic).toBe(1);
    expect(Math.abs((ks.pValue * 184_756) / 2 - 1)).toBeLessThan(1e-14);
  });
  it('is asymptotic above four million pairs, where both agree', () => {
    const sorted = (n: number, shift: number): Float64Array =>
      Float64Array.from({ length: n }, (_, i) => i / n + shift);
    const exact = ksOfSorted(sorted(2000, 0), sorted(2000, 0.05))!;
    const asymptotic = ksOfSorted(sorted(2001, 0), sorted(2000, 0.05))!;
    expect([exact.method, asymptotic.method]).toEqual(['exact', 'asymptotic']);
    expect(asymptotic.pValue).toBe(kolmogorovTwoSampleSf(asymptotic.statistic, 2001, 2000));
    expect(Math.abs(asymptotic.pValue / exact.pValue - 1)).toBeLessThan(0.1);
  });
});
