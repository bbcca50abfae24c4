import {
  type CalibrationBins,
  calibrationMetric,
  countCalibration,
  emptyCalibrationBins,
  mergeCalibration,
} from './calibration-error.js';
import { checkedRowCount, thresholdOf } from './checked-batch.js';
import { NOT_NEGATIVE, SHARE } from './intervals.js';
import { isUsableScore } from './loss-sums.js';
import { f1Metric, type MetricOptions, shareMetric } from './metric.js';
import type {
  BinaryPerformance,
  ClassificationTask,
  LabelledClasses,
  UndefinedReason,
} from './performance.js';
import { areaMetric } from './ranking/area-metric.js';
import { RankedScores } from './ranking/ranked-scores.js';
import { LossBatch, mergeScoreLosses, noScoreLosses } from './score-losses.js';

/** The size of a binary classifier's sums: O(1), and the ranked scores. */
export interface RowLimits {
  readonly calibrationBins: number;
  readonly maxRankedScores: number;
}

/** Rows of a binary classifier with their truth, as sums. */
export class BinaryRows {
  private rowCount = 0;
  private positiveCount = 0;
  private unpredictedCount = 0;
  /** Rows by 2·(is positive) + (is predicted positive). */
  private readonly confusion = new Float64Array(4);
  private readonly ranked: RankedScores;
  private readonly calibration: CalibrationBins;
  private readonly losses = noScoreLosses();

  constructor(
    readonly task: ClassificationTask & { readonly kind: 'binary' },
    limits: RowLimits,
  ) {
    this.ranked = new RankedScores(1, limits.maxRankedScores);
    this.calibration = emptyCalibrationBins(limits.calibrationBins);
  }

  add(batch: LabelledClasses): void {
    const rowCount = checkedRowCount(this.task, batch);
    const losses = new LossBatch(rowCount);
    const scores = batch.scores[0];
    for (let i = 0; i < rowCount; i++) {
      const truth = batch.truth[i] === this.task.positiveClass ? 1 : 0;
      const score = scores?.[i] ?? NaN;
      const hasScore = isUsableScore(score);
      this.countPrediction(truth, batch.predicted[i] ?? null, hasScore ? score : null);
      if (!hasScore) continue;
      this.ranked.add(score, truth);
      countCalibration(this.calibration, score, truth);
      losses.addBinary(score, truth);
    }
    losses.addTo(this.losses);
  }

  merge(other: BinaryRows): void {
    this.rowCount += other.rowCount;
    this.positiveCount += other.positiveCount;
    this.unpredictedCount += other.unpredictedCount;
    for (let cell = 0; cell < 4; cell++) this.confusion[cell]! += other.confusion[cell]!;
    this.ranked.merge(other.ranked);
    mergeCalibration(this.calibration, other.calibration);
    mergeScoreLosses(this.losses, other.losses);
  }

  performance(confidence: number): BinaryPerformance {
    const [trueNegatives = 0, falsePositives = 0, falseNegatives = 0, truePositives = 0] = this.confusion;
    const confusion = { truePositives, falsePositives, falseNegatives, trueNegatives };
    return {
      kind: 'binary',
      positiveClass: this.task.positiveClass,
      rowCount: this.rowCount,
      positiveCount: this.positiveCount,
      unpredictedCount: this.unpredictedCount,
      unscoredCount: this.rowCount - this.ranked.rowCount,
      confusion,
      ...decisionMetrics(confusion, { confidence, ifNone: this.noRowsOr('no-predictions') }),
      ...this.scoreMetrics({ confidence, ifNone: this.noRowsOr('no-scores') }),
    };
  }

  private countPrediction(truth: 0 | 1, predicted: string | null, score: number | null): void {
    this.rowCount++;
    this.positiveCount += truth;
    if (predicted === null && score === null) this.unpredictedCount++;
    else this.confusion[2 * truth + this.isPredictedPositive(predicted, score)]!++;
  }

  private isPredictedPositive(predicted: string | null, score: number | null): 0 | 1 {
    const isPositive =
      predicted === null
        ? score !== null && score >= thresholdOf(this.task)
        : predicted === this.task.positiveClass;
    return isPositive ? 1 : 0;
  }

  private noRowsOr(reason: UndefinedReason): UndefinedReason {
    return this.rowCount === 0 ? 'no-rows' : reason;
  }

  private scoreMetrics(options: MetricOptions): ScoreMetrics {
    return {
      rocAuc: areaMetric(this.ranked.groups(), this.ranked.rowCount, options),
      logLoss: this.losses.log.metric(NOT_NEGATIVE, options),
      brierScore: this.losses.brier.metric(SHARE, options),
      expectedCalibrationError: calibrationMetric(this.calibration, this.ranked.rowCount, options),
    };
  }
}

type ScoreMetrics = Pick<BinaryPerformance, 'rocAuc' | 'logLoss' | 'brierScore' | 'expectedCalibrationError'>;
type DecisionMetrics = Pick<BinaryPerformance, 'accuracy' | 'precision' | 'recall' | 'f1'>;

function decisionMetrics(
  { truePositives, falsePositives, falseNegatives, trueNegatives }: BinaryPerformance['confusion'],
  options: MetricOptions,
): DecisionMetrics {
  const right = truePositives + trueNegatives;
  const rowCount = right + falsePositives + falseNegatives;
  const because = (reason: UndefinedReason): MetricOptions =>
    rowCount === 0 ? options : { ...options, ifNone: reason };
  return {
    accuracy: shareMetric(right, rowCount, options),
    precision: shareMetric(truePositives, truePositives + falsePositives, because('no-predicted-positives')),
    recall: shareMetric(truePositives, truePositives + falseNegatives, because('no-positives')),
    f1: f1Metric(truePositives, falsePositives + falseNegatives, because('class-absent')),
  };
}
