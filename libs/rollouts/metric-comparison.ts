import type { Instant } from '#platform';
import type { RolloutMetric } from './rollout-settings.js';

/**
 * What is known of one metric. `worse`: surely and relevantly worse, at some look so far. `no-harm`: harm beyond the tolerance is
 * excluded. `undecided`: neither. `unresolved`: the measurement is too coarse to show harm, however long one waits.
 * `missing`: there is nothing to compare.
 */
export const METRIC_OUTCOMES = ['worse', 'no-harm', 'undecided', 'unresolved', 'missing'] as const;
export type MetricOutcome = (typeof METRIC_OUTCOMES)[number];

/** Of the difference canary − stable, at the confidence of the settings. */
export interface DifferenceInterval {
  readonly lowerBound: number;
  readonly upperBound: number;
}

/** The figures of both versions over the same time; null where there is none. */
export interface MetricFigures {
  readonly unit: 'ratio' | 'seconds' | 'probability' | 'distance';
  /** The stable one's, as it would be with the canary's traffic over time (direct standardisation). */
  readonly stable: number | null;
  readonly canary: number | null;
  readonly difference: number | null;
  readonly interval: DifferenceInterval | null;
  /** The canary's figure from which there is harm. */
  readonly limit: number | null;
  /** Rows or calls that the figures are of. */
  readonly stableCount: number;
  readonly canaryCount: number;
  readonly outcome: Exclude<MetricOutcome, 'worse'>;
}

/** One metric of the comparison. */
export interface MetricComparison extends Omit<MetricFigures, 'outcome'> {
  readonly metric: RolloutMetric;
  readonly outcome: MetricOutcome;
  /** Probability of evidence like the present one at any look, without a difference; before sharing it among the metrics. */
  readonly anytimePValue: number;
  /** The end of the step at which it was found worse; null unless it was. */
  readonly worseAt: Instant | null;
}

/** One metric, collected step by step. */
export interface MetricEvidence<Step> {
  readonly metric: RolloutMetric;
  add(step: Step): void;
  /** ln of the evidence that the canary is worse, valid at every look. */
  readonly nats: number;
  /** Whether the estimate is far enough from the stable one to matter. */
  isRelevant(): boolean;
  figures(): MetricFigures;
}

/** The figures of a metric of which nothing was measured. */
export function missingFigures(unit: MetricFigures['unit']): MetricFigures {
  return {
    unit,
    stable: null,
    canary: null,
    difference: null,
    interval: null,
    limit: null,
    stableCount: 0,
    canaryCount: 0,
    outcome: 'missing',
  };
}
