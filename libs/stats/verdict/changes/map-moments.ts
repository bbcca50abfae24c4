import type { NumericProfile } from '../../profile/profile.js';
import type { AffineMap } from './known-maps.js';
import { samplingUnit } from './chance.js';
import type { NumericComparison } from './numeric-comparison.js';

/**
 * Share of the window in one cell from which on D at the edges says too little; ten such cells still give D
 * to 10%.
 */
const COARSE_SHARE = 0.1;
/** Standard errors by which means and log standard deviations may differ: heavy tails are not normal. */
const MAX_MEAN_Z = 4;
const MAX_DEVIATION_Z = 3.5;
/** Relative difference of standard deviations that always passes: rounding. */
const MIN_DEVIATION = 0.02;
/**
 * Standard error of the log standard deviation up to which it says something of an estimated map. //
 * Unmeasured.
 */
const MAX_DEVIATION_ERROR = 0.12;

/**
 * Estimated factors nearer to 1 than this, either way, are changes of level: growth, or a mixture, does as
 * much. At 1.25 half of the mixtures of x and 1.6x of a lognormal column were named. Known factors start at
 * 1.609.
 */
export const LEVEL_FACTOR = 1.5;

/**
 * Whether the grid's cells resolve the window, so that D at the edges decides; false for values beyond the
 * grid.
 */
export function isResolved({ grid, window }: NumericComparison): boolean {
  const limit = COARSE_SHARE * window.count;
  for (let k = 0; k < window.counts.length; k++)
    if (window.counts[k]! > limit && grid.isAtom[k] !== 1) return false;
  return true;
}

/**
 * How far mean and standard deviation of the window are from the mapped baseline's, 0 to 2 in their
 * tolerances; null where they are outside, or where the moments vary too much to tell an estimated map from
 * another.
 */
export function momentsMisfit(comparison: NumericComparison, map: AffineMap): number | null {
  const { baseline, window, sizes } = comparison;
  const scale = Math.abs(map.factor);
  const deviation = scale * Math.sqrt(baseline.m2 / baseline.count);
  const ofWindow = Math.sqrt(window.m2 / window.count);
  const unit = samplingUnit(sizes);
  const meanZ =
    Math.abs(window.mean - (map.factor * baseline.mean + map.offset)) /
    (Math.max(deviation, ofWindow) * unit);
  const deviationError = Math.sqrt(Math.max(0, kurtosis(baseline) - 1) / 4) * unit;
  const tolerance = Math.max(MIN_DEVIATION, MAX_DEVIATION_Z * deviationError);
  const deviationMisfit = Math.abs(Math.log(ofWindow / deviation)) / tolerance;
  if (map.origin === 'estimated' && !tellsFactorFromOffset(comparison, deviationError, tolerance))
    return null;
  if (!(meanZ <= MAX_MEAN_Z) || !(deviationMisfit <= 1)) return null;
  return meanZ / MAX_MEAN_Z + deviationMisfit;
}

/**
 * Whether the standard deviation shows which of both moved the mean: a factor would change it as much. Of a
 * mean that moved little it need not: that is a change of level, and an offset says it as well.
 */
function tellsFactorFromOffset(
  { baseline, window }: NumericComparison,
  deviationError: number,
  tolerance: number,
): boolean {
  if (!(deviationError <= MAX_DEVIATION_ERROR)) return false;
  const log = Math.abs(Math.log(Math.max(0, window.mean / baseline.mean)));
  return log <= Math.log(LEVEL_FACTOR) || log >= tolerance;
}

/**
 * Σ(x − mean)⁴/n over the variance squared, cells taken at their means; 3 for normal values, NaN on overflow.
 */
function kurtosis({ counts, sums, count, mean, m2 }: NumericProfile): number {
  const variance = m2 / count;
  let fourth = 0;
  for (let k = 0; k < counts.length; k++) {
    if (counts[k] === 0) continue;
    fourth += counts[k]! * ((sums[k]! / counts[k]! - mean) ** 2 / variance) ** 2;
  }
  return fourth / count;
}
