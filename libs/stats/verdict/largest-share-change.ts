import { lInfinity } from '../distance/bin-distances.js';
import { shareChange } from '../significance/proportions.js';
import { chiSquareQuantile } from '../significance/special-functions.js';
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
 * √(χ²₁(1 − 0.05/B)·p(1−p)(1/n + 1/m)) of the bin where that is largest. At two bins L∞ is D of a 0/1 column.
 */
export function largestShareChange(
  baseline: readonly number[],
  window: readonly number[],
  { n, m }: SampleSizes,
): LargestShareChange {
  const largest = lInfinity(baseline, window);
  if (largest === null) return NONE;
  const totals = [sum(baseline), sum(window)] as const;
  const place = placeOfLargest(baseline, window, totals);
  const [p, q] = [baseline[place]! / totals[0], window[place]! / totals[1]];
  const level = 1 - 0.05 / baseline.length;
  const change = shareChange(p * n, n, q * m, m, level);
  const variance = Math.max(...baseline.map((count) => (count / totals[0]) * (1 - count / totals[0])));
  return {
    lInfinity: largest,
    lInfinityLowerBound: change === null ? 0 : Math.max(0, change.lowerBound, -change.upperBound),
    lInfinityNoiseFloor: Math.sqrt(chiSquareQuantile(level, 1) * variance * (1 / n + 1 / m)),
  };
}

function placeOfLargest(
  baseline: readonly number[],
  window: readonly number[],
  [n, m]: readonly [number, number],
): number {
  let place = 0;
  let largest = -1;
  for (let i = 0; i < baseline.length; i++) {
    const change = Math.abs(baseline[i]! / n - window[i]! / m);
    if (change <= largest) continue;
    largest = change;
    place = i;
  }
  return place;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
