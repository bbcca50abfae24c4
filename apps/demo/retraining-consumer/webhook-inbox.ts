import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import type { RetrainingRequested } from '../api-types.js';
import type { JsonAnswer, JsonRequest } from '../json-server.js';

/** A webhook that was taken, and how often it came. */
export interface ReceivedWebhook {
  readonly id: string;
  readonly runId: string;
  readonly deliveries: number;
  readonly state: 'working' | 'done';
}

/**
 * Takes Standard Webhooks: checks the signature on the raw body, answers at once, and works afterwards. The same
 * webhook-id is worked on once, however often it comes. Ids are kept in memory here; a service that restarts keeps
 * them where it keeps its jobs.
 */
export class WebhookInbox {
  private readonly webhook: Webhook;
  private readonly received = new Map<
    string,
    { runId: string; deliveries: number; state: ReceivedWebhook['state'] }
  >();
  private lastJob: Promise<void> = Promise.resolve();

  constructor(
    secret: string,
    private readonly work: (message: RetrainingRequested) => Promise<void>,
    private readonly log: (line: string) => void,
  ) {
    this.webhook = new Webhook(secret);
  }

  get webhooks(): ReceivedWebhook[] {
    return [...this.received].map(([id, each]) => ({ id, ...each }));
  }

  take({ headers, body }: JsonRequest): JsonAnswer {
    let message: RetrainingRequested;
    try {
      message = this.webhook.verify(body, headers as Record<string, string>) as RetrainingRequested;
    } catch (error) {
      if (error instanceof WebhookVerificationError) return { status: 401, body: { error: error.message } };
      throw error;
    }
    const id = String(headers['webhook-id']);
    const known = this.received.get(id);
    if (known !== undefined) {
      known.deliveries += 1;
      return { status: 202, body: { status: 'known' } };
    }
    this.start(id, message);
    return { status: 202, body: { status: 'accepted' } };
  }

  /** One job after the other: two must not both become the next version. */
  private start(id: string, message: RetrainingRequested): void {
    const entry: { runId: string; deliveries: number; state: ReceivedWebhook['state'] } = {
      runId: message.data.runId,
      deliveries: 1,
      state: 'working',
    };
    this.received.set(id, entry);
    this.lastJob = this.lastJob
      .then(() => this.work(message))
      .catch((error: unknown) => this.log(`run ${entry.runId}: ${String(error)}`))
      .finally(() => (entry.state = 'done'));
  }
}
