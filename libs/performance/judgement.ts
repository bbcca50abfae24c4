import type { Instant } from '#platform';

/**
 * Whether a window's performance counts. `waiting`: its ground truth is not there yet. `judged`: it counts. `unlabelled`: the deadline
 * has passed without any; it is not fine, it is unknown.
 */
export const PERFORMANCE_STATUSES = ['waiting', 'judged', 'unlabelled'] as const;
export type PerformanceStatus = (typeof PERFORMANCE_STATUSES)[number];

export const JUDGEMENT_REASONS = [
  'too-few-labelled-rows',
  'enough-labelled-rows',
  'deadline-passed',
  'no-ground-truth',
] as const;
export type JudgementReason = (typeof JUDGEMENT_REASONS)[number];

/** When a window is judged: see the model's `performance`. */
export interface JudgementSettings {
  readonly minLabelledRows: number;
  readonly minLabelledShare: number;
  readonly deadlineMs: number;
}

/** What is known of a window. */
export interface Labelling {
  readonly windowEnd: Instant;
  /** Captured rows with a prediction. */
  readonly predictedCount: number;
  /** Those of them with ground truth. */
  readonly labelledCount: number;
}

export interface Judgement {
  readonly status: PerformanceStatus;
  readonly reason: JudgementReason;
}

/** Judges a window when enough of its rows are labelled or its deadline has passed, whichever comes first. Pure. */
export function judge(
  { windowEnd, predictedCount, labelledCount }: Labelling,
  { minLabelledRows, minLabelledShare, deadlineMs }: JudgementSettings,
  now: Instant,
): Judgement {
  if (labelledCount >= minLabelledRows && labelledCount >= minLabelledShare * predictedCount)
    return { status: 'judged', reason: 'enough-labelled-rows' };
  if (now < windowEnd + deadlineMs) return { status: 'waiting', reason: 'too-few-labelled-rows' };
  return labelledCount > 0
    ? { status: 'judged', reason: 'deadline-passed' }
    : { status: 'unlabelled', reason: 'no-ground-truth' };
}
