import { chiSquareUpperQuantile } from '../significance/special-functions.js';
import { intervalWithin, SHARE } from './intervals.js';
import { type MetricOptions, metricOf, undefinedMetric } from './metric.js';
import type { Metric } from './performance.js';

/** Of equal width, where the caller names no number; as in Guo et al. 2017 (15) and scikit-learn's `calibration_curve` (5), between. */
export const DEFAULT_CALIBRATION_BINS = 10;

/**
 * Sums for the expected calibration error, Σ_b n_b/n · abs(mean score − share of hits) over bins of equal width.
 *
 * Bin b holds the scores in (b/B, (b+1)/B], the first one 0 too. The score is the probability of the positive class and a hit a row of it;
 * of several classes, the highest score and a row where that class is the truth.
 * Source: Naeini, Cooper and Hauskrecht (2015), AAAI; Guo et al. (2017), ICML.
 */
export interface CalibrationBins {
  readonly rowCounts: Float64Array;
  readonly scoreSums: Float64Array;
  readonly hitCounts: Float64Array;
}

export function emptyCalibrationBins(binCount: number): CalibrationBins {
  return {
    rowCounts: new Float64Array(binCount),
    scoreSums: new Float64Array(binCount),
    hitCounts: new Float64Array(binCount),
  };
}

/** Counts a score within 0 to 1; `hit` is 1 or 0, or the probability of a hit. */
export function countCalibration(bins: CalibrationBins, score: number, hit: number): void {
  const bin = binOf(score, bins.rowCounts.length);
  bins.rowCounts[bin]!++;
  bins.scoreSums[bin]! += score;
  bins.hitCounts[bin]! += hit;
}

/** Rounding of score·B may be off by one bin from the edges k/B. */
function binOf(score: number, binCount: number): number {
  const bin = Math.max(0, Math.ceil(score * binCount) - 1);
  if (bin > 0 && score <= bin / binCount) return bin - 1;
  return score > (bin + 1) / binCount ? bin + 1 : bin;
}

export function mergeCalibration(target: CalibrationBins, source: CalibrationBins): void {
  for (let b = 0; b < source.rowCounts.length; b++) {
    target.rowCounts[b]! += source.rowCounts[b]!;
    target.scoreSums[b]! += source.scoreSums[b]!;
    target.hitCounts[b]! += source.hitCounts[b]!;
  }
}

/** The error, 0 to 1; 0 of no rows. */
export function calibrationError({ rowCounts, scoreSums, hitCounts }: CalibrationBins): number {
  let distance = 0;
  let rowCount = 0;
  for (let b = 0; b < rowCounts.length; b++) {
    distance += Math.abs(scoreSums[b]! - hitCounts[b]!);
    rowCount += rowCounts[b]!;
  }
  return rowCount > 0 ? distance / rowCount : 0;
}

/**
 * √(Σ (n_b/n)²·s_b²), s_b² = q(1 − q)/n_b with the share q of hits drawn towards ½ by two rows of each kind: how far chance alone moves
 * the error, roughly. 0 of no rows.
 */
export function calibrationNoise({ rowCounts, hitCounts }: CalibrationBins): number {
  let variance = 0;
  let rowCount = 0;
  for (let b = 0; b < rowCounts.length; b++) {
    const q = (hitCounts[b]! + 2) / (rowCounts[b]! + 4);
    variance += rowCounts[b]! * q * (1 - q);
    rowCount += rowCounts[b]!;
  }
  return rowCount > 0 ? Math.sqrt(variance) / rowCount : 0;
}

/**
 * The error with an interval that holds for all bins at once: ECE ± √χ²_B · `calibrationNoise`, B the filled bins.
 *
 * The error of chance is not taken off the value: a perfect model's is about 0.8·√B times the noise. The interval is wide enough for
 * that (by the Cauchy–Schwarz inequality, over Scheffé's ellipsoid of all bins' errors), and holds 0 for such a model.
 */
export function calibrationMetric(
  bins: CalibrationBins,
  rowCount: number,
  { confidence, ifNone }: MetricOptions,
): Metric {
  if (rowCount === 0) return undefinedMetric(ifNone, 0);
  const value = calibrationError(bins);
  const filled = bins.rowCounts.filter((count) => count > 0).length;
  const half = Math.sqrt(chiSquareUpperQuantile(1 - confidence, filled)) * calibrationNoise(bins);
  return metricOf(value, rowCount, intervalWithin(SHARE, 'scheffe', [value - half, value + half]));
}
