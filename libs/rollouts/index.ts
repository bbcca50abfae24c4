export { compareRollout, type ComparedRollout, type RolloutData } from './compare-rollout.js';
export { bucketsOfLatencies } from './latency-cells.js';
export { METRIC_OUTCOMES, type MetricComparison, type MetricOutcome } from './metric-comparison.js';
export { ROLLOUT_REASONS, ROLLOUT_VERDICTS, type RolloutReason, type RolloutVerdict } from './reasons.js';
export {
  DEFAULT_ROLLOUT_SETTINGS,
  ROLLOUT_METRICS,
  type RolloutMetric,
  type RolloutSettings,
} from './rollout-settings.js';
export type {
  LatencyBucket,
  RolloutStep,
  ServingCounts,
  ServingCountsReader,
  ServingStep,
  StepRange,
} from './serving-counts.js';
