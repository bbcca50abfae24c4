import { Counter, type Registry } from 'prom-client';
import { FAILURE_KINDS } from '#platform';

const OUTCOMES = ['delivered', ...FAILURE_KINDS] as const;

/** What Leeway's own /metrics say of deliveries by this process. */
export class OutboxMetrics {
  readonly deliveries: Counter<'channel' | 'outcome'>;

  constructor(registry: Registry) {
    this.deliveries = new Counter({
      name: 'leeway_outbox_deliveries_total',
      help: 'Delivery tries, by how they ended.',
      labelNames: ['channel', 'outcome'],
      registers: [registry],
    });
  }

  /** Makes every series of these channels and triggers exist, so that rates see their first event. */
  declare(channels: readonly string[]): void {
    for (const channel of channels)
      for (const outcome of OUTCOMES) this.deliveries.inc({ channel, outcome }, 0);
  }
}
