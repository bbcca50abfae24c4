import { normalTwoSidedSf } from './special-functions.js';

const Z_975 = 1.959963984540054;

/** How a share changed from baseline to window; all shares 0 to 1, the difference −1 to 1. */
export interface ShareChange {
  readonly baselineShare: number;
  readonly windowShare: number;
  readonly difference: number;
  /** Newcombe's 95% interval of the difference. */
  readonly lowerBound: number;
  readonly upperBound: number;
  /** Two-sided two-proportion z-test, pooled variance. */
  readonly pValue: number;
}

/**
 * The change of a share from `x` of `n` to `y` of `m`, with test and interval; null when n or m is 0.
 *
 * The interval joins two Wilson intervals and holds its level at shares of 0 and 1, where Wald's fails.
 * Source: Newcombe (1998), "Interval estimation for the difference between independent proportions", method 10.
 */
export function shareChange(x: number, n: number, y: number, m: number): ShareChange | null {
  if (n <= 0 || m <= 0) return null;
  const p = x / n;
  const q = y / m;
  const [pLow, pHigh] = wilsonInterval(x, n);
  const [qLow, qHigh] = wilsonInterval(y, m);
  const pooled = (x + y) / (n + m);
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m));
  return {
    baselineShare: p,
    windowShare: q,
    difference: q - p,
    lowerBound: q - p - Math.hypot(q - qLow, pHigh - p),
    upperBound: q - p + Math.hypot(qHigh - q, p - pLow),
    pValue: error > 0 ? normalTwoSidedSf((q - p) / error) : 1,
  };
}

/** Wilson's (1927) 95% score interval of a share, within 0 to 1. */
export function wilsonInterval(x: number, n: number): [number, number] {
  const z2 = Z_975 ** 2;
  const centre = (x + z2 / 2) / (n + z2);
  const half = (Z_975 * Math.sqrt((x * (n - x)) / n + z2 / 4)) / (n + z2);
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}
