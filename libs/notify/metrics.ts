import { Counter, Gauge, type Registry } from 'prom-client';

/** What Leeway's own /metrics say of the outbox. */
export class OutboxMetrics {
  readonly deliveries: Counter<'channel' | 'outcome'>;
  readonly pending: Gauge<'channel'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.deliveries = new Counter({
      name: 'leeway_outbox_deliveries_total',
      help: 'Delivery tries, by how they ended.',
      labelNames: ['channel', 'outcome'],
      registers,
    });
    this.pending = new Gauge({
      name: 'leeway_outbox_pending',
      help: 'Messages that are decided and not yet delivered.',
      labelNames: ['channel'],
      registers,
    });
  }
}
