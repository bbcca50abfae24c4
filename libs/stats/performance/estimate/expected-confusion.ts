import { metricOf, undefinedMetric } from '../metric.js';
import { SHARE } from '../intervals.js';
import type { MacroMetric, UndefinedReason } from '../performance.js';
import { type EstimateOptions, labelNoiseInterval } from './expected-metrics.js';

/** Of one class: rows predicted to be of it, rows expected to be, and rows expected to be both. */
interface ExpectedClass {
  readonly predicted: number;
  readonly truths: number;
  readonly right: number;
}

/** A mean over classes is a sum of functions of (prediction, truth): this is one class's, where it is not 0 for all other predictions. */
type Part = 'precision' | 'recall' | 'f1';

const REASONS: Record<Part, UndefinedReason> = {
  precision: 'no-predicted-positives',
  recall: 'no-positives',
  f1: 'class-absent',
};

/**
 * Expected rows by prediction and truth: of a row that was predicted to be of class j, its probability of class k goes to (j, k).
 *
 * The last prediction stands for classes without a score.
 */
export class ExpectedConfusion {
  private readonly counts: Float64Array;

  constructor(private readonly classCount: number) {
    this.counts = new Float64Array((classCount + 1) * classCount);
  }

  /** A row with its probabilities; −1 for a prediction without a score. */
  add(predicted: number, probabilities: Float64Array): void {
    const start = (predicted < 0 ? this.classCount : predicted) * this.classCount;
    for (let k = 0; k < this.classCount; k++) this.counts[start + k]! += probabilities[k]!;
  }

  merge(other: ExpectedConfusion): void {
    for (let i = 0; i < this.counts.length; i++) this.counts[i]! += other.counts[i]!;
  }

  /** Rows whose truth is expected to be their prediction. */
  get rightCount(): number {
    return this.classes().reduce((sum, { right }) => sum + right, 0);
  }

  /**
   * The mean of a share over the classes that have one.
   *
   * The variance of the labels is taken as if all rows with one prediction had the same probabilities, which is never too small.
   */
  macro(part: Part, options: EstimateOptions): MacroMetric {
    const { rowCount } = options;
    const all = this.classes();
    const classes = all.map((one) => ({ ...one, size: sizeOf(part, one) }));
    const classCount = classes.filter(({ size }) => size > 0).length;
    if (classCount === 0) {
      const reason = rowCount === 0 ? options.ifNone : REASONS[part];
      return { ...undefinedMetric(reason, rowCount), classCount };
    }
    const shares = classes.map(({ right, size }) =>
      size > 0 ? (part === 'f1' ? 2 * right : right) / size : 0,
    );
    const value = shares.reduce((sum, share) => sum + share, 0) / classCount;
    const slope = (predicted: number, truth: number): number =>
      slopeOf(part, { predicted, truth, share: shares[truth]!, size: classes[truth]!.size }) / classCount;
    const variance = this.variance(slope);
    return {
      ...metricOf(value, rowCount, labelNoiseInterval({ value, variance }, SHARE, options)),
      classCount,
    };
  }

  private classes(): ExpectedClass[] {
    const n = this.classCount;
    return Array.from({ length: n }, (_, k) => {
      let [predicted, truths] = [0, 0];
      for (let j = 0; j < n; j++) predicted += this.counts[k * n + j]!;
      for (let j = 0; j <= n; j++) truths += this.counts[j * n + k]!;
      return { predicted, truths, right: this.counts[k * n + k]! };
    });
  }

  /** Σ over predictions of rows·variance of the slope over their truths. */
  private variance(slope: (predicted: number, truth: number) => number): number {
    const n = this.classCount;
    let variance = 0;
    for (let j = 0; j <= n; j++) {
      let [rows, sum, squares] = [0, 0, 0];
      for (let k = 0; k < n; k++) {
        const count = this.counts[j * n + k]!;
        if (count === 0) continue;
        const s = slope(j, k);
        rows += count;
        sum += count * s;
        squares += count * s * s;
      }
      if (rows > 0) variance += Math.max(0, squares - (sum * sum) / rows);
    }
    return variance;
  }
}

function sizeOf(part: Part, { predicted, truths }: ExpectedClass): number {
  if (part === 'precision') return predicted;
  return part === 'recall' ? truths : predicted + truths;
}

/** How one row more of this prediction and truth changes the truth class's share, its prediction being fixed. */
function slopeOf(
  part: Part,
  { predicted, truth, share, size }: { predicted: number; truth: number; share: number; size: number },
): number {
  if (!(size > 0)) return 0;
  const isRight = predicted === truth ? 1 : 0;
  if (part === 'precision') return isRight / size;
  return part === 'recall' ? (isRight - share) / size : (2 * isRight - share) / size;
}
