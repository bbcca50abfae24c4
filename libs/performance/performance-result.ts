import type {
  ClassificationEstimate,
  ClassificationPerformance,
  NoEstimatorReason,
  RegressionEstimate,
  RegressionPerformance,
} from '#stats';
import type { JudgementReason, PerformanceStatus } from './judgement.js';

/** Why a window has no estimate. */
export type NoEstimateReason =
  'no-baseline' | 'no-ground-truth-in-baseline' | 'task-changed' | NoEstimatorReason;

/** How long ground truth took from its prediction, in seconds; negative where it was known before. */
export interface LabelDelay {
  readonly medianSeconds: number;
  readonly maximumSeconds: number;
}

/** The performance of one version in one window and segment, with and without ground truth. */
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
  /** Of all rows, from their scores or features alone; null with the reason. */
  readonly estimate: ClassificationEstimate | RegressionEstimate | null;
  readonly estimateReason: NoEstimateReason | null;
  /** The baseline that the estimate rests on. */
  readonly baselineId: string | null;
}
