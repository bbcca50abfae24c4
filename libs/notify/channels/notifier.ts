import type { FailureKind, OutboundResult } from '#platform';

export type { FailureKind } from '#platform';

/** One alert as a receiver hears of it. Instants are RFC 3339, UTC. */
export interface NotifiedAlert {
  readonly id: string;
  readonly rule: string;
  readonly severity: 'info' | 'warning' | 'critical';
  readonly state: 'firing' | 'resolved' | 'superseded';
  readonly labels: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly description: string;
  readonly diagnosis: {
    readonly action: string;
    readonly summary: string;
    readonly evidence: readonly string[];
  } | null;
  readonly firedAt: string;
  readonly endedAt: string | null;
  readonly url: string;
  readonly runbookUrl: string | null;
  /** What became of the retraining that the alert asked for: `requested (run 12)` or `refused: …`; null when it asks for none. */
  readonly retraining: string | null;
}

/** The alerts of one model that one channel hears of in one message. */
export interface AlertNotification {
  /** The same on every try. */
  readonly id: string;
  readonly reason: 'first-notification' | 'new-alerts' | 'all-resolved' | 'repeat-interval-elapsed';
  readonly model: string;
  readonly createdAt: string;
  readonly alerts: readonly NotifiedAlert[];
}

/** How one try to deliver ended. */
export type DeliveryOutcome =
  | { readonly kind: 'delivered' }
  | {
      readonly kind: 'failed';
      readonly failure: FailureKind;
      readonly isRetryable: boolean;
      readonly retryAfterSeconds: number | null;
      readonly detail: string;
    };

/** A way to reach people or programs. */
export interface Notifier {
  /** Tries once; whoever calls tries again when the outcome says that it could help. */
  notify(notification: AlertNotification, signal: AbortSignal): Promise<DeliveryOutcome>;
}

/** The outcome that an answer, or none, means: a 2xx is delivered, whatever it says. */
export function deliveryOutcome(result: OutboundResult): DeliveryOutcome {
  if (result.kind === 'answered') return { kind: 'delivered' };
  const { failure, isRetryable, retryAfterSeconds, detail } = result;
  return { kind: 'failed', failure, isRetryable, retryAfterSeconds, detail };
}

/** How long one try may take: the upper half of what Standard Webhooks advises would outlast a job of the outbox. */
export const DELIVERY_TIMEOUT_MS = 10_000;
