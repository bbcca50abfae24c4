import { normalQuantile } from './normal-quantile.js';
import { normalTwoSidedSf } from './special-functions.js';

/** Of an interval, where the caller names none. */
const DEFAULT_CONFIDENCE = 0.95;

/** How a share changed from baseline to window; all shares 0 to 1, the difference −1 to 1. */
export interface ShareChange {
  readonly baselineShare: number;
  readonly windowShare: number;
  readonly difference: number;
  /** Newcombe's interval of the difference, within −1 to 1. */
  readonly lowerBound: number;
  readonly upperBound: number;
  /** Two-sided two-proportion z-test, pooled variance. */
  readonly pValue: number;
}

/**
 * The change of a share from `x` of `n` to `y` of `m`, with test and interval; null when n or m is not above 0.
 *
 * Counts may be effective ones, not whole; x and y are held within 0 to n and 0 to m. The interval, 95% by default, joins two
 * Wilson intervals and holds its level at shares of 0 and 1, where Wald's fails. p = 1 where no row or every row counts.
 * Source: Newcombe (1998), "Interval estimation for the difference between independent proportions", method 10.
 * @throws RangeError unless 0 < confidence < 1
 */
export function shareChange(
  x: number,
  n: number,
  y: number,
  m: number,
  confidence = DEFAULT_CONFIDENCE,
): ShareChange | null {
  if (!(n > 0) || !(m > 0)) return null;
  const p = shareOf(x, n);
  const q = shareOf(y, m);
  const [pLow, pHigh] = wilsonInterval(x, n, confidence);
  const [qLow, qHigh] = wilsonInterval(y, m, confidence);
  const pooled = (p * n + q * m) / (n + m);
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m));
  return {
    baselineShare: p,
    windowShare: q,
    difference: q - p,
    lowerBound: Math.max(-1, q - p - Math.hypot(q - qLow, pHigh - p)),
    upperBound: Math.min(1, q - p + Math.hypot(qHigh - q, p - pLow)),
    pValue: error > 0 ? normalTwoSidedSf((q - p) / error) : 1,
  };
}

/**
 * Wilson's (1927) score interval of the share x/n, within 0 to 1; all of it when n is not above 0.
 *
 * Counts may be effective ones, not whole. Golden values: SciPy 1.17.1, `binomtest(x, n).proportion_ci(method="wilson")`.
 * @throws RangeError unless 0 < confidence < 1
 */
export function wilsonInterval(x: number, n: number, confidence = DEFAULT_CONFIDENCE): [number, number] {
  if (!(confidence > 0 && confidence < 1)) {
    throw new RangeError(`a confidence level lies between 0 and 1, not at ${confidence}`);
  }
  if (!(n > 0)) return [0, 1];
  const p = shareOf(x, n);
  const z2n = normalQuantile((1 - confidence) / 2) ** 2 / n;
  if (z2n === Infinity) return [0, 1];
  const centre = (p + z2n / 2) / (1 + z2n);
  const half = Math.sqrt(z2n * (p * (1 - p) + z2n / 4)) / (1 + z2n);
  return [p === 0 ? 0 : Math.max(0, centre - half), p === 1 ? 1 : Math.min(1, centre + half)];
}

/** x/n within 0 to 1; 0 for NaN. */
function shareOf(x: number, n: number): number {
  const share = x / n;
  return share > 0 ? Math.min(1, share) : 0;
}
