import { wilsonInterval } from './proportions.js';

/** By how much a share may exceed another before it counts: absolute + relative × the other. Both at least 0; shares are 0 to 1. */
export interface Margin {
  readonly absolute: number;
  readonly relative: number;
}

/** By how much a share exceeds the limit that another sets for it; negative below the limit. */
export interface MarginExcess {
  /** q − limit, with limit = absolute + (1 + relative)·p. */
  readonly excess: number;
  readonly lowerBound: number;
  readonly upperBound: number;
  readonly limit: number;
}

/**
 * How far the share y/m lies above absolute + (1 + relative)·x/n, with the two-sided interval of this confidence; null when n or m is not above 0.
 *
 * Where the upper bound of a 95% interval is below 0, the second share is not inferior by the margin, at a one-sided level of 2.5%.
 * Two Wilson intervals are joined (MOVER), which holds the level at shares of 0 too. Without a margin it is Newcombe's method 10.
 * Counts may be effective ones. Source: Zou and Donner (2008), "Construction of confidence limits about effect measures: a general
 * approach", Statistics in Medicine 27; golden values: Newcombe (1998), table II.
 * @throws RangeError unless 0 < confidence < 1
 */
export function marginExcess(
  [x, n, y, m]: readonly [number, number, number, number],
  { absolute, relative }: Margin,
  confidence: number,
): MarginExcess | null {
  if (!(n > 0) || !(m > 0)) return null;
  const p = Math.min(1, Math.max(0, x / n));
  const q = Math.min(1, Math.max(0, y / m));
  const [pLow, pHigh] = wilsonInterval(x, n, confidence);
  const [qLow, qHigh] = wilsonInterval(y, m, confidence);
  const factor = 1 + relative;
  const limit = absolute + factor * p;
  return {
    excess: q - limit,
    lowerBound: q - limit - Math.hypot(q - qLow, factor * (pHigh - p)),
    upperBound: q - limit + Math.hypot(qHigh - q, factor * (p - pLow)),
    limit,
  };
}
