import type { Moments } from '../profile/moments.js';
import { f1Interval, type MetricRange, meanInterval, shareInterval } from './intervals.js';
import type { ConfidenceInterval, Metric, UndefinedReason } from './performance.js';

/** The level of a metric's interval, and why there is no metric when no row enters it. */
export interface MetricOptions {
  readonly confidence: number;
  readonly ifNone: UndefinedReason;
}

/** A metric with a value; `overflow` where that is beyond the doubles. */
export function metricOf(value: number, rowCount: number, interval: ConfidenceInterval | null): Metric {
  if (!Number.isFinite(value)) return undefinedMetric('overflow', rowCount);
  return { value: value + 0, reason: null, rowCount, interval };
}

export function undefinedMetric(reason: UndefinedReason, rowCount: number): Metric & { value: null } {
  return { value: null, reason, rowCount, interval: null };
}

/** The share x/n with Wilson's interval. */
export function shareMetric(x: number, n: number, { confidence, ifNone }: MetricOptions): Metric {
  return n > 0 ? metricOf(x / n, n, shareInterval(x, n, confidence)) : undefinedMetric(ifNone, 0);
}

/** F1 = 2·TP/(2·TP + FP + FN), defined as soon as the class occurs at all; `wrong` is FP + FN. */
export function f1Metric(tp: number, wrong: number, { confidence, ifNone }: MetricOptions): Metric {
  if (tp + wrong === 0) return undefinedMetric(ifNone, 0);
  return metricOf((2 * tp) / (2 * tp + wrong), tp + wrong, f1Interval(tp, wrong, confidence));
}

/** The mean of a loss that each row has, with Student's interval. */
export function meanMetric(
  moments: Readonly<Moments>,
  range: MetricRange,
  { confidence, ifNone }: MetricOptions,
): Metric {
  if (moments.count === 0) return undefinedMetric(ifNone, 0);
  return metricOf(moments.mean, moments.count, meanInterval(moments, range, confidence));
}
