import {
  decodeCursor,
  deleteRows,
  messageOf,
  toPage,
  type Clock,
  type Database,
  type Instant,
  type Jobs,
  type Logger,
  type Page,
  type PageRequest,
  type Transaction,
} from '#platform';
import type { DeliveryOutcome } from './channels/index.js';
import type { OutboxMetrics } from './metrics.js';

/** What an outbox entry is about. */
export type OutboxKind = 'notification' | 'retraining';

/** One message that was decided and has to reach its receiver. */
export interface OutboxEntry {
  readonly id: string;
  readonly kind: OutboxKind;
  readonly channel: string;
  readonly model: string;
  readonly body: unknown;
  readonly createdAt: Date;
}

export interface OutboxStatus {
  readonly id: string;
  readonly kind: OutboxKind;
  readonly channel: string;
  readonly model: string;
  readonly status: 'pending' | 'delivered' | 'failed';
  readonly attempts: number;
  readonly lastError: string | null;
  readonly createdAt: string;
  readonly deliveredAt: string | null;
}

/** Sends the entries of one kind, and hears in the recording transaction how it ended. */
export interface Deliverer {
  deliver(entry: OutboxEntry, signal: AbortSignal): Promise<DeliveryOutcome>;
  /** Called once, when the entry is delivered or given up. */
  settled?(tx: Transaction, entry: OutboxEntry, outcome: DeliveryOutcome): Promise<void>;
}

/** How long one try may take in all; shorter than a job's expiry, so that two tries never overlap. */
const TRY_TIMEOUT_MS = 15_000;
/** Tries before an entry is given up: with the delays below, about a day. */
const MAX_ATTEMPTS = 300;
const MAX_DELAY_SECONDS = 300;
const QUEUE = 'outbox';
const WORKERS = 2;

interface OutboxRow {
  id: string;
  kind: OutboxKind;
  channel: string;
  model: string;
  body: unknown;
  status: OutboxStatus['status'];
  attempts: number;
  last_error: string | null;
  created_at: Date;
  delivered_at: Date | null;
}

/**
 * Side effects as rows: written in the transaction that decided them, delivered by retried jobs with the same id on
 * every try. A crash after a send and before its record repeats the send; no committed entry is lost.
 */
export class Outbox {
  private readonly deliverers = new Map<OutboxKind, Deliverer>();

  constructor(
    private readonly database: Database,
    private readonly jobs: Jobs,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly metrics: OutboxMetrics,
  ) {}

  register(kind: OutboxKind, deliverer: Deliverer): void {
    this.deliverers.set(kind, deliverer);
  }

  /** Prepares the queue, for sending. */
  async open(): Promise<void> {
    await this.jobs.createQueue(QUEUE, 'every');
  }

  /** Begins to deliver. */
  async start(): Promise<void> {
    for (let worker = 0; worker < WORKERS; worker += 1)
      await this.jobs.work<{ outboxId: string }>(QUEUE, ({ outboxId }) => this.tryEntry(outboxId));
  }

  /** Adds an entry; it is delivered if and only if the transaction commits. Returns its id. */
  async add(tx: Transaction, entry: Omit<OutboxEntry, 'id' | 'createdAt'>): Promise<string> {
    const [row] = await tx.query<{ id: string }>(
      'insert into outbox (kind, channel, model, body, created_at) values ($1, $2, $3, $4, $5) returning id',
      [entry.kind, entry.channel, entry.model, JSON.stringify(entry.body), new Date(this.clock.now())],
    );
    if (row === undefined) throw new Error('the statement returned no row');
    await this.jobs.send(QUEUE, { outboxId: row.id }, { tx });
    return row.id;
  }

  /** Looks for entries now: call it after a transaction that added one. */
  wake(): void {
    this.jobs.wake(QUEUE);
  }

  async list(
    query: PageRequest & { kind: OutboxKind; model?: string | undefined; status?: string | undefined },
  ): Promise<Page<OutboxStatus>> {
    const rows = await this.database.query<OutboxRow>(
      `select * from outbox
        where kind = $1 and ($2::text is null or model = $2) and ($3::text is null or status = $3) and ($4::bigint is null or id < $4)
        order by id desc limit $5`,
      [query.kind, query.model ?? null, query.status ?? null, decodeCursor(query.cursor), query.limit + 1],
    );
    return toPage(rows, query.limit, (row) => row.id, toStatus);
  }

  /** Forgets what was delivered or given up before `before`. */
  async deleteBefore(before: Instant): Promise<void> {
    await this.database.query(`delete from outbox where status <> 'pending' and created_at < $1`, [
      new Date(before),
    ]);
  }

  /** Deletes the messages about a model, sent or not. A try that is under way may still send one, and finds nothing to record. */
  async deleteOf(tx: Transaction, model: string): Promise<number> {
    return deleteRows(tx, 'delete from outbox where model = $1', [model]);
  }

  private async tryEntry(id: string): Promise<void> {
    const [row] = await this.database.query<OutboxRow>(
      `update outbox set attempts = attempts + 1 where id = $1 and status = 'pending' returning *`,
      [id],
    );
    if (row === undefined) return; // Delivered by a try that died before its job was marked done.
    const entry: OutboxEntry = {
      id: row.id,
      kind: row.kind,
      channel: row.channel,
      model: row.model,
      body: row.body,
      createdAt: row.created_at,
    };
    const outcome = await this.deliver(entry);
    this.metrics.deliveries.inc({
      channel: row.channel,
      outcome: outcome.kind === 'delivered' ? 'delivered' : outcome.failure,
    });
    await this.record(entry, row.attempts, outcome);
  }

  private async deliver(entry: OutboxEntry): Promise<DeliveryOutcome> {
    try {
      const deliverer = this.deliverers.get(entry.kind);
      if (deliverer === undefined) throw new Error(`nothing here delivers entries of kind ${entry.kind}`);
      return await deliverer.deliver(entry, AbortSignal.timeout(TRY_TIMEOUT_MS));
    } catch (error) {
      return {
        kind: 'failed',
        failure: 'other',
        isRetryable: true,
        retryAfterSeconds: null,
        detail: messageOf(error),
      };
    }
  }

  private async record(entry: OutboxEntry, attempts: number, outcome: DeliveryOutcome): Promise<void> {
    const isRetried = outcome.kind === 'failed' && outcome.isRetryable && attempts < MAX_ATTEMPTS;
    const status = outcome.kind === 'delivered' ? 'delivered' : isRetried ? 'pending' : 'failed';
    const detail = outcome.kind === 'failed' ? `${outcome.failure}: ${outcome.detail}` : null;
    await this.database.transaction(async (tx) => {
      await tx.query(
        'update outbox set status = $2, last_error = coalesce($3, last_error), delivered_at = $4 where id = $1',
        [entry.id, status, detail, status === 'delivered' ? new Date(this.clock.now()) : null],
      );
      if (isRetried)
        await this.jobs.send(
          QUEUE,
          { outboxId: entry.id },
          { tx, afterSeconds: retryDelaySeconds(attempts, outcome.retryAfterSeconds) },
        );
      else await this.deliverers.get(entry.kind)?.settled?.(tx, entry, outcome);
    });
    const log = { outboxId: entry.id, kind: entry.kind, channel: entry.channel, attempts, detail };
    if (status === 'failed') this.logger.error(log, 'message given up');
    else if (isRetried) this.logger.warn(log, 'message not delivered; it is tried again');
    else this.logger.info(log, 'message delivered');
  }
}

/** 1, 2, 4 … 300 s after the nth try, and never sooner than the receiver asked. */
export function retryDelaySeconds(attempts: number, retryAfterSeconds: number | null): number {
  const backoff = Math.min(2 ** Math.min(attempts - 1, 16), MAX_DELAY_SECONDS);
  return Math.ceil(Math.max(backoff, retryAfterSeconds ?? 0));
}

function toStatus(row: OutboxRow): OutboxStatus {
  return {
    id: row.id,
    kind: row.kind,
    channel: row.channel,
    model: row.model,
    status: row.status,
    attempts: row.attempts,
    lastError: row.last_error,
    createdAt: row.created_at.toISOString(),
    deliveredAt: row.delivered_at?.toISOString() ?? null,
  };
}
