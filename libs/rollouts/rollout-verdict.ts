import type { MetricComparison } from './metric-comparison.js';
import { metricReason, reason, type RolloutReason, type RolloutVerdict } from './reasons.js';
import type { RolloutSettings } from './rollout-settings.js';

/** What is known beside the metrics. */
export interface RolloutProgress {
  /** From the start of the comparison to the end of its last step. */
  readonly elapsedMs: number;
  readonly stableRequests: number;
  readonly canaryRequests: number;
  /** Steps whose counts were NaN, negative, or fewer than their errors; they are left out. */
  readonly invalidSteps: number;
  /** Steps with valid counts of either version. */
  readonly measuredSteps: number;
}

/** A verdict with at least one reason. */
export interface ReasonedRollout {
  readonly verdict: RolloutVerdict;
  readonly reasons: readonly RolloutReason[];
}

/**
 * `roll-back` where a metric is worse; else `hold` with all that is missing; else `promote`. In this order: a canary that is surely
 * worse is not kept for its minimum time, and nothing promotes one of which too little is known.
 */
export function rolloutVerdict(
  metrics: readonly MetricComparison[],
  progress: RolloutProgress,
  settings: RolloutSettings,
): ReasonedRollout {
  const worse = metrics.filter(({ outcome }) => outcome === 'worse');
  if (worse.length > 0)
    return { verdict: 'roll-back', reasons: worse.map((metric) => metricReason('worse', metric)) };
  const holds = [...progressHolds(progress, settings), ...metricHolds(metrics, settings)];
  if (holds.length > 0) return { verdict: 'hold', reasons: holds };
  const words = `harm beyond the tolerances is excluded at ${100 * settings.confidence}% confidence`;
  return { verdict: 'promote', reasons: [reason('no-harm', words)] };
}

/** Share of steps with counts that cannot be above which something is wrong with the measurement, and not with a moment. */
const MAX_INVALID_SHARE = 0.1;

function progressHolds(progress: RolloutProgress, settings: RolloutSettings): RolloutReason[] {
  const { measuredSteps, invalidSteps, stableRequests, canaryRequests, elapsedMs } = progress;
  const holds: RolloutReason[] = [];
  if (invalidSteps > MAX_INVALID_SHARE * (invalidSteps + measuredSteps)) {
    holds.push(
      reason(
        'invalid-counts',
        `${invalidSteps} steps have counts that cannot be: no numbers, negative, or fewer requests than errors`,
      ),
    );
  }
  if (measuredSteps === 0) {
    return [
      ...holds,
      reason('no-serving-data', 'no requests, errors or latencies were measured for these versions'),
    ];
  }
  if (canaryRequests === 0) holds.push(reason('no-canary-traffic', 'the canary answered no request'));
  if (stableRequests === 0)
    holds.push(reason('no-stable-traffic', 'the stable version answered no request to compare with'));
  if (elapsedMs < settings.minTimeMs) {
    holds.push(reason('time', `${minutes(elapsedMs)} of ${minutes(settings.minTimeMs)} have passed`));
  }
  const fewer = Math.min(stableRequests, canaryRequests);
  if (fewer > 0 && fewer < settings.minRequests) {
    const who = canaryRequests <= stableRequests ? 'the canary' : 'the stable version';
    holds.push(
      reason('traffic', `${who} answered ${Math.floor(fewer)} of at least ${settings.minRequests} requests`),
    );
  }
  return holds;
}

function metricHolds(metrics: readonly MetricComparison[], settings: RolloutSettings): RolloutReason[] {
  return metrics.flatMap((comparison): RolloutReason[] => {
    const isRequired = settings.required.includes(comparison.metric);
    switch (comparison.outcome) {
      case 'undecided':
        return [metricReason('harm-not-excluded', comparison)];
      case 'unresolved':
        return isRequired ? [metricReason('resolution', comparison)] : [];
      case 'missing':
        return isRequired ? [metricReason('missing-metric', comparison)] : [];
      case 'worse':
      case 'no-harm':
        return [];
    }
  });
}

function minutes(ms: number): string {
  return `${Number((ms / 60_000).toPrecision(3))} minutes`;
}
