import {
  ClassificationAccumulator,
  ClassificationEstimateAccumulator,
  RegressionAccumulator,
  RegressionEstimateAccumulator,
  type ClassificationEstimator,
  type NamedColumn,
  type RegressionEstimator,
} from '#stats';
import { featureColumns, type FeatureColumn } from './feature-columns.js';
import { LabelTally } from './label-tally.js';
import type { ClassificationPlan } from './performance-plan.js';
import type { PerformanceResult } from './performance-result.js';
import type { PerformanceRow } from './window-rows.js';

/** What was found of one segment of a window. */
export type SegmentFindings = Pick<PerformanceResult, 'performance' | 'estimate'>;

/** What the rows of one window and segment came to. */
export interface SegmentPerformance {
  readonly tally: LabelTally;
  findings(): SegmentFindings;
}

/** Collects the rows of one window and segment, a page at a time. */
export interface SegmentRows<Value> extends SegmentPerformance {
  add(rows: readonly PerformanceRow<Value>[]): void;
}

/** Of a classifier; without an estimator nothing is estimated. */
export class ClassifierPerformance implements SegmentRows<string> {
  readonly tally = new LabelTally();
  private readonly labelled: ClassificationAccumulator;
  private readonly estimated: ClassificationEstimateAccumulator | null;

  constructor(
    private readonly plan: ClassificationPlan,
    estimator: ClassificationEstimator | null,
  ) {
    this.labelled = new ClassificationAccumulator(plan.task);
    this.estimated = estimator === null ? null : new ClassificationEstimateAccumulator(estimator);
  }

  add(rows: readonly PerformanceRow<string>[]): void {
    const predicted = rows.filter((row) => this.count(row));
    this.estimated?.add(this.columnsOf(predicted));
    const labelled = predicted.filter(({ truth }) => truth !== null);
    this.labelled.add({ ...this.columnsOf(labelled), truth: labelled.map(({ truth }) => truth ?? '') });
  }

  findings(): SegmentFindings {
    return {
      performance: this.tally.labelledCount === 0 ? null : this.labelled.performance(),
      estimate: this.estimated === null || this.tally.predictedCount === 0 ? null : this.estimated.estimate(),
    };
  }

  /** Counts a row; whether it has a prediction, or scores to take one from. */
  private count({ truth, predicted, scores, delayMs }: PerformanceRow<string>): boolean {
    const isPredicted = predicted !== null || scores.some((score) => !Number.isNaN(score));
    if (isPredicted) this.tally.addPredicted(truth !== null, delayMs);
    else this.tally.addUnpredicted();
    return isPredicted;
  }

  private columnsOf(rows: readonly PerformanceRow<string>[]) {
    return {
      predicted: rows.map(({ predicted }) => predicted),
      scores: this.plan.scores.map((_, at) => Float64Array.from(rows, ({ scores }) => scores[at] ?? NaN)),
    };
  }
}

/** Of a regression. */
export class RegressorPerformance implements SegmentRows<number> {
  readonly tally = new LabelTally();
  private readonly labelled = new RegressionAccumulator();
  private readonly estimated: RegressionEstimateAccumulator | null;

  constructor(
    private readonly features: readonly FeatureColumn[],
    estimator: RegressionEstimator | null,
  ) {
    this.estimated = estimator === null ? null : new RegressionEstimateAccumulator(estimator);
  }

  add(rows: readonly PerformanceRow<number>[]): void {
    const predicted = rows.filter((row) => this.count(row));
    this.estimated?.add({
      predicted: Float64Array.from(predicted, numberPredicted),
      features: this.featuresOf(predicted),
    });
    const labelled = predicted.filter(({ truth }) => truth !== null);
    this.labelled.add({
      predicted: Float64Array.from(labelled, numberPredicted),
      truth: Float64Array.from(labelled, ({ truth }) => truth ?? NaN),
    });
  }

  findings(): SegmentFindings {
    return {
      performance: this.tally.labelledCount === 0 ? null : this.labelled.performance(),
      estimate: this.estimated === null || this.tally.predictedCount === 0 ? null : this.estimated.estimate(),
    };
  }

  private count({ truth, predicted, delayMs }: PerformanceRow<number>): boolean {
    if (predicted !== null) this.tally.addPredicted(truth !== null, delayMs);
    else this.tally.addUnpredicted();
    return predicted !== null;
  }

  private featuresOf(rows: readonly PerformanceRow<number>[]): NamedColumn[] {
    return featureColumns(
      this.features,
      rows.map(({ values }) => values),
    );
  }
}

function numberPredicted({ predicted }: PerformanceRow<number>): number {
  return predicted ?? NaN;
}
