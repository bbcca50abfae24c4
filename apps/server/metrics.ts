import { collectDefaultMetrics, Registry } from 'prom-client';
import { CollectorMetrics } from '#collectors';
import { DriftMetrics } from '#drift';
import { IngestMetrics, KafkaMetrics } from '#ingest';
import { OutboxMetrics } from '#notify';
import { PerformanceMetrics } from '#performance';
import { OutboundMetrics, systemClock, type Clock } from '#platform';
import { RetrainingMetrics } from '#retraining';
import { AlertMetrics } from '#rules';
import { EvaluationMetrics } from './evaluation-metrics.js';
import { HttpMetrics } from './http/http-metrics.js';

/** Gauges of prom-client that are named like counters, which promtool objects to; the same by type are there without `_total`. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

/** Everything that Leeway shows on /metrics. */
export function createMetrics(clock: Clock) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  return {
    registry,
    alerts: new AlertMetrics(registry),
    collectors: new CollectorMetrics(registry),
    drift: new DriftMetrics(registry, () => clock.now()),
    evaluation: new EvaluationMetrics(registry),
    http: new HttpMetrics(registry),
    ingest: new IngestMetrics(registry),
    kafka: new KafkaMetrics(registry),
    outbound: new OutboundMetrics(registry),
    outbox: new OutboxMetrics(registry),
    performance: new PerformanceMetrics(registry),
    retraining: new RetrainingMetrics(registry),
  };
}

/** The names of all metrics, for checking dashboards and rules against. */
export function metricNames(): string[] {
  return createMetrics(systemClock)
    .registry.getMetricsAsArray()
    .map(({ name }) => name);
}
