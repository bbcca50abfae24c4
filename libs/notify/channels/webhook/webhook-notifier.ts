import type { OutboundDeps } from '#platform';
import type { AlertNotification, DeliveryOutcome, NotifiedAlert, Notifier } from '../notifier.js';
import { sendSignedWebhook } from './signed-webhook.js';

export interface WebhookChannel {
  readonly target: string;
  readonly url: string;
  readonly secret: string;
}

/** Standard Webhooks asks for bodies below 20 kB; receivers may refuse more. */
const MAX_BODY_BYTES = 20_000;

/** Sends notifications to any program, as signed webhooks with the notification's id. */
export class WebhookNotifier implements Notifier {
  constructor(
    private readonly channel: WebhookChannel,
    private readonly deps: OutboundDeps,
  ) {
    deps.metrics.declare(channel.target);
  }

  notify(notification: AlertNotification, signal: AbortSignal): Promise<DeliveryOutcome> {
    const message = {
      ...this.channel,
      id: notification.id,
      at: this.deps.now(),
      body: webhookBody(notification),
    };
    return sendSignedWebhook(message, this.deps, signal);
  }
}

/** The body of a notification: `alerts.firing` while any alert fires, else `alerts.resolved`; alerts that find no room are counted. */
export function webhookBody({ createdAt, ...notification }: AlertNotification): object {
  const isFiring = notification.alerts.some(({ state }) => state === 'firing');
  const body = (alerts: readonly NotifiedAlert[]): object => ({
    type: isFiring ? 'alerts.firing' : 'alerts.resolved',
    timestamp: createdAt,
    data: { ...notification, alerts, omittedAlertCount: notification.alerts.length - alerts.length },
  });
  let left = MAX_BODY_BYTES - byteLength(body([]));
  const fitting = notification.alerts.filter((alert) => {
    // Once one has no room, none of the later ones does: the order says which matter most.
    left = left < 0 ? left : left - byteLength(alert) - 1;
    return left >= 0;
  });
  return body(fitting);
}

function byteLength(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
