import type { AlertNotification, DeliveryOutcome, Notifier } from './channels/index.js';
import type { Deliverer, OutboxEntry } from './outbox.js';

/** Delivers alert notifications through the notifier of their channel. */
export class AlertNotifications implements Deliverer {
  constructor(private readonly notifiers: ReadonlyMap<string, Notifier>) {}

  async deliver(entry: OutboxEntry, signal: AbortSignal): Promise<DeliveryOutcome> {
    const notifier = this.notifiers.get(entry.channel);
    if (notifier === undefined) {
      return {
        kind: 'failed',
        failure: 'other',
        isRetryable: false,
        retryAfterSeconds: null,
        detail: `the channel ${JSON.stringify(entry.channel)} is no longer configured`,
      };
    }
    const body = entry.body as Omit<AlertNotification, 'id'>;
    return notifier.notify({ ...body, id: `notification-${entry.id}` }, signal);
  }
}
