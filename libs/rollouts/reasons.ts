import type { MetricComparison } from './metric-comparison.js';
import type { RolloutMetric } from './rollout-settings.js';

export const ROLLOUT_VERDICTS = ['promote', 'hold', 'roll-back'] as const;
export type RolloutVerdict = (typeof ROLLOUT_VERDICTS)[number];

/** Why: the same words in the API and in documents. */
export const ROLLOUT_REASONS = [
  'no-harm',
  'worse',
  'no-canary',
  'no-stable',
  'no-serving-data',
  'invalid-counts',
  'no-canary-traffic',
  'no-stable-traffic',
  'time',
  'traffic',
  'resolution',
  'missing-metric',
  'harm-not-excluded',
] as const;
export type RolloutReasonCode = (typeof ROLLOUT_REASONS)[number];

/** A reason, of which metric where it is one metric's, in words for the person on call. */
export interface RolloutReason {
  readonly code: RolloutReasonCode;
  readonly metric: RolloutMetric | null;
  readonly words: string;
}

/** A reason that is not one metric's. */
export function reason(code: RolloutReasonCode, words: string): RolloutReason {
  return { code, metric: null, words };
}

const NAMES: Record<RolloutMetric, string> = {
  'server-error-ratio': 'the share of calls with a server error (5xx)',
  'client-error-ratio': 'the share of calls with a client error (4xx)',
  'latency-p95': 'the p95 of the latency',
  'latency-p99': 'the p99 of the latency',
  'latency-body': 'the probability that a call of the canary is slower than one of the stable version',
  predictions: 'the distribution of the predictions',
  'misclassified-ratio': 'the share of wrong predictions among labelled ones',
};

/** What a metric says about the verdict. */
export function metricReason(code: RolloutReasonCode, comparison: MetricComparison): RolloutReason {
  return { code, metric: comparison.metric, words: metricWords(code, comparison) };
}

function metricWords(code: RolloutReasonCode, comparison: MetricComparison): string {
  const name = NAMES[comparison.metric];
  switch (code) {
    case 'worse':
      return `${name} is worse in the canary: ${pairWords(comparison)}`;
    case 'resolution':
      return `the measurement is too coarse to show harm in ${name}: no edge of the latency histogram lies between the stable figure and the limit; add buckets there`;
    case 'missing-metric':
      return `${name} is required for a promotion and was not measured for both versions`;
    default:
      return `harm in ${name} cannot be excluded yet: ${pairWords(comparison)}; more calls will tell`;
  }
}

function pairWords({ stable, canary, limit, unit }: MetricComparison): string {
  return `${figure(canary, unit)} in the canary, ${figure(stable, unit)} in the stable version, harm from ${figure(limit, unit)}`;
}

function figure(value: number | null, unit: MetricComparison['unit']): string {
  if (value === null) return 'beyond what is measured';
  if (unit === 'ratio') return `${Number((100 * value).toPrecision(3))}%`;
  return unit === 'seconds' ? `${Number(value.toPrecision(3))} s` : String(Number(value.toPrecision(3)));
}
