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
import type { IngestMetrics } from './metrics.js';
import { receiptOf, unreadable, type IngestReceipt } from './receipts.js';
import { RateCeiling } from './rate-ceiling.js';
import { sampleRows } from './sampling.js';
import { MAX_PAYLOAD_ROWS, partSchema, PAYLOAD_ID, payloadIdSchema, type IngestLimits } from './schemas.js';
import type { Tallies } from './tallies.js';
import type { VersionContext, VersionContexts } from './version-context.js';

/** A payload as a source hands it over: its body, and what was said of it outside the body. */
export interface IngestMessage {
  readonly body: ReadBody;
  /** The idempotency key of its sender, where it was sent beside the body. */
  readonly payloadId?: string | undefined;
  /** What the rows are, where it was said beside the body. */
  readonly part?: PayloadPart | undefined;
}

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

/** One decoded payload on its way to its commit. */
interface Arrival {
  readonly context: VersionContext;
  readonly payloadId: string;
  readonly key: string | null;
  readonly receivedAt: Instant;
  readonly decoded: DecodedRows;
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
    const ids = idsOf(message.body);
    const given = payloadIdOf(message.payloadId, ids.payloadId);
    const payloadId = given ?? randomUUID();
    const receivedAt = this.clock.now();
    const decodingContext: DecodingContext = {
      ...this.decodingContext(context, receivedAt),
      part: message.part ?? partOf(ids.part),
      inferenceIdOf: ids.inferenceId === null ? (row) => `${payloadId}-${row}` : idsOfCall(ids.inferenceId),
    };
    let decoded: DecodedRows;
    try {
      decoded = this.decode(message.body, decodingContext);
    } catch (error) {
      if (error instanceof LeewayError) await this.tallyUnreadable(context, 1);
      throw error;
    }
    if (decoded.receivedCount === 0)
      throw new LeewayError('payload-empty', 'the payload has 0 rows; send at least one');
    const key = given === undefined ? null : keyOf(context.version.id, given);
    return this.commit({ context, payloadId, key, receivedAt, decoded });
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
    const receivedAt = this.clock.now();
    const failed: { readonly event: number; readonly error: LeewayError }[] = [];
    const arrivals = events.flatMap((event, index): Arrival[] => {
      try {
        return event.part === null ? noArrival(event) : [this.decodeEvent(event, context, receivedAt)];
      } catch (error) {
        if (!(error instanceof LeewayError)) throw error;
        failed.push({ event: index, error });
        return [];
      }
    });
    const receipts = await Promise.all(arrivals.map((arrival) => this.commit(arrival)));
    if (failed.length > 0) await this.tallyUnreadable(context, failed.length);
    if (failed[0] !== undefined && events.length === 1) throw failed[0].error;
    const ignoredEventCount = events.length - arrivals.length - failed.length;
    this.metrics.payloads.inc({ outcome: 'ignored' }, ignoredEventCount);
    const failures = failed.map(({ event, error }) => ({ event, detail: error.message }));
    return { receipts, ignoredEventCount, failures };
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

  private decodeEvent(event: InferenceEvent, context: VersionContext, receivedAt: Instant): Arrival {
    const decoded = this.decode(event.body, {
      ...this.decodingContext(context, receivedAt),
      part: event.part,
      eventAt: event.at ?? receivedAt,
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

  private async commit({ context, payloadId, key, receivedAt, decoded }: Arrival): Promise<IngestReceipt> {
    const { part, batch, rejections, receivedCount, unexpectedRowCount } = decoded;
    const fraction = this.fractionOf(context, decoded, receivedAt);
    const { kept, sampledOut } = sampleRows(batch, fraction, context);
    const unexpected: Tallies = unexpectedRowCount === 0 ? {} : { 'unexpected-column': unexpectedRowCount };
    const status = await this.committer.commit({
      context,
      key,
      receivedAt,
      capturedFrom: receivedAt - this.limits.maxCapturedAgeMs,
      part,
      batch: kept,
      sampledOut,
      tallies: { ...rejections.tallies, ...unexpected },
      receivedCount,
    });
    const receipt = receiptOf(payloadId, status, decoded, kept.rowCount);
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
