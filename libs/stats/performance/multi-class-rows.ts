import type { RowLimits } from './binary-rows.js';
import {
  type CalibrationBins,
  calibrationMetric,
  countCalibration,
  emptyCalibrationBins,
  mergeCalibration,
} from './calibration-error.js';
import { checkedRowCount } from './checked-batch.js';
import { type ClassCounts, ClassPairs } from './class-pairs.js';
import { NOT_NEGATIVE } from './intervals.js';
import { macroF1, macroMetric } from './macro-metric.js';
import { f1Metric, type MetricOptions, shareMetric, undefinedMetric } from './metric.js';
import type {
  ClassificationTask,
  ClassPerformance,
  LabelledClasses,
  MultiClassPerformance,
  RankedMetric,
  UndefinedReason,
} from './performance.js';
import { areaMetric } from './ranking/area-metric.js';
import { macroArea } from './ranking/macro-area.js';
import { RankedScores, type ScoreGroups } from './ranking/ranked-scores.js';
import { LossBatch, mergeScoreLosses, noScoreLosses, readScores } from './score-losses.js';

/** Rows of a classifier of several classes with their truth, as sums. */
export class MultiClassRows {
  private rowCount = 0;
  private unscoredCount = 0;
  private readonly pairs: ClassPairs;
  private readonly columnOf: ReadonlyMap<string, number>;
  private readonly ranked: readonly RankedScores[];
  private readonly calibration: CalibrationBins;
  private readonly losses = noScoreLosses();

  constructor(
    readonly task: ClassificationTask & { readonly kind: 'multi-class' },
    limits: RowLimits,
  ) {
    const { classes } = task;
    this.pairs = new ClassPairs(classes);
    this.columnOf = new Map(classes.map((name, column) => [name, column]));
    this.ranked = classes.map(() => new RankedScores(classes.length, limits.maxRankedScores));
    this.calibration = emptyCalibrationBins(limits.calibrationBins);
  }

  add(batch: LabelledClasses): void {
    const rowCount = checkedRowCount(this.task, batch);
    const losses = new LossBatch(rowCount);
    const row = new Float64Array(batch.scores.length);
    for (let i = 0; i < rowCount; i++) {
      const truth = batch.truth[i]!;
      const best = readScores(batch.scores, i, row);
      const predicted = batch.predicted[i] ?? (best === null ? null : (this.task.classes[best] ?? null));
      this.rowCount++;
      if (predicted !== null) this.pairs.add(truth, predicted);
      if (best === null) {
        this.unscoredCount++;
        continue;
      }
      const column = this.columnOf.get(truth) ?? -1;
      this.rank(row, column);
      countCalibration(this.calibration, row[best]!, column === best ? 1 : 0);
      losses.addMultiClass(row, column);
    }
    losses.addTo(this.losses);
  }

  merge(other: MultiClassRows): void {
    this.rowCount += other.rowCount;
    this.unscoredCount += other.unscoredCount;
    this.pairs.merge(other.pairs);
    for (const [column, scores] of this.ranked.entries()) scores.merge(other.ranked[column]!);
    mergeCalibration(this.calibration, other.calibration);
    mergeScoreLosses(this.losses, other.losses);
  }

  performance(confidence: number): MultiClassPerformance {
    const scoreOptions = { confidence, ifNone: this.noRowsOr('no-scores') };
    const areas = this.ranked.map((scores) => scores.groups());
    const classes = this.classPerformances(areas, scoreOptions);
    return {
      kind: 'multi-class',
      rowCount: this.rowCount,
      unpredictedCount: this.rowCount - this.pairs.rowCount,
      unscoredCount: this.unscoredCount,
      pooledCount: this.pairs.pooledCount,
      classes,
      confusion: this.pairs.confusion(),
      ...this.decisionMetrics(classes, confidence),
      ...this.scoreMetrics(areas, scoreOptions),
    };
  }

  private rank(row: Float64Array, truthColumn: number): void {
    for (let k = 0; k < row.length; k++) this.ranked[k]!.add(row[k]!, k === truthColumn ? 1 : 0);
  }

  private noRowsOr(reason: UndefinedReason): UndefinedReason {
    return this.rowCount === 0 ? 'no-rows' : reason;
  }

  private noPairsOr(reason: UndefinedReason): UndefinedReason {
    return this.pairs.rowCount === 0 ? this.noRowsOr('no-predictions') : reason;
  }

  private decisionMetrics(
    classes: readonly ClassPerformance[],
    confidence: number,
  ): Pick<MultiClassPerformance, 'accuracy' | 'precision' | 'recall' | 'f1'> {
    const { rowCount, rightCount } = this.pairs;
    const because = (reason: UndefinedReason): MetricOptions => ({
      confidence,
      ifNone: this.noPairsOr(reason),
    });
    const macro = (part: 'precision' | 'recall', reason: UndefinedReason) =>
      macroMetric(
        classes.map((one) => one[part]),
        rowCount,
        because(reason),
      );
    return {
      accuracy: shareMetric(rightCount, rowCount, because('no-predictions')),
      precision: macro('precision', 'no-predicted-positives'),
      recall: macro('recall', 'no-positives'),
      f1: macroF1(classes, this.pairs.pairs(classes), because('class-absent')),
    };
  }

  private scoreMetrics(
    areas: readonly ScoreGroups[],
    options: MetricOptions,
  ): Pick<MultiClassPerformance, 'rocAuc' | 'logLoss' | 'brierScore' | 'expectedCalibrationError'> {
    const scoredCount = this.rowCount - this.unscoredCount;
    return {
      rocAuc: macroArea(areas, scoredCount, options),
      logLoss: this.losses.log.metric(NOT_NEGATIVE, options),
      brierScore: this.losses.brier.metric(NOT_NEGATIVE, options),
      expectedCalibrationError: calibrationMetric(this.calibration, scoredCount, options),
    };
  }

  private classPerformances(areas: readonly ScoreGroups[], options: MetricOptions): ClassPerformance[] {
    return this.pairs.classes().map((counts) => ({
      name: counts.name,
      truthCount: counts.truthCount,
      predictedCount: counts.predictedCount,
      ...this.classDecisions(counts, options.confidence),
      rocAuc: this.classArea(areas[this.columnOf.get(counts.name) ?? -1], options),
    }));
  }

  private classDecisions(
    { truthCount, predictedCount, rightCount }: ClassCounts,
    confidence: number,
  ): Pick<ClassPerformance, 'precision' | 'recall' | 'f1'> {
    const because = (reason: UndefinedReason): MetricOptions => ({
      confidence,
      ifNone: this.noPairsOr(reason),
    });
    const wrong = truthCount + predictedCount - 2 * rightCount;
    return {
      precision: shareMetric(rightCount, predictedCount, because('no-predicted-positives')),
      recall: shareMetric(rightCount, truthCount, because('no-positives')),
      f1: f1Metric(rightCount, wrong, because('class-absent')),
    };
  }

  private classArea(groups: ScoreGroups | undefined, options: MetricOptions): RankedMetric {
    if (groups === undefined) return { ...undefinedMetric(options.ifNone, 0), maxError: 0 };
    return areaMetric(groups, this.rowCount - this.unscoredCount, options);
  }
}
