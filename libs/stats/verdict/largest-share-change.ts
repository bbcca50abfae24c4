import { totals } from '../distance/bin-distances.js';
import { shareChange } from '../significance/proportions.js';
import { normalQuantile } from '../significance/normal-quantile.js';
import type { SampleSizes } from './sample-sizes.js';

/** L∞ with its 95% lower bound and its noise floor; null when a side is empty. */
export interface LargestShareChange {
  readonly lInfinity: number | null;
  readonly lInfinityLowerBound: number | null;
  readonly lInfinityNoiseFloor: number | null;
}

const NONE: LargestShareChange = { lInfinity: null, lInfinityLowerBound: null, lInfinityNoiseFloor: null };

/**
 * The largest change of one bin's share, max abs(p − q), for two histograms over the same bins.
 *
 * Both limits are Bonferroni's over the B bins: the bound is Newcombe's at level 1 − 0.05/B, the floor
 * z(1 − 0.025/B)·√(p(1−p)(1/n + 1/m)) of the bin where that is largest. At two bins L∞ is D of a 0/1 column.
 */
export function largestShareChange(
  baseline: readonly number[],
  window: readonly number[],
  { n, m }: SampleSizes,
): LargestShareChange {
  const [rows, windowRows] = totals(baseline, window);
  if (rows === 0 || windowRows === 0) return NONE;
  let [largest, p, q, variance] = [-1, 0, 0, 0];
  for (let i = 0; i < baseline.length; i++) {
    const share = baseline[i]! / rows;
    const windowShare = window[i]! / windowRows;
    variance = Math.max(variance, share * (1 - share));
    if (Math.abs(share - windowShare) <= largest) continue;
    [largest, p, q] = [Math.abs(share - windowShare), share, windowShare];
  }
  const tail = 0.05 / baseline.length;
  const change = shareChange(p * n, n, q * m, m, 1 - tail);
  return {
    lInfinity: largest,
    lInfinityLowerBound: change === null ? 0 : Math.max(0, change.lowerBound, -change.upperBound),
    lInfinityNoiseFloor: -normalQuantile(tail / 2) * Math.sqrt(variance * (1 / n + 1 / m)),
  };
}
