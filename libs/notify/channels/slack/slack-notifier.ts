import { IncomingWebhook } from '@slack/webhook';
import { callOutbound, type OutboundDeps, type OutboundResult } from '#platform';
import {
  deliveryOutcome,
  DELIVERY_TIMEOUT_MS,
  type AlertNotification,
  type DeliveryOutcome,
  type Notifier,
} from '../notifier.js';
import { slackMessage } from './message.js';

export interface SlackChannel {
  readonly target: string;
  /** A secret: whoever knows it can post. */
  readonly webhookUrl: string;
}

/**
 * Posts notifications to a Slack incoming webhook.
 *
 * Sends through `@slack/webhook` with a transport of our own, because version 8 has no timeout by default and loses the
 * Retry-After of a 429. Slack knows no idempotency key: a try whose answer is lost may show twice.
 */
export class SlackNotifier implements Notifier {
  constructor(
    private readonly channel: SlackChannel,
    private readonly deps: OutboundDeps,
  ) {
    deps.metrics.declare(channel.target);
  }

  async notify(notification: AlertNotification, signal: AbortSignal): Promise<DeliveryOutcome> {
    const sent: { result: OutboundResult | null } = { result: null };
    const webhook = new IncomingWebhook(this.channel.webhookUrl, {
      fetch: async (url, { method = 'POST', headers = {}, body } = {}) => {
        if (typeof body !== 'string') throw new TypeError('@slack/webhook sent a body that is not JSON');
        sent.result = await callOutbound(
          {
            target: this.channel.target,
            url: String(url),
            method,
            headers,
            body,
            timeoutMs: DELIVERY_TIMEOUT_MS,
          },
          this.deps,
          signal,
        );
        return asResponse(sent.result);
      },
    });
    try {
      await webhook.send(slackMessage(notification));
    } catch (error) {
      // What the library throws says less than the result that our transport kept; without one, it is a bug.
      if (sent.result === null) throw error;
    }
    if (sent.result === null) throw new Error('@slack/webhook sent nothing');
    return deliveryOutcome(sent.result);
  }
}

function asResponse(result: OutboundResult): Response {
  const { status, headers, text } = result;
  if (status === null) throw new Error('no answer');
  return new Response(text === '' ? null : text, { status, headers });
}
