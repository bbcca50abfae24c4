import { profileQuantile } from '../quantiles.js';
import type { NumericComparison } from './numeric-comparison.js';

/** Units that values are commonly rounded to, coarsest first. */
const UNITS = [1, 0.1, 0.01, 0.001];
/** Largest share of the middle 90% that the unit may have: coarser data would let almost any map fit. */
const MAX_SHARE_OF_WIDTH = 0.1;
/** How far a sum of m multiples of the unit may be from one, in units; sums of decimals round. */
const TOLERANCE = 1e-4;

/** Cells whose sums must agree: one in ten sums of tenths is whole, one in a hundred pairs. */
const MIN_CELLS = 2;

/**
 * The unit that all window values seem to be rounded to, 0 where none or where it is coarse.
 *
 * Values that are multiples of a unit have cell sums that are; over several cells chance hardly does that.
 */
export function roundingUnitOf({ grid, window }: NumericComparison): number {
  const unit = UNITS.find((candidate) => areSumsMultiples(window.sums, window.counts, candidate)) ?? 0;
  const low = profileQuantile(grid, window, 0.05) ?? 0;
  const high = profileQuantile(grid, window, 0.95) ?? 0;
  return unit <= MAX_SHARE_OF_WIDTH * (high - low) ? unit : 0;
}

function areSumsMultiples(sums: Float64Array, counts: Float64Array, unit: number): boolean {
  let occupied = 0;
  for (let k = 0; k < sums.length; k++) {
    if (counts[k] === 0) continue;
    occupied++;
    const multiple = sums[k]! / unit;
    if (!(Math.abs(multiple - Math.round(multiple)) < TOLERANCE) || Math.abs(multiple) > 1e11) return false;
  }
  return occupied >= MIN_CELLS;
}
