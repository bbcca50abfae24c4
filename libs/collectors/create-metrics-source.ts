import type { OutboundDeps, ResolveSecret } from '#platform';
import type { CollectorMetrics } from './collector-metrics.js';
import type { CollectorSpec } from './collector-schema.js';
import type { MetricsSource } from './metrics-source.js';
import { PrometheusSource } from './prometheus-source.js';
import { ScrapeSource } from './scrape-source.js';

export interface MetricsSourceDeps extends OutboundDeps {
  readonly collectorMetrics: CollectorMetrics;
  readonly resolveSecret: ResolveSecret;
}

/**
 * The source that a collector's configuration describes.
 *
 * @throws Error that names the reference when the bearer token cannot be read
 */
export function createMetricsSource(
  spec: CollectorSpec,
  { resolveSecret, ...deps }: MetricsSourceDeps,
): MetricsSource {
  const headers: Record<string, string> = { ...spec.headers };
  if (spec.bearerToken !== undefined) headers['authorization'] = `Bearer ${resolveSecret(spec.bearerToken)}`;
  switch (spec.kind) {
    case 'scrape':
      return new ScrapeSource(spec, { ...deps, headers });
    case 'prometheus':
      return new PrometheusSource(spec, { ...deps, headers });
  }
}
