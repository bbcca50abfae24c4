import { Gauge, type Registry } from 'prom-client';
import type { Alerts } from './alerts.js';

/** Shows open alerts on Leeway's own /metrics, as of the last evaluation. */
export class AlertMetrics {
  private readonly gauge: Gauge<'model' | 'rule' | 'severity' | 'state'>;

  constructor(registry: Registry) {
    this.gauge = new Gauge({
      name: 'leeway_alerts',
      help: 'Open alerts, by rule and state.',
      labelNames: ['model', 'rule', 'severity', 'state'],
      registers: [registry],
    });
  }

  async measure(alerts: Alerts): Promise<void> {
    const open = await alerts.countOpen();
    this.gauge.reset();
    for (const { count, ...labels } of open) this.gauge.set(labels, count);
  }
}
