import { StatsFormatError } from '../../bytes/stats-format-error.js';
import { checkConfidence, checkSameTask } from '../checked-batch.js';
import { ClassificationAccumulator } from '../classification-accumulator.js';
import { DEFAULT_CONFIDENCE } from '../intervals.js';
import type {
  ClassificationTask,
  LabelledClasses,
  PerformanceOptions,
  PredictedClasses,
} from '../performance.js';
import { BinaryEstimateRows } from './binary-estimate-rows.js';
import { chosenCalibration } from './calibration.js';
import {
  type ClassificationEstimate,
  type ClassificationEstimator,
  ESTIMATOR_VERSION,
  type Fitted,
} from './estimate.js';
import { MultiClassEstimateRows } from './multi-class-estimate-rows.js';
import { type ScoredRows, scoredRows } from './scored-rows.js';

/** Rows of a baseline below which shares in bins of scores are mostly chance: an error of 0.05 in accuracy at least. */
const MIN_BASELINE_ROWS = 100;

/**
 * What the performance of a classifier is estimated with, learned from a baseline with scores and ground truth.
 *
 * Deterministic, whatever the order of its own calls; memory is twice the scores, time n·log n: 1 s for 100,000 rows of 3 classes.
 * @throws RangeError if the arrays of the rows differ in length, or their number is not the task's
 */
export function fitClassificationEstimator(
  task: ClassificationTask,
  rows: LabelledClasses,
): Fitted<ClassificationEstimator> {
  const scored = scoredRows(task, rows);
  const rowCount = scored.truthColumns.length;
  if (rowCount === 0) return { estimator: null, reason: 'no-scores' };
  if (rowCount < MIN_BASELINE_ROWS) return { estimator: null, reason: 'too-few-rows' };
  if (hasOneClass(scored)) return { estimator: null, reason: 'one-class' };
  const baseline = new ClassificationAccumulator(task);
  baseline.add(rows);
  const estimator: ClassificationEstimator = {
    kind: 'classification',
    version: ESTIMATOR_VERSION,
    task,
    rowCount,
    ...chosenCalibration(task, scored),
    baseline: baseline.performance(),
  };
  return { estimator, reason: null };
}

function hasOneClass({ truthColumns }: ScoredRows): boolean {
  return truthColumns.every((truth) => truth === truthColumns[0]);
}

/**
 * A window's rows without ground truth, read batch by batch, and the performance that their scores imply (CBPE).
 *
 * Merging two is the same as adding the rows of both, in any order, but for rounding. Memory as `ClassificationAccumulator`.
 * Source: NannyML, confidence-based performance estimation; `docs/statistics.md` says what it cannot see.
 */
export class ClassificationEstimateAccumulator {
  private readonly rows: BinaryEstimateRows | MultiClassEstimateRows;

  /** @throws StatsFormatError if the estimator is of a version that this code does not know */
  constructor(
    private readonly estimator: ClassificationEstimator,
    { maxRankedScores }: { readonly maxRankedScores?: number } = {},
  ) {
    checkVersion(estimator);
    const { task } = estimator;
    this.rows =
      task.kind === 'binary'
        ? new BinaryEstimateRows(estimator, task, maxRankedScores)
        : new MultiClassEstimateRows(estimator, task, maxRankedScores);
  }

  /** @throws RangeError if the arrays of the batch differ in length, or their number is not the task's */
  add(batch: PredictedClasses): void {
    this.rows.add(batch);
  }

  /**
   * Adds the rows of `other`, which stays as it is.
   *
   * @throws RangeError if it estimates another task
   */
  merge(other: ClassificationEstimateAccumulator): void {
    checkSameTask(this.estimator.task, other.estimator.task);
    if (this.rows instanceof BinaryEstimateRows) this.rows.merge(other.rows as BinaryEstimateRows);
    else this.rows.merge(other.rows as MultiClassEstimateRows);
  }

  /** @throws RangeError unless 0 < confidence < 1 */
  estimate({ confidence = DEFAULT_CONFIDENCE }: PerformanceOptions = {}): ClassificationEstimate {
    checkConfidence(confidence);
    return this.rows.estimate(confidence);
  }
}

/** @throws StatsFormatError unless the version is this code's */
export function checkVersion({ version }: { readonly version: number }): void {
  if (version === ESTIMATOR_VERSION) return;
  throw new StatsFormatError(`an estimator of version ${version}, known is ${ESTIMATOR_VERSION}`);
}
