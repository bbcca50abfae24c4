export { AlertNotifications } from './alert-notifications.js';
export {
  channelSchema,
  createNotifier,
  isSigningSecret,
  SECRET_FORM,
  sendSignedWebhook,
  type AlertNotification,
  type ChannelSpec,
  type DeliveryOutcome,
  type NotifiedAlert,
  type Notifier,
} from './channels/index.js';
export { OutboxMetrics } from './metrics.js';
export {
  Outbox,
  retryDelaySeconds,
  type Deliverer,
  type OutboxEntry,
  type OutboxKind,
  type OutboxStatus,
} from './outbox.js';
