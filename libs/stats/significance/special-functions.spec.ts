import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { gammaTails } from './incomplete-gamma.js';
import { normalQuantile } from './normal-quantile.js';
import {
  chiSquareQuantile,
  chiSquareSf,
  chiSquareUpperQuantile,
  logGamma,
  normalSf,
  normalTwoSidedSf,
  studentTwoSidedSf,
} from './special-functions.js';
import { log1pMinus, stirlingError } from './stirling.js';

const RUNS = { numRuns: 1000 };
/** Rounding of an exponent of up to 700, with a few more operations. */
const TAIL_TOLERANCE = 1e-12;
const SMALLEST_P = 1e-305;

function expectRelative(actual: number, expected: number, tolerance: number): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(tolerance * Math.abs(expected));
}

describe('Stirling', () => {
  it.each([0.1, 0.5, 1, 2.3, 7.5, 15.99, 16, 16.01, 1000])('has δ(%d) follow from δ one further', (a) => {
    const step = (a + 0.5) * Math.log1p(1 / a) - 1;
    expect(Math.abs(stirlingError(a) - stirlingError(a + 1) - step)).toBeLessThan(4e-15);
  });
  it('has ln Γ of a whole number be that of a factorial', () => {
    let factorial = 1;
    for (let n = 1; n <= 20; n++) {
      expect(Math.abs(logGamma(n) - Math.log(factorial))).toBeLessThan(1e-14 * (1 + n));
      factorial *= n;
    }
    expect([logGamma(0), logGamma(-1), stirlingError(0), stirlingError(NaN)]).toEqual(
      Array(4).fill(Infinity),
    );
  });
  it.each([-1e-9, 1e-5, -0.1, 0.19999, 0.20001, -0.19999, -0.20001, 3, -0.9])(
    'has ln(1+y) − y at y = %d',
    (y) => {
      const series = Array.from({ length: 400 }, (_, i) => -((-y) ** (i + 2)) / (i + 2)).reverse();
      const expected = Math.abs(y) < 0.95 ? series.reduce((sum, term) => sum + term, 0) : Math.log(1 + y) - y;
      expectRelative(log1pMinus(y), expected, 2e-14);
      expect(log1pMinus(-1)).toBe(-Infinity);
    },
  );
});

describe('χ²', () => {
  it.each([
    // Σ_{k<df/2} e^(−x/2)·(x/2)^k/k!, summed with 60 decimal digits.
    [14899.588, 10_000, 1.000005621665965e-200],
    [14899.588034148424, 10_000, 1.0000000000023176e-200],
    [16190.627988640488, 10_000, 9.999999999993404e-301],
    [2271.669, 1000, 1.5096492131658883e-100],
  ])('at x = %d with %d degrees of freedom is %d', (x, df, expected) => {
    expectRelative(chiSquareSf(x, df), expected, 1e-13);
  });
  it('with two degrees of freedom is exp(−x/2)', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1400, noNaN: true }), (x) => {
        expectRelative(chiSquareSf(x, 2), Math.exp(-x / 2), 1e-13);
      }),
      RUNS,
    );
  });
  it('falls with x, rises with the degrees of freedom, and its tails add up to 1', () => {
    const df = fc.integer({ min: 1, max: 3000 });
    fc.assert(
      fc.property(
        df,
        fc.double({ min: 0, max: 5, noNaN: true }),
        fc.double({ min: 1, max: 2, noNaN: true }),
        (n, y, by) => {
          const x = n * y;
          const p = chiSquareSf(x, n);
          expect(chiSquareSf(x * by, n)).toBeLessThanOrEqual(p * (1 + TAIL_TOLERANCE));
          expect(chiSquareSf(x, n + 1)).toBeGreaterThanOrEqual(p * (1 - TAIL_TOLERANCE));
          const { lower, upper } = gammaTails(n / 2, x / 2);
          expect(lower + upper).toBe(1);
        },
      ),
      RUNS,
    );
  });
  it('has quantiles that lead back to their tail', () => {
    const exponent = fc.double({ min: -304, max: -0.31, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), exponent, (df, e) => {
        const tail = 10 ** e;
        expectRelative(chiSquareSf(chiSquareUpperQuantile(tail, df), df), tail, 1e-11);
        const { lower } = gammaTails(df / 2, chiSquareQuantile(tail, df) / 2);
        // Below 2^-1074^(2/df) the quantile itself is no double.
        if (chiSquareQuantile(tail, df) > SMALLEST_P) expectRelative(lower, tail, 1e-11);
      }),
      RUNS,
    );
  });
  it('has the ends where they belong, and no degrees of freedom mean no test', () => {
    expect([chiSquareSf(0, 3), chiSquareSf(-1, 3), chiSquareSf(NaN, 3), chiSquareSf(5, 0)]).toEqual([
      1, 1, 1, 1,
    ]);
    expect([chiSquareSf(Infinity, 3), chiSquareQuantile(0, 3), chiSquareQuantile(0.5, 0)]).toEqual([0, 0, 0]);
    expect([chiSquareQuantile(1, 3), chiSquareUpperQuantile(0, 3)]).toEqual([Infinity, Infinity]);
    expect(() => chiSquareQuantile(NaN, 3)).toThrow(RangeError);
    expect(() => chiSquareQuantile(1.1, 3)).toThrow(RangeError);
  });
});

describe('the normal distribution', () => {
  it('has quantiles that lead back to their tail, and that are symmetric', () => {
    fc.assert(
      fc.property(fc.double({ min: -304, max: -0.302, noNaN: true }), (e) => {
        const p = 10 ** e;
        expectRelative(normalSf(-normalQuantile(p)), p, TAIL_TOLERANCE);
        if (p > 1e-3) expectRelative(normalQuantile(1 - p), -normalQuantile(p), 1e-12);
      }),
      RUNS,
    );
  });
  it('adds up to 1 on both sides', () => {
    fc.assert(
      fc.property(fc.double({ min: -40, max: 40, noNaN: true }), (z) => {
        expect(Math.abs(normalSf(z) + normalSf(-z) - 1)).toBeLessThanOrEqual(Number.EPSILON);
        expect(normalTwoSidedSf(z)).toBe(normalTwoSidedSf(-z));
      }),
      RUNS,
    );
  });
  it('has the ends where they belong', () => {
    expect([normalQuantile(0), normalQuantile(0.5), normalQuantile(1)]).toEqual([-Infinity, 0, Infinity]);
    expect([normalSf(Infinity), normalSf(-Infinity), normalTwoSidedSf(NaN)]).toEqual([0, 1, 1]);
    for (const p of [NaN, -0.1, 1.1]) expect(() => normalQuantile(p)).toThrow(RangeError);
  });
});

describe("Student's distribution", () => {
  it('with one degree of freedom is an arctangent, and with two a root', () => {
    fc.assert(
      fc.property(fc.double({ min: -300, max: 300, noNaN: true }), (e) => {
        const t = 10 ** e;
        expectRelative(studentTwoSidedSf(t, 1), (2 / Math.PI) * Math.atan(1 / t), 2e-13);
        const root = Math.hypot(t, Math.SQRT2);
        if (t > 1e-7 && t < 1e150) expectRelative(studentTwoSidedSf(t, 2), 2 / (root * (root + t)), 2e-13);
      }),
      RUNS,
    );
  });
  it('falls with t, and joins fraction and expansion at 10,000 degrees of freedom', () => {
    for (const t of [0.01, 0.5, 1, 2, 5, 12, 25, 36]) {
      const below = Math.log(studentTwoSidedSf(t, 9999.999));
      const above = Math.log(studentTwoSidedSf(t, 10_000.001));
      // ∂ ln p/∂ν is about (t⁴ + t²)/(4ν²).
      expect(Math.abs(above - below)).toBeLessThan(0.002 * ((t ** 4 + t * t) / 4e8) * 2 + 2e-12);
    }
    const degrees = fc.double({ min: 0.1, max: 1e12, noNaN: true });
    fc.assert(
      fc.property(degrees, fc.double({ min: 0, max: 50, noNaN: true }), (df, t) => {
        const p = studentTwoSidedSf(t, df);
        expect(p).toBeGreaterThanOrEqual(0);
        expect(p).toBeLessThanOrEqual(1);
        expect(studentTwoSidedSf(-t, df)).toBe(p);
        expect(studentTwoSidedSf(t * 1.1, df)).toBeLessThanOrEqual(p * (1 + TAIL_TOLERANCE));
      }),
      RUNS,
    );
  });
  it('is the normal distribution without limit on the degrees of freedom', () => {
    for (const t of [0.5, 2, 10, 37]) {
      expectRelative(studentTwoSidedSf(t, 1e18), normalTwoSidedSf(t), 1e-12);
      expect(studentTwoSidedSf(t, Infinity)).toBe(normalTwoSidedSf(t));
    }
  });
  it('has the ends where they belong', () => {
    expect([studentTwoSidedSf(0, 5), studentTwoSidedSf(NaN, 5), studentTwoSidedSf(3, 0)]).toEqual([1, 1, 1]);
    expect(studentTwoSidedSf(Infinity, 5)).toBe(0);
    expect(studentTwoSidedSf(-Infinity, 1e7)).toBe(0);
  });
});
