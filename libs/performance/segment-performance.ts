import { ClassificationAccumulator, RegressionAccumulator, type PredictedClasses } from '#stats';
import { LabelTally } from './label-tally.js';
import type { ClassificationPlan } from './performance-plan.js';
import type { PerformanceResult } from './performance-result.js';
import type { PerformanceRow } from './window-rows.js';

/** What was found of one segment of a window. */
export type SegmentFindings = Pick<PerformanceResult, 'performance'>;

/** What the rows of one window and segment came to. */
export interface SegmentPerformance {
  readonly tally: LabelTally;
  findings(): SegmentFindings;
}

/** Collects the rows of one window and segment, a page at a time. */
export interface SegmentRows<Value> extends SegmentPerformance {
  add(rows: readonly PerformanceRow<Value>[]): void;
}

/** Of a classifier. */
export class ClassifierPerformance implements SegmentRows<string> {
  readonly tally = new LabelTally();
  private readonly labelled: ClassificationAccumulator;

  constructor(private readonly plan: ClassificationPlan) {
    this.labelled = new ClassificationAccumulator(plan.task);
  }

  add(rows: readonly PerformanceRow<string>[]): void {
    const predicted = rows.filter((row) => this.count(row));
    const labelled = predicted.filter(({ truth }) => truth !== null);
    this.labelled.add({ ...this.columnsOf(labelled), truth: labelled.map(({ truth }) => truth ?? '') });
  }

  findings(): SegmentFindings {
    return { performance: this.tally.labelledCount === 0 ? null : this.labelled.performance() };
  }

  /** Counts a row; whether it has a prediction, or scores to take one from. */
  private count({ truth, predicted, scores, delayMs }: PerformanceRow<string>): boolean {
    const isPredicted = predicted !== null || scores.some((score) => !Number.isNaN(score));
    if (isPredicted) this.tally.addPredicted(truth !== null, delayMs);
    else this.tally.addUnpredicted();
    return isPredicted;
  }

  private columnsOf(rows: readonly PerformanceRow<string>[]): PredictedClasses {
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

  add(rows: readonly PerformanceRow<number>[]): void {
    const predicted = rows.filter((row) => this.count(row));
    const labelled = predicted.filter(({ truth }) => truth !== null);
    this.labelled.add({
      predicted: Float64Array.from(labelled, ({ predicted }) => predicted ?? NaN),
      truth: Float64Array.from(labelled, ({ truth }) => truth ?? NaN),
    });
  }

  findings(): SegmentFindings {
    return { performance: this.tally.labelledCount === 0 ? null : this.labelled.performance() };
  }

  private count({ truth, predicted, delayMs }: PerformanceRow<number>): boolean {
    if (predicted !== null) this.tally.addPredicted(truth !== null, delayMs);
    else this.tally.addUnpredicted();
    return predicted !== null;
  }
}
