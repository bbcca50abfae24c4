import { hash, randomUUID } from 'node:crypto';
import {
  decodeBody,
  decodeTable,
  idsOf,
  UnreadablePayload,
  type ColumnBatch,
  type DecodedRows,
  type DecodingContext,
  type InferenceEvent,
  type PayloadColumn,
  type PayloadPart,
  type ReadBody,
  type ReadEvent,
  type Table,
} from '#payloads';
import { LeewayError, type Clock, type Instant } from '#platform';
import type { GroupCommitter } from './group-committer.js';
import type { IngestContent, IngestMessage } from './ingest-content.js';
import type { IngestMetrics } from './metrics.js';
import type { CommitOutcome, PendingPayload } from './pending-payload.js';
import { receiptOf, unreadable, type IngestReceipt } from './receipts.js';
import { RateCeiling } from './rate-ceiling.js';
import { sampleRows } from './sampling.js';
import { MAX_PAYLOAD_ROWS, partSchema, PAYLOAD_ID, payloadIdSchema, type IngestLimits } from './schemas.js';
import type { SourceProgress } from './source-progress.js';
import type { Tallies } from './tallies.js';
import type { VersionContext, VersionContexts } from './version-context.js';

/** Rows that came by column: a part of a file. */
export interface TableMessage {
  readonly table: Table;
  readonly part: PayloadPart;
  readonly payloadId: string;
  /** The idempotency key of this part, or null. */
  readonly key: string | null;
}

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

/** An event that could not be read, and why. */
interface FailedEvent {
  readonly event: number;
  readonly error: LeewayError;
}

function failureOf({ event, error }: FailedEvent): EventFailure {
  return { event, detail: error.message };
}

/** What a source knows of a message besides what it says of itself. */
export interface MessageOrigin {
  /** Names the rows of a payload that brings no id, the same whenever the message is read. */
  readonly id: string;
  /** The event time of rows that bring none. */
  readonly at: Instant;
}

/** The payloads of a message, decoded and sampled: what `Ingest.store` makes durable. */
export interface DecodedMessage {
  readonly payloads: readonly PreparedPayload[];
  /** Events of other types, which were not looked at. */
  readonly ignoredEventCount: number;
  /** Events of a batch that could not be decoded. */
  readonly failures: readonly EventFailure[];
}

/** One decoded payload on its way to its commit. */
interface Arrival {
  readonly context: VersionContext;
  readonly payloadId: string;
  readonly key: string | null;
  readonly receivedAt: Instant;
  readonly decoded: DecodedRows;
}

/** An arrival of which is known which rows will be counted. */
interface PreparedPayload {
  readonly arrival: Arrival;
  readonly pending: PendingPayload;
}

/** The source-independent part of ingest: decodes, validates, samples, and answers when the rows are durable. */
export class Ingest {
  private readonly ceilings = new Map<string, RateCeiling>();

  constructor(
    private readonly contexts: VersionContexts,
    private readonly committer: GroupCommitter,
    private readonly metrics: IngestMetrics,
    private readonly clock: Clock,
    private readonly limits: IngestLimits,
  ) {}

  /**
   * Takes one payload. Rows are counted by their event time; refused rows are counted by reason.
   *
   * @throws LeewayError `not-found`, `invalid-json`, `invalid-body`, `payload-empty`, `payload-too-large`,
   * `ingest-overloaded`, `database-unavailable`
   */
  async accept(modelName: string, versionName: string, message: IngestMessage): Promise<IngestReceipt> {
    const context = await this.contexts.of(modelName, versionName);
    let arrival: Arrival;
    try {
      arrival = this.arrivalOf(message, context, null);
    } catch (error) {
      if (error instanceof LeewayError && error.code !== 'payload-empty')
        await this.tallyUnreadable(context, 1);
      throw error;
    }
    return this.commit(arrival);
  }

  /**
   * Takes events of a payload logger: each is a payload of its own, known by its source and id, and half of an inference.
   *
   * @throws LeewayError as `accept`; an event of a batch that cannot be decoded is a failure in the receipt instead
   */
  async acceptEvents(
    modelName: string,
    versionName: string,
    events: readonly ReadEvent[],
  ): Promise<EventReceipt> {
    const context = await this.contexts.of(modelName, versionName);
    const { arrivals, ignoredEventCount, failed } = this.arrivalsOf(events, context, null);
    const receipts = await Promise.all(arrivals.map((arrival) => this.commit(arrival)));
    if (failed.length > 0) await this.tallyUnreadable(context, failed.length);
    if (failed[0] !== undefined && events.length === 1) throw failed[0].error;
    this.metrics.payloads.inc({ outcome: 'ignored' }, ignoredEventCount);
    return { receipts, ignoredEventCount, failures: failed.map(failureOf) };
  }

  /**
   * Decodes a message of a source that keeps its own progress. Nothing is stored; decoding is at once, so that what it throws is
   * about the message.
   *
   * @throws LeewayError as `accept`, and any error that decoding it meets
   */
  decodeMessage(content: IngestContent, context: VersionContext, origin: MessageOrigin): DecodedMessage {
    if (content.kind === 'payload') {
      const arrival = this.arrivalOf(content.message, context, origin);
      return { payloads: [this.prepare(arrival)], ignoredEventCount: 0, failures: [] };
    }
    const { arrivals, ignoredEventCount, failed } = this.arrivalsOf(content.events, context, origin);
    if (failed[0] !== undefined && content.events.length === 1) throw failed[0].error;
    return {
      payloads: arrivals.map((arrival) => this.prepare(arrival)),
      ignoredEventCount,
      failures: failed.map(failureOf),
    };
  }

  /**
   * Stores messages together with the progress of their source, all or nothing, and returns a receipt for each payload. `outdated`:
   * the source is no longer where it believes to be, and nothing was stored.
   *
   * @throws LeewayError `ingest-overloaded`, `database-unavailable`, and what the database refuses
   */
  async store(
    messages: readonly DecodedMessage[],
    progress: SourceProgress,
  ): Promise<readonly IngestReceipt[] | 'outdated'> {
    const payloads = messages.flatMap((message) => message.payloads);
    const outcomes = await this.committer.commitStretch(
      payloads.map(({ pending }) => pending),
      progress,
    );
    if (outcomes === 'outdated') return outcomes;
    for (const { ignoredEventCount } of messages)
      this.metrics.payloads.inc({ outcome: 'ignored' }, ignoredEventCount);
    return payloads.map((payload, index) => this.receiptFor(payload, outcomes[index] ?? 'accepted'));
  }

  /** What is known of a version, to decode its messages. @throws LeewayError `not-found`, `database-unavailable` */
  contextOf(modelName: string, versionName: string): Promise<VersionContext> {
    return this.contexts.of(modelName, versionName);
  }

  /**
   * Counts a payload that its source could not even read: nobody may look at the answer. One for a version that there is not, or
   * that comes while too much waits, is counted in the metrics only.
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
    const { table, part, payloadId } = message;
    const receivedAt = this.clock.now();
    const decoded = decodeTable(table, {
      ...this.decodingContext(context, receivedAt),
      part,
      inferenceIdOf: (row) => `${payloadId}-${row}`,
    });
    const key = message.key === null ? null : keyOf(context.version.id, message.key);
    return this.commit({ context, payloadId, key, receivedAt, decoded });
  }

  private arrivalOf(message: IngestMessage, context: VersionContext, origin: MessageOrigin | null): Arrival {
    const ids = idsOf(message.body);
    const given = payloadIdOf(message.payloadId, ids.payloadId);
    const payloadId = given ?? origin?.id ?? randomUUID();
    const receivedAt = this.clock.now();
    const decoded = this.decode(message.body, {
      ...this.decodingContext(context, receivedAt),
      eventAt: origin?.at ?? receivedAt,
      part: message.part ?? partOf(ids.part),
      inferenceIdOf: ids.inferenceId === null ? (row) => `${payloadId}-${row}` : idsOfCall(ids.inferenceId),
    });
    if (decoded.receivedCount === 0)
      throw new LeewayError('payload-empty', 'the payload has 0 rows; send at least one');
    const key = given === undefined ? null : keyOf(context.version.id, given);
    return { context, payloadId, key, receivedAt, decoded };
  }

  private arrivalsOf(
    events: readonly ReadEvent[],
    context: VersionContext,
    origin: MessageOrigin | null,
  ): { readonly arrivals: Arrival[]; readonly ignoredEventCount: number; readonly failed: FailedEvent[] } {
    const failed: FailedEvent[] = [];
    const arrivals = events.flatMap((event, index): Arrival[] => {
      try {
        return event.part === null ? noArrival(event) : [this.decodeEvent(event, context, origin)];
      } catch (error) {
        if (!(error instanceof LeewayError)) throw error;
        failed.push({ event: index, error });
        return [];
      }
    });
    return { arrivals, ignoredEventCount: events.length - arrivals.length - failed.length, failed };
  }

  private decodeEvent(event: InferenceEvent, context: VersionContext, origin: MessageOrigin | null): Arrival {
    const receivedAt = this.clock.now();
    const decoded = this.decode(event.body, {
      ...this.decodingContext(context, receivedAt),
      part: event.part,
      eventAt: event.at ?? origin?.at ?? receivedAt,
      inferenceIdOf: idsOfCall(event.callId),
    });
    const key = keyOf(context.version.id, event.key);
    return { context, payloadId: event.callId, key, receivedAt, decoded };
  }

  private decodingContext(
    { columns }: VersionContext,
    receivedAt: Instant,
  ): Omit<DecodingContext, 'part' | 'inferenceIdOf'> {
    const { maxFutureMs, maxAgeMs } = this.limits;
    return { columns, receivedAt, eventAt: receivedAt, maxFutureMs, maxAgeMs, maxRows: MAX_PAYLOAD_ROWS };
  }

  private decode(body: ReadBody, context: DecodingContext): DecodedRows {
    try {
      return decodeBody(body, context);
    } catch (error) {
      throw error instanceof UnreadablePayload ? unreadable(error) : error;
    }
  }

  private async commit(arrival: Arrival): Promise<IngestReceipt> {
    const prepared = this.prepare(arrival);
    return this.receiptFor(prepared, await this.committer.commit(prepared.pending));
  }

  /** Chooses the rows that will be counted: once for each payload, whatever becomes of its commits. */
  private prepare(arrival: Arrival): PreparedPayload {
    const { context, key, receivedAt, decoded } = arrival;
    const { part, batch, rejections, receivedCount, unexpectedRowCount } = decoded;
    const fraction = this.fractionOf(context, decoded, receivedAt);
    const { kept, sampledOut } = sampleRows(batch, fraction, context);
    const unexpected: Tallies = unexpectedRowCount === 0 ? {} : { 'unexpected-column': unexpectedRowCount };
    const pending = {
      context,
      key,
      receivedAt,
      capturedFrom: receivedAt - this.limits.maxCapturedAgeMs,
      part,
      batch: kept,
      sampledOut,
      tallies: { ...rejections.tallies, ...unexpected },
      receivedCount,
    };
    return { arrival, pending };
  }

  private receiptFor({ arrival, pending }: PreparedPayload, status: CommitOutcome): IngestReceipt {
    const receipt = receiptOf(arrival.payloadId, status, arrival.decoded, pending.batch.rowCount);
    this.count(receipt);
    return receipt;
  }

  /** Adds to the window of this moment: what cannot be read has no event time. */
  private async tallyUnreadable(context: VersionContext, count: number): Promise<void> {
    this.metrics.payloads.inc({ outcome: 'unreadable' }, count);
    const receivedAt = this.clock.now();
    const tallies: Tallies = { 'unreadable-payload': count };
    const nothing = { batch: NO_ROWS, sampledOut: [], part: 'whole', receivedCount: 0 } as const;
    const pending = { context, key: null, receivedAt, capturedFrom: receivedAt, tallies, ...nothing };
    try {
      await this.committer.commit(pending);
    } catch (error) {
      // What the payload's sender has to know is what is wrong with it.
      unlessBug(error);
    }
  }

  /** The share of rows to count now: the model's, lowered while more arrive than its ceiling. */
  private fractionOf({ version }: VersionContext, { part, batch }: DecodedRows, now: Instant): number {
    const { fraction, maxRowsPerSecond } = version.model.sampling;
    if (maxRowsPerSecond === undefined) return fraction;
    let ceiling = this.ceilings.get(version.id);
    if (ceiling === undefined) this.ceilings.set(version.id, (ceiling = new RateCeiling()));
    return fraction * ceiling.shareFor(batch.rowCount * fraction, part, { maxRowsPerSecond, now });
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
    this.metrics.rows.inc({ outcome: 'sampled-out' }, sampledOutCount);
    this.metrics.rows.inc({ outcome: 'rejected' }, rejectedCount);
  }
}

const NO_ROWS: ColumnBatch = { rowCount: 0, inferenceIds: [], timestamps: new Float64Array(0), columns: [] };

/** Null for a failure that is no bug. */
function unlessBug(error: unknown): null {
  if (error instanceof LeewayError) return null;
  throw error;
}

/** Events of other types are left alone. @throws LeewayError for one that could not be read */
function noArrival(event: Exclude<ReadEvent, InferenceEvent>): [] {
  if ('problem' in event) throw unreadable(event.problem);
  return [];
}

/** Row ids of one call of a serving system: its own id, or that with the row where it has several (Seldon's way). */
function idsOfCall(callId: string): (row: number, rowCount: number) => string {
  return (row, rowCount) => (rowCount === 1 ? callId : `${callId}-item-${row}`);
}

/** The idempotency key, from beside the body or from within; both must agree. */
function payloadIdOf(beside: string | undefined, within: unknown): string | undefined {
  if (beside !== undefined && within !== undefined && beside !== within)
    throw new LeewayError('invalid-body', 'the header Idempotency-Key and payloadId differ', {
      places: [{ pointer: '/payloadId', detail: 'must equal the header Idempotency-Key' }],
    });
  const given = beside ?? within;
  if (given === undefined) return undefined;
  // The schema says the same in words; a test of one expression is what every payload can bear.
  if (typeof given === 'string' && PAYLOAD_ID.test(given)) return given;
  const parsed = payloadIdSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  const detail = parsed.error.issues.map(({ message }) => message).join('; ');
  throw new LeewayError('invalid-body', `the payload id is wrong: ${detail}`, {
    places: [{ pointer: '/payloadId', detail }],
  });
}

function partOf(within: unknown): PayloadPart | null {
  if (within === undefined) return null;
  const parsed = partSchema.safeParse(within);
  if (parsed.success) return parsed.data;
  const detail = parsed.error.issues.map(({ message }) => message).join('; ');
  throw new LeewayError('invalid-body', `"part" is wrong: ${detail}`, {
    places: [{ pointer: '/part', detail }],
  });
}

/** Keys of all versions share a table: 128 bits, whatever the length of the id. */
function keyOf(versionId: string, payloadId: string): string {
  return hash('sha256', `${versionId}/${payloadId}`, 'base64url').slice(0, 22);
}
