import { Counter, Gauge, type Registry } from 'prom-client';
import { PROBLEM_REASONS, type Problem } from './metrics-source.js';

/** Whether collectors work, on Leeway's own /metrics. */
export class CollectorMetrics {
  private readonly lastSuccess: Gauge<'collector'>;
  private readonly failures: Counter<'collector' | 'reason'>;

  constructor(registry: Registry) {
    this.lastSuccess = new Gauge({
      name: 'leeway_collectors_last_success_timestamp_seconds',
      help: 'When a collector last read at least one of its targets or queries; 0 is never.',
      labelNames: ['collector'],
      registers: [registry],
    });
    this.failures = new Counter({
      name: 'leeway_collectors_failures_total',
      help: 'Targets, queries and series that a collector could not use, by reason.',
      labelNames: ['collector', 'reason'],
      registers: [registry],
    });
  }

  /** Makes every series of a collector exist, so that rates see its first event. */
  declare(collector: string): void {
    this.lastSuccess.set({ collector }, 0);
    for (const reason of PROBLEM_REASONS) this.failures.inc({ collector, reason }, 0);
  }

  /** Records a round. It was a success when anything at all was read. */
  record(collector: string, at: number, isSuccess: boolean, problems: readonly Problem[]): void {
    if (isSuccess) this.lastSuccess.set({ collector }, at / 1_000);
    for (const { reason } of problems) this.failures.inc({ collector, reason });
  }
}
