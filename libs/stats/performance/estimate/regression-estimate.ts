import { StatsFormatError } from '../../bytes/stats-format-error.js';
import { checkConfidence } from '../checked-batch.js';
import { DEFAULT_CONFIDENCE, intervalWithin, NOT_NEGATIVE, normalFactor } from '../intervals.js';
import { metricOf, type MetricOptions, undefinedMetric } from '../metric.js';
import type { ConfidenceInterval, Metric, PerformanceOptions } from '../performance.js';
import { binsOf, checkFeatureRows } from './boosting/features.js';
import { checkVersion } from './classification-estimate.js';
import type { LossModel, PredictedNumbers, RegressionEstimate, RegressionEstimator } from './estimate.js';
import { predictedLoss } from './regression-estimator.js';

/** Predicted losses of a window's rows, in units of the model's scale. */
interface LossSum {
  sum: number;
  squares: number;
}

/**
 * A window's rows without ground truth, read batch by batch, and the errors that their features imply.
 *
 * Merging two is the same as adding the rows of both, in any order, but for rounding. O(1) memory; 20 µs a row of 300
 * columns and 170 trees.
 */
export class RegressionEstimateAccumulator {
  private rowCount = 0;
  private usableCount = 0;
  private readonly absolute: LossSum = { sum: 0, squares: 0 };
  private readonly squared: LossSum = { sum: 0, squares: 0 };

  /** @throws StatsFormatError if the estimator is of a version that this code does not know */
  constructor(private readonly estimator: RegressionEstimator) {
    checkVersion(estimator);
  }

  /** @throws RangeError if a column's length is not the number of rows */
  add(rows: PredictedNumbers): void {
    checkFeatureRows(rows);
    const bins = this.estimator.features.map((feature) => binsOf(feature, rows));
    this.rowCount += rows.predicted.length;
    for (let row = 0; row < rows.predicted.length; row++) {
      if (!Number.isFinite(rows.predicted[row])) continue;
      const binOf = (feature: number): number => bins[feature]![row]!;
      this.usableCount++;
      addLoss(this.absolute, predictedLoss(this.estimator.absolute.trees, binOf));
      addLoss(this.squared, predictedLoss(this.estimator.squared.trees, binOf));
    }
  }

  /**
   * Adds the rows of `other`, which stays as it is.
   *
   * @throws StatsFormatError if its estimator was fitted on another number of rows
   */
  merge(other: RegressionEstimateAccumulator): void {
    if (this.estimator.rowCount !== other.estimator.rowCount) {
      throw new StatsFormatError('only rows of one estimator can be added up');
    }
    this.rowCount += other.rowCount;
    this.usableCount += other.usableCount;
    for (const loss of ['absolute', 'squared'] as const) {
      this[loss].sum += other[loss].sum;
      this[loss].squares += other[loss].squares;
    }
  }

  /** @throws RangeError unless 0 < confidence < 1 */
  estimate({ confidence = DEFAULT_CONFIDENCE }: PerformanceOptions = {}): RegressionEstimate {
    checkConfidence(confidence);
    const { absolute, squared } = this.estimator;
    const options: MetricOptions = { confidence, ifNone: this.rowCount === 0 ? 'no-rows' : 'no-predictions' };
    return {
      kind: 'regression',
      rowCount: this.rowCount,
      unusableCount: this.rowCount - this.usableCount,
      meanAbsoluteError: this.metric(absolute, this.absolute, { ...options, toUnit: (loss) => loss }),
      rootMeanSquaredError: this.metric(squared, this.squared, { ...options, toUnit: Math.sqrt }),
      absoluteSkill: absolute.skill,
      squaredSkill: squared.skill,
    };
  }

  /** The mean loss, and its interval on the logarithm, so that it stays above 0; both in the metric's unit. */
  private metric(
    model: LossModel,
    { sum, squares }: LossSum,
    { confidence, ifNone, toUnit }: MetricOptions & { readonly toUnit: (loss: number) => number },
  ): Metric {
    const n = this.usableCount;
    if (n === 0) return undefinedMetric(ifNone, 0);
    const mean = (model.scale * sum) / n;
    const spread = this.relativeSpread(model, sum > 0 ? squares / (sum * sum) : 0, confidence);
    return metricOf(toUnit(mean), n, residualInterval(mean, spread, toUnit));
  }

  /**
   * z·(standard error of the mean of the rows' losses)/mean; a row's loss has a variance of `relativeVariance` times its squared
   * prediction, and the baseline, from which it was learned, once more in the ratio of the rows.
   */
  private relativeSpread(model: LossModel, squaresToSquaredSum: number, confidence: number): number {
    const variance = model.relativeVariance * squaresToSquaredSum;
    return normalFactor(confidence) * Math.sqrt(variance * (1 + this.usableCount / this.estimator.rowCount));
  }
}

function addLoss(sums: LossSum, loss: number): void {
  sums.sum += loss;
  sums.squares += loss * loss;
}

function residualInterval(
  mean: number,
  spread: number,
  toUnit: (loss: number) => number,
): ConfidenceInterval | null {
  if (!(spread > 0)) return null;
  const factor = Math.exp(spread);
  return intervalWithin(NOT_NEGATIVE, 'residual', [toUnit(mean / factor), toUnit(mean * factor)]);
}
