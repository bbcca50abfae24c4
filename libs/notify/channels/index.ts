export { channelSchema, type ChannelSpec } from './channel-schema.js';
export { createNotifier } from './create-notifier.js';
export type { AlertNotification, DeliveryOutcome, FailureKind, NotifiedAlert, Notifier } from './notifier.js';
export {
  isSigningSecret,
  SECRET_FORM,
  sendSignedWebhook,
  type SignedWebhook,
} from './webhook/signed-webhook.js';
