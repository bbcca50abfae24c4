import type { Instant } from '#platform';
import { compareServing } from './compare-serving.js';
import type { MetricComparison } from './metric-comparison.js';
import { rolloutVerdict, type ReasonedRollout, type RolloutProgress } from './rollout-verdict.js';
import type { RolloutSettings } from './rollout-settings.js';
import { areValid, type RolloutStep, type ServingCounts } from './serving-counts.js';

/** What both versions did from the start of the canary on, in whole steps, oldest first. */
export interface RolloutData {
  readonly from: Instant;
  /** The end of the last whole step. */
  readonly to: Instant;
  readonly stepMs: number;
  readonly steps: readonly RolloutStep[];
  /** Metrics that do not come from serving counts, compared already. */
  readonly others?: readonly MetricComparison[];
}

/** A verdict with what it rests on. */
export interface ComparedRollout extends ReasonedRollout {
  readonly progress: RolloutProgress;
  readonly metrics: readonly MetricComparison[];
}

/**
 * Compares a canary with the stable version over the same time.
 *
 * The verdict is a function of the data alone: each step is one look, past ones too, so that it does not matter how often somebody asks
 * or which replica answers; `roll-back` stays. Without any difference, and calls independent of each other, the probability of
 * `roll-back` is at most the settings' rate, over all metrics and all looks, however long it goes on. Nothing throws on odd counts.
 */
export function compareRollout(data: RolloutData, settings: RolloutSettings): ComparedRollout {
  const { steps, invalidSteps } = validSteps(data.steps);
  const metrics = [...compareServing(steps, data.stepMs, settings), ...(data.others ?? [])];
  const requests = (version: 'stable' | 'canary'): number =>
    steps.reduce((sum, step) => sum + (step[version]?.requests ?? 0), 0);
  const progress = {
    elapsedMs: Math.max(0, data.to - data.from),
    stableRequests: requests('stable'),
    canaryRequests: requests('canary'),
    invalidSteps,
    measuredSteps: steps.filter(({ stable, canary }) => stable !== null || canary !== null).length,
  };
  return { ...rolloutVerdict(metrics, progress, settings), progress, metrics };
}

/** The steps without counts that cannot be. */
function validSteps(all: readonly RolloutStep[]): {
  readonly steps: RolloutStep[];
  readonly invalidSteps: number;
} {
  const isSound = (counts: ServingCounts | null): boolean => counts === null || areValid(counts);
  const steps = all.filter(({ stable, canary }) => isSound(stable) && isSound(canary));
  return { steps, invalidSteps: all.length - steps.length };
}
