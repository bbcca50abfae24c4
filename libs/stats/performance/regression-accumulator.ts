import { checkConfidence, checkLength } from './checked-batch.js';
import { ANY, DEFAULT_CONFIDENCE, NOT_NEGATIVE } from './intervals.js';
import { LossSums } from './loss-sums.js';
import { type MetricOptions, undefinedMetric } from './metric.js';
import type { LabelledNumbers, Metric, PerformanceOptions, RegressionPerformance } from './performance.js';
import { addSquaredErrors, rootMeanSquaredError, rSquared, squaredErrorsOf } from './squared-errors.js';

const NONE = new Float64Array(0);

/**
 * What a regression's rows amount to, read batch by batch: O(1) memory.
 *
 * Merging two is the same as adding the rows of both, in any order, but for rounding.
 */
export class RegressionAccumulator {
  private rowCount = 0;
  private readonly squared = squaredErrorsOf(NONE, NONE);
  private readonly bias = new LossSums();
  private readonly absolute = new LossSums();
  private readonly squares = new LossSums();
  private readonly percentage = new LossSums();

  /** @throws RangeError if truth and prediction differ in length */
  add({ truth, predicted }: LabelledNumbers): void {
    checkLength('truth', truth.length, predicted.length);
    const usable = usableRows(truth, predicted);
    this.rowCount += predicted.length;
    addSquaredErrors(this.squared, squaredErrorsOf(usable.truth, usable.errors));
    this.bias.add(usable.errors);
    this.absolute.add(usable.errors.map(Math.abs));
    this.squares.add(usable.errors.map((e) => e * e));
    this.percentage.add(relativeErrors(usable));
  }

  /** Adds the rows of `other`, which stays as it is. */
  merge(other: RegressionAccumulator): void {
    this.rowCount += other.rowCount;
    addSquaredErrors(this.squared, other.squared);
    this.bias.merge(other.bias);
    this.absolute.merge(other.absolute);
    this.squares.merge(other.squares);
    this.percentage.merge(other.percentage);
  }

  /** @throws RangeError unless 0 < confidence < 1 */
  performance({ confidence = DEFAULT_CONFIDENCE }: PerformanceOptions = {}): RegressionPerformance {
    checkConfidence(confidence);
    const options: MetricOptions = { confidence, ifNone: this.rowCount === 0 ? 'no-rows' : 'no-predictions' };
    return {
      kind: 'regression',
      rowCount: this.rowCount,
      unusableCount: this.rowCount - this.bias.rowCount,
      zeroTruthCount: this.zeroTruthCount,
      meanAbsoluteError: this.absolute.metric(NOT_NEGATIVE, options),
      rootMeanSquaredError: this.unlessOverflow(rootMeanSquaredError(this.squared, options)),
      ...this.percentageErrors(options),
      rSquared: this.unlessOverflow(rSquared(this.squared, options)),
      bias: this.bias.metric(ANY, options),
    };
  }

  private get zeroTruthCount(): number {
    return this.bias.rowCount - this.percentage.rowCount;
  }

  private unlessOverflow(metric: Metric): Metric {
    return this.squares.hasOverflow ? undefinedMetric('overflow', this.squares.rowCount) : metric;
  }

  private percentageErrors(options: MetricOptions): PercentageErrors {
    const usableCount = this.bias.rowCount;
    const ifNone = usableCount > 0 ? 'zero-truth' : options.ifNone;
    const ofNonZero = this.percentage.metric(NOT_NEGATIVE, { ...options, ifNone });
    return {
      meanAbsolutePercentageError:
        this.zeroTruthCount > 0 ? undefinedMetric('zero-truth', usableCount) : ofNonZero,
      meanAbsolutePercentageErrorOfNonZero: ofNonZero,
    };
  }
}

type PercentageErrors = Pick<
  RegressionPerformance,
  'meanAbsolutePercentageError' | 'meanAbsolutePercentageErrorOfNonZero'
>;

interface UsableRows {
  readonly truth: Float64Array;
  /** Prediction − truth. */
  readonly errors: Float64Array;
}

function usableRows(truth: Float64Array, predicted: Float64Array): UsableRows {
  const rows = { truth: new Float64Array(truth.length), errors: new Float64Array(truth.length) };
  let count = 0;
  for (let i = 0; i < truth.length; i++) {
    const [y, x] = [truth[i]!, predicted[i]!];
    if (!Number.isFinite(y) || !Number.isFinite(x)) continue;
    rows.truth[count] = y;
    rows.errors[count++] = x - y;
  }
  return { truth: rows.truth.subarray(0, count), errors: rows.errors.subarray(0, count) };
}

/** abs(error/truth) of the rows whose truth is not 0. */
function relativeErrors({ truth, errors }: UsableRows): Float64Array {
  const relative = new Float64Array(truth.length);
  let count = 0;
  for (let i = 0; i < truth.length; i++)
    if (truth[i] !== 0) relative[count++] = Math.abs(errors[i]! / truth[i]!);
  return relative.subarray(0, count);
}
