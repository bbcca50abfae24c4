import type { Margin } from '#stats';

/** What is compared. */
export const ROLLOUT_METRICS = [
  'server-error-ratio',
  'client-error-ratio',
  'latency-p95',
  'latency-p99',
  'latency-body',
  'predictions',
  'misclassified-ratio',
] as const;
export type RolloutMetric = (typeof ROLLOUT_METRICS)[number];

/**
 * The part of the rate of false roll backs that each metric may use; they add up to 1 (Bonferroni), whatever of them is measured.
 * Server errors and p99 get most, since they are what a rollout is watched for.
 */
export const RATE_PARTS: Record<RolloutMetric, number> = {
  'server-error-ratio': 0.3,
  'client-error-ratio': 0.1,
  'latency-p95': 0.1,
  'latency-p99': 0.2,
  'latency-body': 0.1,
  predictions: 0.1,
  'misclassified-ratio': 0.1,
};

/** When a canary is promoted, held or rolled back. */
export interface RolloutSettings {
  /** From the start of the comparison to a promotion at the earliest, in milliseconds. */
  readonly minTimeMs: number;
  /** Requests that each version must have answered before a promotion. */
  readonly minRequests: number;
  /** How often a canary without any difference may be rolled back, all metrics and all looks together. */
  readonly falseRollBackRate: number;
  /** Of the two-sided intervals whose upper bound must exclude harm before a promotion. */
  readonly confidence: number;
  /** The part of the tolerance that an estimate must reach before a sure difference rolls back, 0 to 1. */
  readonly rollBackPart: number;
  /** Without these there is no promotion: missing, or too coarse to show harm, they hold. Others count where they can be judged. */
  readonly required: readonly RolloutMetric[];
  /** By how much a ratio may exceed the stable one's: absolute + relative × stable. */
  readonly serverErrors: Margin;
  readonly clientErrors: Margin;
  readonly misclassified: Margin;
  /** By which share of itself p95 or p99 may rise. */
  readonly latencyTail: number;
  /** Harm to the body is both: P(canary slower) above ½ by the first, and the median up by the second share of itself. */
  readonly latencyBody: { readonly superiority: number; readonly median: number };
}

/**
 * Half an hour, as the rollouts of most teams take. 2,000 requests: with fewer than 1,533, even a canary without a single error cannot
 * exclude 0.25 points more errors, so there would be nothing to promote on.
 * Server errors: 0.5% may become 1.0%, 0.1% may become 0.4%. Client errors depend on who calls, so they may differ more.
 * p95 and p99: half as much again is what users notice. Body: 0.1 is between a small and a medium effect (Cohen's d of 0.36).
 * Half of a tolerance rolls back: an estimate there is nearer to harm than to no difference, and it is sure that there is one.
 */
export const DEFAULT_ROLLOUT_SETTINGS: RolloutSettings = {
  minTimeMs: 30 * 60_000,
  minRequests: 2_000,
  falseRollBackRate: 0.05,
  confidence: 0.95,
  rollBackPart: 0.5,
  required: ['server-error-ratio', 'latency-p99'],
  serverErrors: { absolute: 0.0025, relative: 0.5 },
  clientErrors: { absolute: 0.01, relative: 0.5 },
  misclassified: { absolute: 0.02, relative: 0.25 },
  latencyTail: 0.5,
  latencyBody: { superiority: 0.1, median: 0.1 },
};
