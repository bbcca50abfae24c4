import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** The parts of an evaluation pass, in order. */
export const STAGES = [
  'payload-keys',
  'compaction',
  'pairing',
  'roll-ups',
  'first-baselines',
  'rebuilding',
  'ingest-signals',
  'drift',
  'performance',
  'rules',
  'notifications',
  'retraining',
  'retention',
] as const;
export type Stage = (typeof STAGES)[number];

/** What Leeway's own /metrics say of evaluation passes. */
export class EvaluationMetrics {
  readonly duration: Histogram;
  readonly lastSuccess: Gauge;
  readonly failures: Counter<'stage'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.duration = new Histogram({
      name: 'leeway_evaluation_duration_seconds',
      help: 'Duration of one evaluation pass.',
      buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60],
      registers,
    });
    this.lastSuccess = new Gauge({
      name: 'leeway_evaluation_last_success_timestamp_seconds',
      help: 'When an evaluation pass last ended without a failure.',
      registers,
    });
    this.failures = new Counter({
      name: 'leeway_evaluation_failures_total',
      help: 'Failures in evaluation passes, by stage.',
      labelNames: ['stage'],
      registers,
    });
    for (const stage of STAGES) this.failures.inc({ stage }, 0);
  }
}
