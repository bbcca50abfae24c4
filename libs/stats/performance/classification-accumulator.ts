import { BinaryRows, type RowLimits } from './binary-rows.js';
import { DEFAULT_CALIBRATION_BINS } from './calibration-error.js';
import { checkConfidence, checkSameTask, checkTask } from './checked-batch.js';
import { DEFAULT_CONFIDENCE } from './intervals.js';
import { MultiClassRows } from './multi-class-rows.js';
import type {
  ClassificationPerformance,
  ClassificationTask,
  LabelledClasses,
  PerformanceOptions,
} from './performance.js';
import { MAX_RANKED_SCORES } from './ranking/ranked-scores.js';

/** What accumulators keep; two that are merged have the same. */
export interface AccumulatorLimits {
  /** Of the expected calibration error, of equal width; 10 by default. */
  readonly calibrationBins?: number;
  /** Scores of all columns that are ranked exactly, and beyond which they are counted in cells; 2 million by default. */
  readonly maxRankedScores?: number;
}

/**
 * What a classifier's rows amount to, read batch by batch.
 *
 * Merging two is the same as adding the rows of both, in any order, but for rounding. Memory: O(1) and 16 bytes a score, at most 32 MB;
 * of several classes, the square of their number besides.
 */
export class ClassificationAccumulator {
  private readonly rows: BinaryRows | MultiClassRows;
  private readonly limits: RowLimits;

  /** @throws RangeError if the bins are not a whole number above 0, or the task names a class twice */
  constructor(
    readonly task: ClassificationTask,
    {
      calibrationBins = DEFAULT_CALIBRATION_BINS,
      maxRankedScores = MAX_RANKED_SCORES,
    }: AccumulatorLimits = {},
  ) {
    if (!Number.isInteger(calibrationBins) || calibrationBins < 1) {
      throw new RangeError(`the number of calibration bins is whole and above 0, not ${calibrationBins}`);
    }
    checkTask(task);
    this.limits = { calibrationBins, maxRankedScores };
    if (task.kind === 'binary') this.rows = new BinaryRows(task, this.limits);
    else this.rows = new MultiClassRows(task, this.limits);
  }

  /** @throws RangeError if the arrays of the batch differ in length, or their number is not the task's */
  add(batch: LabelledClasses): void {
    this.rows.add(batch);
  }

  /**
   * Adds the rows of `other`, which stays as it is.
   *
   * @throws RangeError if its task or its limits differ
   */
  merge(other: ClassificationAccumulator): void {
    checkSameTask(this.task, other.task);
    if (this.limits.calibrationBins !== other.limits.calibrationBins) {
      throw new RangeError('only rows with the same number of calibration bins can be added up');
    }
    if (this.rows instanceof BinaryRows) this.rows.merge(other.rows as BinaryRows);
    else this.rows.merge(other.rows as MultiClassRows);
  }

  /**
   * All metrics of the rows so far; n·log n for the ranks.
   *
   * @throws RangeError unless 0 < confidence < 1
   */
  performance({ confidence = DEFAULT_CONFIDENCE }: PerformanceOptions = {}): ClassificationPerformance {
    checkConfidence(confidence);
    return this.rows.performance(confidence);
  }
}
