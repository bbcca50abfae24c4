import { collectDefaultMetrics, Registry } from 'prom-client';
import { CollectorMetrics } from '#collectors';
import { ExpositionMetrics, SignalMetrics } from '#exposition';
import { IngestMetrics, KafkaMetrics } from '#ingest';
import { OutboxMetrics } from '#notify';
import { PerformanceMetrics } from '#performance';
import { OutboundMetrics, systemClock } from '#platform';
import { EvaluationMetrics } from './evaluation-metrics.js';
import { HttpMetrics } from './http/http-metrics.js';

/** Gauges of prom-client that are named like counters, which promtool objects to; the same by type are there without `_total`. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

/** Everything that Leeway shows on /metrics. */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  return {
    registry,
    collectors: new CollectorMetrics(registry),
    evaluation: new EvaluationMetrics(registry),
    exposition: new ExpositionMetrics(registry),
    http: new HttpMetrics(registry),
    ingest: new IngestMetrics(registry),
    kafka: new KafkaMetrics(registry),
    outbound: new OutboundMetrics(registry),
    outbox: new OutboxMetrics(registry),
    performance: new PerformanceMetrics(registry),
  };
}

/** The names of all metrics, for checking dashboards and rules against. */
export function metricNames(): string[] {
  const { registry } = createMetrics();
  new SignalMetrics(registry, { newest: async () => [] }, systemClock);
  return registry.getMetricsAsArray().map(({ name }) => name);
}
