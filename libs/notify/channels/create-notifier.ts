import type { OutboundDeps, ResolveSecret } from '#platform';
import type { ChannelSpec } from './channel-schema.js';
import type { Notifier } from './notifier.js';
import { SlackNotifier } from './slack/slack-notifier.js';
import { isSigningSecret, SECRET_FORM } from './webhook/signed-webhook.js';
import { WebhookNotifier } from './webhook/webhook-notifier.js';

/**
 * The notifier that a channel's configuration describes. Secrets are read once, here, so that a missing one is seen at start.
 *
 * @throws Error that names the channel and the reference (never the secret) when a secret is missing or cannot be one
 */
export function createNotifier(
  channel: ChannelSpec,
  resolveSecret: ResolveSecret,
  deps: OutboundDeps,
): Notifier {
  const target = `channel:${channel.name}`;
  switch (channel.kind) {
    case 'slack': {
      const webhookUrl = secretOf(channel.name, () => resolveSecret(channel.webhookUrl));
      if (!isWebUrl(webhookUrl))
        throw new Error(`channel ${channel.name}: the secret webhookUrl is not an http(s) URL`);
      return new SlackNotifier({ target, webhookUrl }, deps);
    }
    case 'webhook': {
      const secret = secretOf(channel.name, () => resolveSecret(channel.secret));
      if (!isSigningSecret(secret))
        throw new Error(`channel ${channel.name}: the secret is not ${SECRET_FORM}`);
      return new WebhookNotifier({ target, url: channel.url, secret }, deps);
    }
  }
}

function secretOf(channel: string, read: () => string): string {
  try {
    return read();
  } catch (error) {
    throw new Error(
      `channel ${channel}: ${error instanceof Error ? error.message : 'its secret cannot be read'}`,
      { cause: error },
    );
  }
}

function isWebUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}
