import type { Moments } from '../profile/moments.js';
import { normalQuantile } from '../significance/normal-quantile.js';
import { wilsonInterval } from '../significance/proportions.js';
import { studentTwoSidedQuantile } from '../significance/student-quantile.js';
import type { ConfidenceInterval, IntervalMethod } from './performance.js';

/** Of an interval, where the caller names none. */
export const DEFAULT_CONFIDENCE = 0.95;

/** The values that a metric can take. */
export interface MetricRange {
  readonly min: number;
  readonly max: number;
}

export const SHARE: MetricRange = { min: 0, max: 1 };
export const NOT_NEGATIVE: MetricRange = { min: 0, max: Infinity };
export const ANY: MetricRange = { min: -Infinity, max: Infinity };

/** The z with P(abs(Z) > z) = 1 − confidence. */
export function normalFactor(confidence: number): number {
  return -normalQuantile((1 - confidence) / 2);
}

/** An interval within the range; null when an end is not finite. */
export function intervalWithin(
  range: MetricRange,
  method: IntervalMethod,
  [lower, upper]: readonly [number, number],
): ConfidenceInterval | null {
  const lowerBound = Math.max(range.min, lower) + 0;
  const upperBound = Math.min(range.max, upper) + 0;
  if (!Number.isFinite(lowerBound) || !Number.isFinite(upperBound)) return null;
  return { lowerBound, upperBound, method };
}

/** Wilson's interval of x of n, n > 0. */
export function shareInterval(x: number, n: number, confidence: number): ConfidenceInterval | null {
  return intervalWithin(SHARE, 'wilson', wilsonInterval(x, n, confidence));
}

/**
 * The interval of F1 = 2·TP/(2·TP + FP + FN), by Wilson's of J = TP/(TP + FP + FN), F1 = 2J/(1 + J).
 *
 * Given how many rows are not true negatives, TP is binomial; so that, unlike the delta method's, it holds at F1 of 0 and 1.
 */
export function f1Interval(tp: number, wrong: number, confidence: number): ConfidenceInterval | null {
  const [low, high] = wilsonInterval(tp, tp + wrong, confidence);
  return intervalWithin(SHARE, 'wilson-f1', [(2 * low) / (1 + low), (2 * high) / (1 + high)]);
}

/** The relative size of what is taken for rounding, of sums whose terms cancel and of losses that are equal. */
export const ROUNDING = 64 * Number.EPSILON;

/** The standard error of a mean, s/√n; null for fewer than two rows, and where all have the same loss but for rounding. */
export function standardError({ count, mean, m2 }: Moments): number | null {
  if (count < 2 || !(m2 > (ROUNDING * mean) ** 2 * count) || m2 >= Number.MAX_VALUE) return null;
  return Math.sqrt(m2 / (count - 1) / count);
}

/** mean ± t·s/√n. */
export function meanInterval(
  moments: Moments,
  range: MetricRange,
  confidence: number,
): ConfidenceInterval | null {
  const error = standardError(moments);
  if (error === null) return null;
  const half = studentTwoSidedQuantile(1 - confidence, moments.count - 1) * error;
  return intervalWithin(range, 'student', [moments.mean - half, moments.mean + half]);
}
