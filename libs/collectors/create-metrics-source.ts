import type { OutboundDeps, ResolveSecret } from '#platform';
import type { CollectorMetrics } from './collector-metrics.js';
import type { CollectorSpec } from './collector-schema.js';
import type { MetricsSource } from './metrics-source.js';
import { PrometheusSource } from './prometheus/prometheus-source.js';
import { ScrapeSource } from './direct/scrape-source.js';

export interface MetricsSourceDeps extends OutboundDeps {
  readonly collectorMetrics: CollectorMetrics;
  readonly resolveSecret: ResolveSecret;
}

/**
 * The source that a collector's configuration describes.
 *
 * @throws Error that says what does not fit: lines that give one signal twice, or a certificate that cannot be read
 */
export function createMetricsSource(spec: CollectorSpec, deps: MetricsSourceDeps): MetricsSource {
  return spec.kind === 'scrape' ? new ScrapeSource(spec, deps) : new PrometheusSource(spec, deps);
}
