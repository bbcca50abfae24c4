import type { PayloadColumn } from '#payloads';
import { LeewayError } from '#platform';
import type { Delivery } from './delivery.js';
import type { GroupCommitter } from './group-committer.js';
import type { HeldBytes } from './held-bytes.js';
import type { IngestContent } from './ingest-content.js';
import type { IngestMetrics } from './metrics.js';
import {
  type DecodedMessage,
  type DecodedPayload,
  type FailedEvent,
  type MessageOrigin,
  type PayloadDecoder,
  type TableMessage,
} from './payload-decoder.js';
import { bytesOf, type CommitOutcome, type PendingPayload } from './pending-payload.js';
import { bytesOfDraft, receiptOf, type IngestReceipt } from './receipts.js';
import type { SourceProgress } from './source-progress.js';
import type { VersionContext, VersionContexts } from './version-context.js';

/** What became of a delivery of events: one receipt for each that is of an inference. */
export interface EventReceipt {
  readonly receipts: readonly IngestReceipt[];
  /** Events of other types, which were not looked at. */
  readonly ignoredEventCount: number;
  /** Events of a batch that could not be read; the others were counted. */
  readonly failures: readonly EventFailure[];
}

export interface EventFailure {
  /** The event's place in the batch. */
  readonly event: number;
  readonly detail: string;
}

/** What `Ingest.store` makes durable of one message of a source. */
export interface StoredMessage extends DecodedMessage {
  /** What counts of it besides its payloads: those that could not be read. */
  readonly unreadable: PendingPayload | null;
}

/** The source-independent part of ingest: takes what was sent, and answers when its rows are durable. */
export class Ingest {
  constructor(
    private readonly contexts: VersionContexts,
    private readonly decoder: PayloadDecoder,
    private readonly committer: GroupCommitter,
    private readonly heldBytes: HeldBytes,
    private readonly metrics: IngestMetrics,
  ) {}

  /**
   * Takes one delivery: a payload, or events of a payload logger, each of which is a payload of its own, known by its source and id, and
   * half of an inference. Rows are counted by their event time; refused rows are counted by reason, and so is a delivery
   * that cannot be read.
   *
   * @throws LeewayError `not-found`, `invalid-json`, `invalid-body`, `payload-empty`, `payload-too-large`, `unsupported-media-type`,
   * `ingest-overloaded`, `database-unavailable`; an event of a batch that cannot be decoded is a failure in the receipt instead
   */
  async accept(
    modelName: string,
    versionName: string,
    delivery: Delivery,
  ): Promise<IngestReceipt | EventReceipt> {
    try {
      const context = await this.contexts.of(modelName, versionName);
      const read = this.readAndDecode(delivery, context);
      if (read instanceof LeewayError) throw await this.counted(read, context);
      const { kind, message } = read;
      const [payload] = message.payloads;
      if (kind === 'payload' && payload !== undefined)
        return await this.holding(message.payloads, () => this.commit(payload));
      return await this.holding(message.payloads, () => this.commitEvents(message, context));
    } finally {
      delivery.release();
    }
  }

  /**
   * Decodes a message of a source that keeps its own progress. Nothing is stored; decoding is at once, so that what it throws is
   * about the message.
   *
   * @throws LeewayError as `accept`, and any error that decoding it meets
   */
  decodeMessage(content: IngestContent, context: VersionContext, origin: MessageOrigin): StoredMessage {
    const message = this.decoder.decode(content, context, origin);
    const { length } = message.failed;
    return { ...message, unreadable: length === 0 ? null : this.decoder.unreadable(context, length) };
  }

  /** A message of a source of which nothing could be read. */
  unreadableMessage(context: VersionContext): StoredMessage {
    return {
      payloads: [],
      ignoredEventCount: 0,
      failed: [],
      unreadable: this.decoder.unreadable(context, 1),
    };
  }

  /**
   * Stores messages together with the progress of their source, all or nothing, and returns a receipt for each payload. `outdated`:
   * the source is no longer where it believes to be, and nothing was stored.
   *
   * @throws LeewayError `ingest-overloaded`, `database-unavailable`, and what the database refuses
   */
  async store(
    messages: readonly StoredMessage[],
    progress: SourceProgress,
  ): Promise<readonly IngestReceipt[] | 'outdated'> {
    const payloads = messages.flatMap((message) => message.payloads);
    const unreadable = messages.flatMap((message) => message.unreadable ?? []);
    const pending = [...payloads.map((payload) => payload.pending), ...unreadable];
    const outcomes = await this.holding(payloads, () => this.committer.commitStretch(pending, progress));
    if (outcomes === 'outdated') return outcomes;
    for (const { ignoredEventCount } of messages)
      this.metrics.payloads.inc({ outcome: 'ignored' }, ignoredEventCount);
    for (const { tallies } of unreadable)
      this.metrics.payloads.inc({ outcome: 'unreadable' }, tallies['unreadable-payload'] ?? 0);
    return payloads.map((payload, index) => this.receiptFor(payload, outcomes[index] ?? 'accepted'));
  }

  /** What is known of a version, to decode its messages. @throws LeewayError `not-found`, `database-unavailable` */
  contextOf(modelName: string, versionName: string): Promise<VersionContext> {
    return this.contexts.of(modelName, versionName);
  }

  /**
   * Counts a payload that its source could not even read: nobody may look at the answer. One for a version that there is not, or
   * that cannot be stored, is counted in the metrics only.
   */
  async countUnreadable(modelName: string, versionName: string): Promise<void> {
    const context = await this.contexts.of(modelName, versionName).catch(unlessBug);
    if (context !== null) await this.tallyUnreadable(context, 1);
    else this.metrics.payloads.inc({ outcome: 'unreadable' });
  }

  /** The columns that a version's rows may bring. @throws LeewayError `not-found` */
  async columnsOf(modelName: string, versionName: string): Promise<readonly PayloadColumn[]> {
    return (await this.contexts.of(modelName, versionName)).columns;
  }

  /** Takes rows that were decoded into a table by their source. @throws LeewayError as `accept` */
  async acceptTable(modelName: string, versionName: string, message: TableMessage): Promise<IngestReceipt> {
    const context = await this.contexts.of(modelName, versionName);
    const payload = this.decoder.decodeTable(message, context);
    return this.holding([payload], () => this.commit(payload));
  }

  /** Until here the bytes were held, from here on the rows are. An error is about the delivery, and is returned to be counted. */
  private readAndDecode(
    delivery: Delivery,
    context: VersionContext,
  ): { readonly kind: IngestContent['kind']; readonly message: DecodedMessage } | LeewayError {
    try {
      const content = delivery.read();
      return { kind: content.kind, message: this.decoder.decode(content, context, null) };
    } catch (error) {
      if (error instanceof LeewayError) return error;
      throw error;
    } finally {
      delivery.release();
    }
  }

  private async counted(error: LeewayError, context: VersionContext): Promise<LeewayError> {
    if (error.code !== 'payload-empty') await this.tallyUnreadable(context, 1);
    return error;
  }

  private async commitEvents(
    { payloads, failed, ignoredEventCount }: DecodedMessage,
    context: VersionContext,
  ): Promise<EventReceipt> {
    const receipts = await allOf(payloads.map((payload) => this.commit(payload)));
    if (failed.length > 0) await this.tallyUnreadable(context, failed.length);
    this.metrics.payloads.inc({ outcome: 'ignored' }, ignoredEventCount);
    return { receipts, ignoredEventCount, failures: failed.map(failureOf) };
  }

  private async commit(payload: DecodedPayload): Promise<IngestReceipt> {
    return this.receiptFor(payload, await this.committer.commit(payload.pending));
  }

  /** Counts the memory of payloads for as long as `run` takes. @throws LeewayError `ingest-overloaded` */
  private async holding<T>(payloads: readonly DecodedPayload[], run: () => Promise<T>): Promise<T> {
    const share = this.heldBytes.open();
    try {
      share.growTo(bytesOfPayloads(payloads));
      return await run();
    } finally {
      share.release();
    }
  }

  private receiptFor({ receipt }: DecodedPayload, status: CommitOutcome): IngestReceipt {
    const whole = receiptOf(receipt, status);
    this.count(whole);
    return whole;
  }

  private async tallyUnreadable(context: VersionContext, count: number): Promise<void> {
    this.metrics.payloads.inc({ outcome: 'unreadable' }, count);
    try {
      await this.committer.commit(this.decoder.unreadable(context, count));
    } catch (error) {
      // What the payload's sender has to know is what is wrong with it.
      unlessBug(error);
    }
  }

  private count({
    status,
    receivedCount,
    acceptedCount,
    sampledOutCount,
    rejectedCount,
  }: IngestReceipt): void {
    this.metrics.payloads.inc({ outcome: status });
    if (status === 'duplicate') {
      this.metrics.rows.inc({ outcome: 'duplicate' }, receivedCount);
      return;
    }
    this.metrics.rows.inc({ outcome: 'accepted' }, acceptedCount - sampledOutCount);
    // Most payloads have none of them, and adding nothing costs as much as adding something.
    if (sampledOutCount > 0) this.metrics.rows.inc({ outcome: 'sampled-out' }, sampledOutCount);
    if (rejectedCount > 0) this.metrics.rows.inc({ outcome: 'rejected' }, rejectedCount);
  }
}

/** Waits for all of them, also where one fails: until then they hold their memory. @throws what the first one throws */
async function allOf<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const outcomes = await Promise.allSettled(promises);
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
}

function failureOf({ event, error }: FailedEvent): EventFailure {
  return { event, detail: error.message };
}

function bytesOfPayloads(payloads: readonly DecodedPayload[]): number {
  let bytes = 0;
  for (const { pending, receipt } of payloads) bytes += bytesOf(pending) + bytesOfDraft(receipt);
  return bytes;
}

/** Null for a failure that is no bug. */
function unlessBug(error: unknown): null {
  if (error instanceof LeewayError) return null;
  throw error;
}
