export { CollectorMetrics } from './collector-metrics.js';
export { CollectorRunner, type RunningCollector } from './collector-runner.js';
export { collectorSchema, type CollectorSpec } from './collector-schema.js';
export { createMetricsSource, type MetricsSourceDeps } from './create-metrics-source.js';
export { histogramQuantile, type Bucket, type HistogramQuantile } from './histogram-quantile.js';
export type { CollectedSample, Collection, MetricsSource } from './metrics-source.js';
