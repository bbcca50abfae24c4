import { checkedRowCount } from '../checked-batch.js';
import { logLossOf } from '../loss-sums.js';
import { metricOf, undefinedMetric } from '../metric.js';
import { SHARE } from '../intervals.js';
import type { ClassificationTask, MacroMetric, PredictedClasses, RankedMetric } from '../performance.js';
import { RankedScores } from '../ranking/ranked-scores.js';
import { rocArea } from '../ranking/roc-area.js';
import { readScores } from '../score-losses.js';
import { toProbabilities } from './calibration.js';
import type { ClassificationEstimator, MultiClassEstimate } from './estimate.js';
import { ExpectedConfusion } from './expected-confusion.js';
import { areaNoise, type EstimateOptions, ExpectedLoss, labelNoiseInterval } from './expected-metrics.js';

type MultiClassTask = ClassificationTask & { readonly kind: 'multi-class' };

/** Rows of a classifier of several classes without their truth, as expected sums. */
export class MultiClassEstimateRows {
  private rowCount = 0;
  private scoredCount = 0;
  private unpredictedCount = 0;
  private readonly columnOf: ReadonlyMap<string, number>;
  private readonly confusion: ExpectedConfusion;
  private readonly accuracy = new ExpectedLoss();
  private readonly logLoss = new ExpectedLoss();
  private readonly brierScore = new ExpectedLoss();
  private readonly ranked: readonly RankedScores[];

  constructor(
    private readonly estimator: ClassificationEstimator,
    private readonly task: MultiClassTask,
    maxRankedScores?: number,
  ) {
    const { classes } = task;
    this.columnOf = new Map(classes.map((name, column) => [name, column]));
    this.confusion = new ExpectedConfusion(classes.length);
    this.ranked = classes.map(() => new RankedScores(classes.length, maxRankedScores));
  }

  add(batch: PredictedClasses): void {
    const rowCount = checkedRowCount(this.task, batch);
    this.rowCount += rowCount;
    const row = new Float64Array(batch.scores.length);
    const probabilities = new Float64Array(batch.scores.length);
    for (let i = 0; i < rowCount; i++) {
      const predicted = batch.predicted[i] ?? null;
      const best = readScores(batch.scores, i, row);
      if (best === null) {
        if (predicted === null) this.unpredictedCount++;
        continue;
      }
      probabilities.set(row);
      toProbabilities(this.task, this.estimator.calibrators, probabilities);
      this.addScored(row, probabilities, predicted === null ? best : (this.columnOf.get(predicted) ?? -1));
    }
  }

  merge(other: MultiClassEstimateRows): void {
    this.rowCount += other.rowCount;
    this.scoredCount += other.scoredCount;
    this.unpredictedCount += other.unpredictedCount;
    this.confusion.merge(other.confusion);
    this.accuracy.merge(other.accuracy);
    this.logLoss.merge(other.logLoss);
    this.brierScore.merge(other.brierScore);
    for (const [k, scores] of this.ranked.entries()) scores.merge(other.ranked[k]!);
  }

  estimate(confidence: number): MultiClassEstimate {
    const options: EstimateOptions = {
      confidence,
      ifNone: this.rowCount === 0 ? 'no-rows' : 'no-scores',
      rowCount: this.scoredCount,
      baselineCount: this.estimator.rowCount,
    };
    return {
      kind: 'multi-class',
      rowCount: this.rowCount,
      unpredictedCount: this.unpredictedCount,
      unscoredCount: this.rowCount - this.scoredCount,
      accuracy: this.accuracy.share(options),
      precision: this.confusion.macro('precision', options),
      recall: this.confusion.macro('recall', options),
      f1: this.confusion.macro('f1', options),
      rocAuc: this.macroArea(options),
      logLoss: this.logLoss.metric(options),
      brierScore: this.brierScore.metric(options),
    };
  }

  private addScored(row: Float64Array, probabilities: Float64Array, predicted: number): void {
    this.scoredCount++;
    this.confusion.add(predicted, probabilities);
    const right = probabilities[predicted] ?? 0;
    this.accuracy.add(right, right * (1 - right));
    for (let k = 0; k < row.length; k++) this.ranked[k]!.add(row[k]!, probabilities[k]!);
    let [log, logSquares, hit, hitSquares, squares] = [0, 0, 0, 0, 0];
    for (let k = 0; k < row.length; k++) {
      const [score, share] = [row[k]!, probabilities[k]!];
      const loss = logLossOf(score);
      log += share * loss;
      logSquares += share * loss * loss;
      hit += share * score;
      hitSquares += share * score * score;
      squares += score * score;
    }
    this.logLoss.add(log, logSquares - log * log);
    this.brierScore.add(squares + 1 - 2 * hit, 4 * (hitSquares - hit * hit));
  }

  /** The standard error of the mean is at most the mean of the classes'. */
  private macroArea(options: EstimateOptions): MacroMetric & RankedMetric {
    const areas = this.ranked.flatMap((scores) => {
      const groups = scores.groups();
      const roc = rocArea(groups);
      return roc === null ? [] : [{ roc, error: Math.sqrt(areaNoise(roc, groups)) }];
    });
    const classCount = areas.length;
    const { rowCount } = options;
    if (classCount === 0) {
      const reason = rowCount === 0 ? options.ifNone : 'one-class';
      return { ...undefinedMetric(reason, rowCount), classCount, maxError: 0 };
    }
    const meanOf = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / classCount;
    const value = meanOf(areas.map(({ roc }) => roc.area));
    const variance = meanOf(areas.map(({ error }) => error)) ** 2;
    return {
      ...metricOf(value, rowCount, labelNoiseInterval({ value, variance }, SHARE, options)),
      classCount,
      maxError: meanOf(areas.map(({ roc }) => roc.maxError)),
    };
  }
}
