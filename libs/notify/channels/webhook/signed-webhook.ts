import { Webhook } from 'standardwebhooks';
import { callOutbound, type Instant, type OutboundDeps } from '#platform';
import { deliveryOutcome, DELIVERY_TIMEOUT_MS, type DeliveryOutcome } from '../notifier.js';

/** A message of Standard Webhooks 1.0. */
export interface SignedWebhook {
  /** The operator's name for the receiver, such as `trigger:retrain`: the metric label. */
  readonly target: string;
  readonly url: string;
  /** `whsec_` and base64 of 24 to 64 bytes. */
  readonly secret: string;
  /** The same on every try: what the receiver tells repeats by. */
  readonly id: string;
  /** The time of this try; it is signed, and receivers refuse one that is minutes off. */
  readonly at: Instant;
  readonly body: object;
}

const MIN_KEY_BYTES = 24;
const MAX_KEY_BYTES = 64;

/** Sends one signed webhook, once. */
export async function sendSignedWebhook(
  { target, url, secret, id, at, body }: SignedWebhook,
  deps: OutboundDeps,
  signal: AbortSignal,
): Promise<DeliveryOutcome> {
  if (!isSigningSecret(secret))
    return {
      kind: 'failed',
      failure: 'other',
      isRetryable: false,
      retryAfterSeconds: null,
      detail: `the signing secret is not ${SECRET_FORM}`,
    };
  // The bytes that are signed are the bytes that are sent.
  const text = JSON.stringify(body);
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at / 1_000)),
    'webhook-signature': new Webhook(secret).sign(id, new Date(at), text),
  };
  return deliveryOutcome(
    await callOutbound(
      { target, url, method: 'POST', headers, body: text, timeoutMs: DELIVERY_TIMEOUT_MS },
      deps,
      signal,
    ),
  );
}

/** The form of a signing secret, in words. */
export const SECRET_FORM = `whsec_ and the base64 of ${MIN_KEY_BYTES} to ${MAX_KEY_BYTES} bytes`;

/** Whether a text can sign, as Standard Webhooks 1.0 asks. */
export function isSigningSecret(secret: string): boolean {
  const base64 = /^whsec_((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/.exec(secret)?.[1];
  if (base64 === undefined) return false;
  const bytes = Buffer.from(base64, 'base64').byteLength;
  return bytes >= MIN_KEY_BYTES && bytes <= MAX_KEY_BYTES;
}
