import type { ClassificationPerformance, RegressionPerformance } from '#stats';
import type { JudgementReason, PerformanceStatus } from './judgement.js';

/** How long ground truth took from its prediction, in seconds; negative where it was known before. */
export interface LabelDelay {
  readonly medianSeconds: number;
  readonly maximumSeconds: number;
}

/** The performance of one version in one window and segment, as ground truth shows it. */
export interface PerformanceResult {
  readonly model: string;
  readonly version: string;
  /** `all` for all rows together. */
  readonly segment: string;
  readonly from: string;
  readonly to: string;
  readonly evaluatedAt: string;
  readonly status: PerformanceStatus;
  readonly reason: JudgementReason;
  /** Captured rows with a prediction: what performance and estimate are of. */
  readonly predictedCount: number;
  /** Captured rows without one: requests whose response did not come. */
  readonly unpredictedCount: number;
  /** Predictions with ground truth; their share of the predictions, null of none. */
  readonly labelledCount: number;
  readonly labelledShare: number | null;
  readonly delay: LabelDelay | null;
  /** Of the rows that have ground truth so far; it counts when the window is judged. Null without any. */
  readonly performance: ClassificationPerformance | RegressionPerformance | null;
}
