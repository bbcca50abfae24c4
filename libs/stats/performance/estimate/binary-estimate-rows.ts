import { checkedRowCount, thresholdOf } from '../checked-batch.js';
import { isUsableScore, logLossOf } from '../loss-sums.js';
import { undefinedMetric } from '../metric.js';
import type { ClassificationTask, Metric, PredictedClasses, UndefinedReason } from '../performance.js';
import { RankedScores } from '../ranking/ranked-scores.js';
import { toProbabilities } from './calibration.js';
import type { BinaryEstimate, ClassificationEstimator } from './estimate.js';
import { type EstimateOptions, ExpectedLoss, expectedArea, expectedShare } from './expected-metrics.js';

type BinaryTask = ClassificationTask & { readonly kind: 'binary' };

/** Rows that were predicted to be of one kind: how many, how many of them are expected to be positive, and Σ c(1 − c). */
interface PredictedRows {
  rowCount: number;
  positives: number;
  noise: number;
}

/** Rows of a binary classifier without their truth, as expected sums. */
export class BinaryEstimateRows {
  private rowCount = 0;
  private unpredictedCount = 0;
  private readonly byPrediction: readonly [PredictedRows, PredictedRows] = [
    noPredictedRows(),
    noPredictedRows(),
  ];
  private readonly logLoss = new ExpectedLoss();
  private readonly brierScore = new ExpectedLoss();
  private readonly ranked: RankedScores;

  constructor(
    private readonly estimator: ClassificationEstimator,
    private readonly task: BinaryTask,
    maxRankedScores?: number,
  ) {
    this.ranked = new RankedScores(1, maxRankedScores);
  }

  add(batch: PredictedClasses): void {
    const rowCount = checkedRowCount(this.task, batch);
    this.rowCount += rowCount;
    for (let i = 0; i < rowCount; i++) {
      const score = batch.scores[0]?.[i] ?? NaN;
      const predicted = batch.predicted[i] ?? null;
      if (isUsableScore(score)) this.addScored(score, predicted);
      else if (predicted === null) this.unpredictedCount++;
    }
  }

  merge(other: BinaryEstimateRows): void {
    this.rowCount += other.rowCount;
    this.unpredictedCount += other.unpredictedCount;
    for (const kind of [0, 1] as const) {
      this.byPrediction[kind].rowCount += other.byPrediction[kind].rowCount;
      this.byPrediction[kind].positives += other.byPrediction[kind].positives;
      this.byPrediction[kind].noise += other.byPrediction[kind].noise;
    }
    this.logLoss.merge(other.logLoss);
    this.brierScore.merge(other.brierScore);
    this.ranked.merge(other.ranked);
  }

  estimate(confidence: number): BinaryEstimate {
    const [negative, positive] = this.byPrediction;
    const options: EstimateOptions = {
      confidence,
      ifNone: this.rowCount === 0 ? 'no-rows' : 'no-scores',
      rowCount: this.ranked.rowCount,
      baselineCount: this.estimator.rowCount,
    };
    return {
      kind: 'binary',
      positiveClass: this.task.positiveClass,
      rowCount: this.rowCount,
      unpredictedCount: this.unpredictedCount,
      unscoredCount: this.rowCount - this.ranked.rowCount,
      confusion: {
        truePositives: positive.positives,
        falsePositives: positive.rowCount - positive.positives,
        falseNegatives: negative.positives,
        trueNegatives: negative.rowCount - negative.positives,
      },
      ...decisionEstimates(this.byPrediction, options),
      rocAuc: expectedArea(this.ranked.groups(), options),
      logLoss: this.logLoss.metric(options),
      brierScore: this.brierScore.metric(options),
    };
  }

  private addScored(score: number, predicted: string | null): void {
    const probability = this.probabilityOf(score);
    const noise = probability * (1 - probability);
    const isPositive =
      predicted === null ? score >= thresholdOf(this.task) : predicted === this.task.positiveClass;
    const rows = this.byPrediction[isPositive ? 1 : 0];
    rows.rowCount++;
    rows.positives += probability;
    rows.noise += noise;
    const [ofNegative, ofPositive] = [logLossOf(1 - score), logLossOf(score)];
    this.logLoss.add(
      probability * ofPositive + (1 - probability) * ofNegative,
      noise * (ofPositive - ofNegative) ** 2,
    );
    this.brierScore.add(
      probability * (1 - score) ** 2 + (1 - probability) * score ** 2,
      noise * (1 - 2 * score) ** 2,
    );
    this.ranked.add(score, probability);
  }

  private probabilityOf(score: number): number {
    const row = Float64Array.of(score);
    toProbabilities(this.task, this.estimator.calibrators, row);
    return row[0]!;
  }
}

function noPredictedRows(): PredictedRows {
  return { rowCount: 0, positives: 0, noise: 0 };
}

/**
 * Each label is 1 with its row's probability c; a metric's variance is Σ c(1 − c)·(its derivative by the label)², which is the
 * same for all rows with one prediction.
 */
function decisionEstimates(
  [negative, positive]: readonly [PredictedRows, PredictedRows],
  options: EstimateOptions,
): Pick<BinaryEstimate, 'accuracy' | 'precision' | 'recall' | 'f1'> {
  const tp = positive.positives;
  const truths = tp + negative.positives;
  const share = (
    count: number,
    slopes: readonly [number, number],
    value: number,
    reason: UndefinedReason,
  ): Metric => {
    if (options.rowCount === 0) return undefinedMetric(options.ifNone, 0);
    const variance = (negative.noise * slopes[0] ** 2 + positive.noise * slopes[1] ** 2) / count ** 2;
    return expectedShare({ value, variance }, count, { ...options, ifNone: reason });
  };
  const recall = tp / truths;
  const f1 = (2 * tp) / (positive.rowCount + truths);
  const right = tp + negative.rowCount - negative.positives;
  return {
    accuracy: share(options.rowCount, [1, 1], right / options.rowCount, 'no-scores'),
    precision: share(positive.rowCount, [0, 1], tp / positive.rowCount, 'no-predicted-positives'),
    recall: share(truths, [recall, 1 - recall], recall, 'no-positives'),
    f1: share(positive.rowCount + truths, [f1, 2 - f1], f1, 'class-absent'),
  };
}
