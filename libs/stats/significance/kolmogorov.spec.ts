import { describe, expect, it } from '@jest/globals';
import { durbinMatrixCdf, pelzGoodCdf } from './kolmogorov-cdf.js';
import { kolmogorovSf, kolmogorovTwoSampleSf } from './kolmogorov.js';
import { smirnovIntegral, smirnovSf, smirnovSum } from './smirnov.js';

/** e^-25 of the cut at j = 0, and the rounding of exponents of 700. */
const SUM_TOLERANCE = 5e-12;
/** Below it doubles lose their digits. */
const SMALLEST_P = 1e-305;
/** 2·exp(−8·2.2): what twice the one-sided tail counts twice where it takes over, at n·x² = 2.2. */
const STEP_AT_TAKEOVER = 4.6e-8;
/** Rounding of 1 − cdf. */
const COMPLEMENT_ROUNDING = 1e-13;

const SIZES = [
  1, 2, 3, 5, 10, 40, 100, 139, 140, 141, 200, 300, 400, 420, 500, 700, 1000, 2500, 10_000, 90_909,
];
/** n·x² from the middle of the distribution to 1e-300. */
const SQUARES = Array.from({ length: 60 }, (_, i) => 0.05 * 1.16 ** i);

describe('smirnovSf', () => {
  it.each(SIZES)('equals the full sum at n = %d, whichever way it is computed', (n) => {
    for (const square of SQUARES) {
      const x = Math.sqrt(square / n);
      const sum = x < 1 ? smirnovSum(n, x) : 0;
      if (sum < SMALLEST_P) continue;
      expect(Math.abs(smirnovSf(n, x) - sum)).toBeLessThanOrEqual(SUM_TOLERANCE * sum);
    }
  });
  it.each([1000, 30_000, 300_000])('is an integral to 1e-13 in the far tail at n = %d', (n) => {
    for (const square of [5, 20, 80, 320]) {
      const x = Math.sqrt(square / n);
      expect(Math.abs(smirnovIntegral(n, x) / smirnovSum(n, x) - 1)).toBeLessThan(5e-13);
    }
  });
  it.each([1e9, 1e12, 2 ** 53])('follows Smirnov’s expansion at n = %d', (n) => {
    for (const square of [1, 5, 50, 300]) {
      const x = Math.sqrt(square / n);
      // P = exp(−2(z + 1/(6√n))²)·(1 + O(z⁴/n)), z² = nx².
      const corrected = Math.exp(-2 * (Math.sqrt(square) + 1 / (6 * Math.sqrt(n))) ** 2);
      expect(Math.abs(smirnovSf(n, x) / corrected - 1)).toBeLessThan((10 + square ** 2) / n + 1e-12);
    }
  });
  it('is exact where one value is drawn, 1 − x', () => {
    for (const x of [0.01, 0.5, 0.99]) expect(smirnovSf(1, x)).toBeCloseTo(1 - x, 15);
  });
  it.each([
    [0, 1],
    [-1, 1],
    [NaN, 1],
    [1, 0],
    [Infinity, 0],
  ])('at x = %d is %d', (x, expected) => {
    expect(smirnovSf(100, x)).toBe(expected);
  });
});

describe('kolmogorovSf', () => {
  it.each([...SIZES, 1e6, 1e9, 1e12, 2 ** 53])('falls with x, from 1 to 0, at n = %d', (n) => {
    let previous = 1;
    for (let i = 0; i <= 1000; i++) {
      const x = Math.min(1, Math.sqrt((400 * (i / 1000) ** 3) / n));
      const p = kolmogorovSf(n, x);
      const isTakeover = n > 140 && n * x * x >= 2.2 && previous > 0.02;
      const step = isTakeover ? STEP_AT_TAKEOVER : COMPLEMENT_ROUNDING;
      expect(p).toBeGreaterThanOrEqual(0);
      expect(p).toBeLessThanOrEqual(previous * (1 + COMPLEMENT_ROUNDING) + (p > 1e-4 ? step : 0));
      previous = p;
    }
    expect(kolmogorovSf(n, 0)).toBe(1);
    expect(kolmogorovSf(n, 1)).toBe(0);
  });
  it.each([2, 5, 20, 100, 140])('joins its exact methods without a gap at n = %d', (n) => {
    for (const t of [1, n - 1, n / 2]) expectNoGap(n, t / n, 4 * Number.EPSILON * n);
  });
  it.each([141, 500, 2000, 5000])(
    'joins matrix and expansion within the error of the expansion at n = %d',
    (n) => {
      expectNoGap(n, (1.4 / n) ** (2 / 3), 0.1 / n ** 2);
    },
  );
  it('is within 1e-10 without the matrix from n = 5,000 on', () => {
    for (const n of [5001, 7000, 9000]) {
      for (const part of [0.7, 0.85, 1]) {
        const x = part * (1.4 / n) ** (2 / 3);
        expect(Math.abs(durbinMatrixCdf(n, x) - pelzGoodCdf(n, x))).toBeLessThan(2e-10);
      }
    }
  });
  it('is uniform over D of one value, 2 − 2x from ½ on', () => {
    for (const x of [0.5, 0.6, 0.75, 0.99])
      expect(Math.abs(kolmogorovSf(1, x) - (2 - 2 * x))).toBeLessThan(1e-15);
  });
  it.each([
    [0, 0.5],
    [0.5, 0.5],
    [NaN, 0.5],
    [10, NaN],
    [10, -1],
    [-5, 0.5],
  ])('is 1 where there is nothing to test: n = %d, x = %d', (n, x) => {
    expect(kolmogorovSf(n, x)).toBe(1);
  });
});

/** Both sides of a switch of methods differ by no more than the slope explains, and `tolerance`. */
function expectNoGap(n: number, x: number, tolerance: number): void {
  const h = 1e-9 / n;
  const slope = 4 * Math.sqrt(n);
  expect(Math.abs(kolmogorovSf(n, x - h) - kolmogorovSf(n, x + h))).toBeLessThanOrEqual(
    2 * h * slope * 2 + tolerance,
  );
}

describe('kolmogorovTwoSampleSf', () => {
  it('rounds nm/(n+m) half to even, as NumPy does', () => {
    expect(kolmogorovTwoSampleSf(0.5, 5, 5)).toBe(kolmogorovSf(2, 0.5));
    expect(kolmogorovTwoSampleSf(0.5, 7, 7)).toBe(kolmogorovSf(4, 0.5));
  });
  it('is 1 when a sample is empty', () => {
    expect([kolmogorovTwoSampleSf(0.5, 0, 10), kolmogorovTwoSampleSf(0.5, 10, NaN)]).toEqual([1, 1]);
  });
});
