import type { NumericProfile } from '../../profile/profile.js';
import { cellBounds, type NumericComparison } from './numeric-comparison.js';

/**
 * The value that fills a cell; `isExact` false when the cell only proves that its values lie close together.
 */
export interface HeldValue {
  readonly value: number;
  readonly isExact: boolean;
}

/** Values within this share of the baseline's middle width count as one value. */
const NEAR_SHARE = 0.02;
/** Relative spread that rounding of sums and of M2 leaves where all values are equal. */
const ROUNDING = 1e-9;

/**
 * The value that window cell k holds; null where its values may be spread wider than 2% of `width`.
 *
 * Proofs, in this order: an atom owns one value; the mean of the lowest cell is the minimum, or of the
 * highest the maximum; the cell is narrow; what the means of all cells leave of M2 bounds the spread in each
 * of them.
 */
export function valueHolding(comparison: NumericComparison, k: number, width: number): HeldValue | null {
  const { grid, window } = comparison;
  if (grid.isAtom[k] === 1) return { value: grid.edges[k]!, isExact: true };
  const mean = window.sums[k]! / window.counts[k]!;
  const slack = ROUNDING * Math.abs(mean);
  if (Math.abs(mean - window.min) <= slack && isLowest(window, k))
    return { value: window.min, isExact: true };
  if (Math.abs(mean - window.max) <= slack && isHighest(window, k))
    return { value: window.max, isExact: true };
  const [left, right] = cellBounds(grid.edges, window, k);
  const spread = Math.min((right - left) / 2, spreadBound(window, k));
  if (!(spread <= Math.max(NEAR_SHARE * width, slack))) return null;
  const { value, error } = excessMean(comparison, k, spread);
  const near = shortestWithin(Math.max(left, value - error), Math.min(right, value + error));
  return { value: near ?? value, isExact: spread <= slack };
}

/** Whether a profile has no values in cells below k. */
export function isLowest({ counts }: NumericProfile, k: number): boolean {
  for (let j = 0; j < k; j++) if (counts[j]! > 0) return false;
  return true;
}

/** Whether a profile has no values in cells above k. */
export function isHighest({ counts }: NumericProfile, k: number): boolean {
  for (let j = k + 1; j < counts.length; j++) if (counts[j]! > 0) return false;
  return true;
}

/**
 * A bound of the standard deviation inside cell k: M2 is what lies between cells plus what lies within each.
 */
function spreadBound({ counts, sums, mean, m2 }: NumericProfile, k: number): number {
  let between = 0;
  for (let j = 0; j < counts.length; j++) {
    if (counts[j]! > 0) between += counts[j]! * (sums[j]! / counts[j]! - mean) ** 2;
  }
  return Math.sqrt((Math.max(0, m2 - between) + ROUNDING ** 2 * m2) / counts[k]!);
}

/** The mean of what cell k holds beyond the baseline's share of it, and how far that may be off. */
function excessMean(
  { baseline, window }: NumericComparison,
  k: number,
  spread: number,
): { value: number; error: number } {
  const share = baseline.counts[k]! / baseline.count;
  const excess = (window.counts[k]! - share * window.count) / (1 - share);
  const usual = window.counts[k]! - excess;
  const usualMean = baseline.counts[k]! > 0 ? baseline.sums[k]! / baseline.counts[k]! : 0;
  const value = (window.sums[k]! - usual * usualMean) / excess;
  // What the usual values add, and a few strays among the others.
  const error = Math.min(spread, (3 * spread * Math.sqrt(usual + excess)) / excess);
  return { value, error: Math.max(error, ROUNDING * Math.abs(value)) };
}

/** The number with the fewest digits between two bounds, 0 first; null when they are no range. */
function shortestWithin(low: number, high: number): number | null {
  if (!(low <= high)) return null;
  if (low <= 0 && high >= 0) return 0;
  const middle = low / 2 + high / 2;
  for (let digits = 1; digits <= 15; digits++) {
    const candidate = Number(middle.toPrecision(digits));
    if (candidate >= low && candidate <= high) return candidate;
  }
  return middle;
}
