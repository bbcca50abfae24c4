export { CollectorMetrics } from './collector-metrics.js';
export { CollectorRunner, type RunningCollector } from './collector-runner.js';
export { collectorSchema, type CollectorSpec } from './collector-schema.js';
export { collectorProblem } from './collector-lines.js';
export { createMetricsSource, type MetricsSourceDeps } from './create-metrics-source.js';
export { histogramQuantile, type Bucket, type HistogramQuantile } from './lines/histogram-quantile.js';
export type { CollectedSample, Collection, MetricsSource } from './metrics-source.js';
export { collectorLines } from './collector-lines.js';
export {
  detectPresets,
  detectSchema,
  type Detection,
  type DetectRequest,
  type PresetProposal,
} from './detect.js';
export { describeCollector, type CollectorDescription } from './collector-description.js';
export { signalsOf, type SignalLine } from './lines/line.js';
export { PRESET_NAMES, PRESETS, type PresetName } from './presets/presets.js';
export type { ServingCounts } from './lines/counted-lines.js';
export { ServingCountsReader } from './serving-counts-reader.js';
export type { ServingStep, StepRange, StepsByVersion } from './serving-steps.js';
export { PrometheusHistory } from './prometheus/prometheus-history.js';
export { deleteCountsOf, StoredCounts } from './stored-counts.js';
