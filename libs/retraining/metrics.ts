import { Gauge, type Registry } from 'prom-client';
import type { RetrainingRuns } from './runs.js';

/** Shows retraining runs on Leeway's own /metrics, as of the last evaluation. */
export class RetrainingMetrics {
  private readonly gauge: Gauge<'model' | 'status'>;

  constructor(registry: Registry) {
    this.gauge = new Gauge({
      name: 'leeway_retraining_runs',
      help: 'Retraining runs, by model and status.',
      labelNames: ['model', 'status'],
      registers: [registry],
    });
  }

  async measure(runs: RetrainingRuns): Promise<void> {
    const counts = await runs.countByStatus();
    this.gauge.reset();
    for (const { count, ...labels } of counts) this.gauge.set(labels, count);
  }
}
