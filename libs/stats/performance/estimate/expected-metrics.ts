import { intervalWithin, type MetricRange, NOT_NEGATIVE, normalFactor, SHARE } from '../intervals.js';
import { metricOf, type MetricOptions, undefinedMetric } from '../metric.js';
import type { ConfidenceInterval, Metric, RankedMetric } from '../performance.js';
import type { ScoreGroups } from '../ranking/ranked-scores.js';
import { type RocArea, rocArea } from '../ranking/roc-area.js';

/** The level of an estimate's interval, how many rows it is of, and how many the probabilities were learned from. */
export interface EstimateOptions extends MetricOptions {
  readonly rowCount: number;
  readonly baselineCount: number;
}

/** An estimated value, and the variance that the labels of these rows give it. */
export interface Expected {
  readonly value: number;
  readonly variance: number;
}

/**
 * The interval of what the metric turns out to be: normal, with the variance of the window's labels, and once more that of the baseline's
 * in the ratio of their rows. `step` is half of what one row can change, for shares of few rows.
 */
export function labelNoiseInterval(
  { value, variance }: Expected,
  range: MetricRange,
  { confidence, rowCount, baselineCount }: EstimateOptions,
  step = 0,
): ConfidenceInterval | null {
  if (!(variance > 0)) return null;
  const half = normalFactor(confidence) * Math.sqrt(variance * (1 + rowCount / baselineCount)) + step;
  return intervalWithin(range, 'label-noise', [value - half, value + half]);
}

/** An estimated share of `count` rows. */
export function expectedShare(expected: Expected, count: number, options: EstimateOptions): Metric {
  if (!(count > 0)) return undefinedMetric(options.ifNone, 0);
  return metricOf(expected.value, count, labelNoiseInterval(expected, SHARE, options, 1 / (2 * count)));
}

/** Σ of a loss that each row is expected to have, and of the variance that its label gives it. */
export class ExpectedLoss {
  private sum = 0;
  private variance = 0;

  add(expected: number, variance: number): void {
    this.sum += expected;
    this.variance += Math.max(0, variance);
  }

  merge(other: ExpectedLoss): void {
    this.sum += other.sum;
    this.variance += other.variance;
  }

  /** The mean loss. */
  metric(options: EstimateOptions): Metric {
    const { rowCount } = options;
    if (rowCount === 0) return undefinedMetric(options.ifNone, 0);
    const expected = this.mean(rowCount);
    return metricOf(expected.value, rowCount, labelNoiseInterval(expected, NOT_NEGATIVE, options));
  }

  /** The mean of what is 0 or 1 in each row. */
  share(options: EstimateOptions): Metric {
    return expectedShare(this.mean(options.rowCount), options.rowCount, options);
  }

  private mean(rowCount: number): Expected {
    return { value: this.sum / rowCount, variance: this.variance / rowCount ** 2 };
  }
}

/** The expected area under the ROC curve. */
export function expectedArea(groups: ScoreGroups, options: EstimateOptions): RankedMetric {
  const { rowCount } = options;
  const roc = rocArea(groups);
  if (roc === null)
    return { ...undefinedMetric(rowCount === 0 ? options.ifNone : 'one-class', rowCount), maxError: 0 };
  const expected = { value: roc.area, variance: areaNoise(roc, groups) };
  const interval = labelNoiseInterval(expected, SHARE, options);
  return { ...metricOf(roc.area, rowCount, interval), maxError: roc.maxError };
}

/** Σ c(1 − c)·(change of the area when the row's label turns from 0 to 1)². */
export function areaNoise(
  { area, positiveCount: p, negativeCount: n, below, above }: RocArea,
  { noise }: ScoreGroups,
): number {
  let variance = 0;
  for (let g = 0; g < noise.length; g++) {
    const change = (below[g]! - above[g]!) / (p * n) - area * (1 / p - 1 / n);
    variance += noise[g]! * change * change;
  }
  return variance;
}
