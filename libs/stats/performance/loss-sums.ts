import { addMoments, type Moments, momentsOf } from '../profile/moments.js';
import type { MetricRange } from './intervals.js';
import { meanMetric, type MetricOptions, undefinedMetric } from './metric.js';
import type { Metric } from './performance.js';

/** Count, mean and spread of a loss that rows have; losses beyond the doubles are counted, and make the mean undefined. */
export class LossSums {
  private readonly finite: Moments = momentsOf(new Float64Array(0));
  private overflowCount = 0;

  get moments(): Readonly<Moments> {
    return this.finite;
  }

  get rowCount(): number {
    return this.finite.count + this.overflowCount;
  }

  get hasOverflow(): boolean {
    return this.overflowCount > 0;
  }

  /** Adds the first `count` losses; none is NaN. Two passes over the batch, so that no digits are lost. */
  add(losses: Float64Array, count = losses.length): void {
    const finite = losses.subarray(0, count).filter(Number.isFinite);
    this.overflowCount += count - finite.length;
    addMoments(this.finite, momentsOf(finite));
  }

  merge(other: LossSums): void {
    this.overflowCount += other.overflowCount;
    addMoments(this.finite, other.finite);
  }

  /** The mean loss with Student's interval. */
  metric(range: MetricRange, options: MetricOptions): Metric {
    return this.hasOverflow
      ? undefinedMetric('overflow', this.rowCount)
      : meanMetric(this.finite, range, options);
  }
}

/** Scores are clipped to [2^-52, 1 − 2^-52] before their logarithm, as scikit-learn clips doubles. */
export function logLossOf(probability: number): number {
  return -Math.log(Math.min(1 - Number.EPSILON, Math.max(Number.EPSILON, probability)));
}

/** Whether a score is one: within 0 to 1, and not NaN. */
export function isUsableScore(score: number): boolean {
  return score >= 0 && score <= 1;
}
