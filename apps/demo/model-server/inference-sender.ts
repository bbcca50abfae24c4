import { randomUUID } from 'node:crypto';
import type { InferenceRow, Receipt } from '../api-types.js';
import { retryingFetch, type RetryPolicy } from '../retrying-fetch.js';

export interface SenderOptions {
  readonly leewayUrl: string;
  readonly apiKey: string;
  readonly model: string;
  /** Rows of one payload at most. */
  readonly maxPayloadRows: number;
  /** How long a row waits for others to join its payload. */
  readonly maxWaitMs: number;
  /** Rows that may wait in memory; more are dropped and counted, so that Leeway's outage never becomes ours. */
  readonly maxQueuedRows: number;
  readonly retry: RetryPolicy;
  /** Where a payload that was refused for good is told of. */
  readonly log: (line: string) => void;
}

/** What became of the rows. `sampled` = `acknowledged` + `refused` + `dropped` + `queued`. */
export interface SenderStats {
  readonly sampled: number;
  /** Answered with 202: each is in a window's counts, as a row or as a rejection. */
  readonly acknowledged: number;
  readonly accepted: number;
  readonly rejected: number;
  /** In payloads that Leeway refused for good. */
  readonly refused: number;
  readonly dropped: number;
  readonly queued: number;
  readonly retries: number;
}

interface Pending {
  readonly version: string;
  readonly rows: InferenceRow[];
}

/**
 * Sends served rows to Leeway beside the request path: predictions never wait for monitoring. A payload keeps its id
 * over its retries, so that one whose answer was lost is not counted twice.
 */
export class InferenceSender {
  private readonly queue: Pending[] = [];
  private readonly counts = {
    sampled: 0,
    acknowledged: 0,
    accepted: 0,
    rejected: 0,
    refused: 0,
    dropped: 0,
    queued: 0,
    retries: 0,
  };
  private sending: Promise<void> | null = null;
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly options: SenderOptions) {}

  get stats(): SenderStats {
    return { ...this.counts };
  }

  add(version: string, rows: readonly InferenceRow[]): void {
    this.counts.sampled += rows.length;
    const room = Math.max(0, this.options.maxQueuedRows - this.counts.queued);
    const kept = rows.slice(0, room);
    this.counts.dropped += rows.length - kept.length;
    this.counts.queued += kept.length;
    for (const row of kept) this.openPayload(version).rows.push(row);
    if ((this.queue[0]?.rows.length ?? 0) >= this.options.maxPayloadRows) this.start();
    else this.timer ??= setTimeout(() => this.start(), this.options.maxWaitMs);
  }

  /** Sends what waits now, and returns once nothing does. */
  async flush(): Promise<void> {
    while (this.queue.length > 0 || this.sending !== null) {
      this.start();
      await this.sending;
    }
  }

  /** The payload at the end of the queue, or a new one when it is full or another version's. */
  private openPayload(version: string): Pending {
    const last = this.queue.at(-1);
    if (last?.version === version && last.rows.length < this.options.maxPayloadRows) return last;
    const opened: Pending = { version, rows: [] };
    this.queue.push(opened);
    return opened;
  }

  private start(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.sending ??= this.sendQueue().finally(() => (this.sending = null));
  }

  private async sendQueue(): Promise<void> {
    for (let pending = this.queue.shift(); pending !== undefined; pending = this.queue.shift()) {
      await this.deliver(pending, randomUUID());
      this.counts.queued -= pending.rows.length;
    }
  }

  /** Until Leeway has answered: an outage of any length costs only what the queue cannot hold. */
  private async deliver({ version, rows }: Pending, payloadId: string): Promise<void> {
    for (;;) {
      try {
        const answer = await this.post(version, JSON.stringify({ payloadId, rows }));
        if (answer.ok) return this.count((await answer.json()) as Receipt);
        if (answer.status === 429 || answer.status >= 500) continue;
        this.counts.refused += rows.length;
        this.options.log(`Leeway refused a payload of ${rows.length} rows: ${await answer.text()}`);
        return;
      } catch {
        // The answer was cut off, or the patience of one round is over: the same payload again.
      }
    }
  }

  private post(version: string, body: string): Promise<Response> {
    const { leewayUrl, apiKey, model, retry } = this.options;
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` };
    return retryingFetch(
      `${leewayUrl}/api/v1/models/${model}/versions/${version}/inferences`,
      { method: 'POST', headers, body: () => body },
      { ...retry, onRetry: () => (this.counts.retries += 1) },
    );
  }

  private count({ receivedCount, acceptedCount, rejectedCount }: Receipt): void {
    this.counts.acknowledged += receivedCount;
    this.counts.accepted += acceptedCount;
    this.counts.rejected += rejectedCount;
  }
}
