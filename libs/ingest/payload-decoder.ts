import { hash, randomUUID } from 'node:crypto';
import {
  decodeBody,
  decodeTable,
  idsOf,
  UnreadablePayload,
  type DecodedRows,
  type DecodingContext,
  type InferenceEvent,
  type PayloadPart,
  type ReadBody,
  type ReadEvent,
  type Table,
} from '#payloads';
import { LeewayError, type Clock, type Instant } from '#platform';
import type { IngestContent, IngestMessage } from './ingest-content.js';
import { NO_ROWS, type PendingPayload } from './pending-payload.js';
import { RateCeiling } from './rate-ceiling.js';
import { draftOf, unreadable, type ReceiptDraft } from './receipts.js';
import { sampleRows } from './sampling.js';
import { MAX_PAYLOAD_ROWS, partSchema, PAYLOAD_ID, payloadIdSchema, type IngestLimits } from './schemas.js';
import type { Tallies } from './tallies.js';
import type { VersionContext } from './version-context.js';

/** Rows that came by column: a part of a file. */
export interface TableMessage {
  readonly table: Table;
  readonly part: PayloadPart;
  readonly payloadId: string;
  /** The idempotency key of this part, or null. */
  readonly key: string | null;
}

/** What a source knows of a message besides what it says of itself. */
export interface MessageOrigin {
  /** Names the rows of a payload that brings no id, the same whenever the message is read. */
  readonly id: string;
  /** The event time of rows that bring none. */
  readonly at: Instant;
}

/** One payload of which is known which rows will be counted, and what its sender will be told. */
export interface DecodedPayload {
  readonly pending: PendingPayload;
  readonly receipt: ReceiptDraft;
}

/** An event that could not be read, and why. */
export interface FailedEvent {
  /** The event's place in the batch. */
  readonly event: number;
  readonly error: LeewayError;
}

/** The payloads of a message, decoded and sampled. */
export interface DecodedMessage {
  readonly payloads: readonly DecodedPayload[];
  /** Events of other types, which were not looked at. */
  readonly ignoredEventCount: number;
  /** Events of a batch that could not be decoded; where all there is of a message cannot, decoding it throws instead. */
  readonly failed: readonly FailedEvent[];
}

/** One payload as it was decoded. */
interface Arrival {
  readonly context: VersionContext;
  readonly payloadId: string;
  readonly key: string | null;
  readonly callScope: string;
  readonly receivedAt: Instant;
  readonly decoded: DecodedRows;
}

/**
 * Decodes, validates and samples. Nothing is stored and nothing waits: what goes in is garbage when it returns, but for the rows that will
 * be counted.
 */
export class PayloadDecoder {
  private readonly ceilings = new Map<string, RateCeiling>();

  constructor(
    private readonly clock: Clock,
    private readonly limits: IngestLimits,
  ) {}

  /**
   * @param origin of a message that comes from elsewhere than its sender; null over HTTP
   * @throws LeewayError `invalid-json`, `invalid-body`, `payload-empty`, `payload-too-large`
   */
  decode(content: IngestContent, context: VersionContext, origin: MessageOrigin | null): DecodedMessage {
    if (content.kind === 'payload')
      return {
        payloads: [this.payloadOf(content.message, context, origin)],
        ignoredEventCount: 0,
        failed: [],
      };
    const message = this.payloadsOf(content.events, context, origin);
    if (message.failed[0] !== undefined && content.events.length === 1) throw message.failed[0].error;
    return message;
  }

  /** Rows that were decoded into a table by their source. @throws LeewayError `payload-too-large` */
  decodeTable({ table, part, payloadId, key }: TableMessage, context: VersionContext): DecodedPayload {
    const receivedAt = this.clock.now();
    const decoded = decodeTable(table, {
      ...this.decodingContext(context, receivedAt),
      part,
      inferenceIdOf: (row) => `${payloadId}-${row}`,
    });
    return this.sampled({
      context,
      payloadId,
      key: key && keyOf(context.version.id, key),
      callScope: '',
      receivedAt,
      decoded,
    });
  }

  /** So many payloads of which nothing could be read: they count in the window of this moment, since they have no event time. */
  unreadable(context: VersionContext, count: number): PendingPayload {
    const receivedAt = this.clock.now();
    return {
      context,
      key: null,
      receivedAt,
      capturedFrom: receivedAt,
      part: 'whole',
      callScope: '',
      batch: NO_ROWS,
      sampledOut: [],
      tallies: { 'unreadable-payload': count },
      receivedCount: 0,
    };
  }

  private payloadOf(
    message: IngestMessage,
    context: VersionContext,
    origin: MessageOrigin | null,
  ): DecodedPayload {
    const ids = idsOf(message.body);
    const given = payloadIdOf(message.payloadId, ids.payloadId);
    const payloadId = given ?? origin?.id ?? randomUUID();
    const receivedAt = this.clock.now();
    const decoded = decodeRows(message.body, {
      ...this.decodingContext(context, receivedAt),
      eventAt: origin?.at ?? receivedAt,
      part: message.part ?? partOf(ids.part),
      inferenceIdOf: ids.inferenceId === null ? (row) => `${payloadId}-${row}` : idsOfCall(ids.inferenceId),
    });
    if (decoded.receivedCount === 0)
      throw new LeewayError('payload-empty', 'the payload has 0 rows; send at least one');
    const key = given === undefined ? null : keyOf(context.version.id, given);
    return this.sampled({ context, payloadId, key, callScope: '', receivedAt, decoded });
  }

  private payloadsOf(
    events: readonly ReadEvent[],
    context: VersionContext,
    origin: MessageOrigin | null,
  ): DecodedMessage {
    const failed: FailedEvent[] = [];
    const payloads = events.flatMap((event, index): DecodedPayload[] => {
      try {
        return event.part === null ? ignored(event) : [this.payloadOfEvent(event, context, origin)];
      } catch (error) {
        if (!(error instanceof LeewayError)) throw error;
        failed.push({ event: index, error });
        return [];
      }
    });
    return { payloads, ignoredEventCount: events.length - payloads.length - failed.length, failed };
  }

  private payloadOfEvent(
    event: InferenceEvent,
    context: VersionContext,
    origin: MessageOrigin | null,
  ): DecodedPayload {
    const receivedAt = this.clock.now();
    const decoded = decodeRows(event.body, {
      ...this.decodingContext(context, receivedAt),
      part: event.part,
      eventAt: event.at ?? origin?.at ?? receivedAt,
      inferenceIdOf: idsOfCall(event.callId),
    });
    const key = keyOf(context.version.id, event.key);
    const callScope = shortHash(event.callScope);
    return this.sampled({ context, payloadId: event.callId, key, callScope, receivedAt, decoded });
  }

  private decodingContext(
    { columns }: VersionContext,
    receivedAt: Instant,
  ): Omit<DecodingContext, 'part' | 'inferenceIdOf'> {
    const { maxFutureMs, maxAgeMs } = this.limits;
    return { columns, receivedAt, eventAt: receivedAt, maxFutureMs, maxAgeMs, maxRows: MAX_PAYLOAD_ROWS };
  }

  /** Chooses the rows that will be counted: once for each payload, whatever becomes of its commits. */
  private sampled({ context, payloadId, key, callScope, receivedAt, decoded }: Arrival): DecodedPayload {
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
      callScope,
      batch: kept,
      sampledOut,
      tallies: { ...rejections.tallies, ...unexpected },
      receivedCount,
    };
    return { pending, receipt: draftOf(payloadId, decoded, kept.rowCount) };
  }

  /** The share of rows to count now: the model's, lowered while more arrive than its ceiling. */
  private fractionOf({ version }: VersionContext, { part, batch }: DecodedRows, now: Instant): number {
    const { fraction, maxRowsPerSecond } = version.model.sampling;
    if (maxRowsPerSecond === undefined) return fraction;
    let ceiling = this.ceilings.get(version.id);
    if (ceiling === undefined) this.ceilings.set(version.id, (ceiling = new RateCeiling()));
    return fraction * ceiling.shareFor(batch.rowCount * fraction, part, { maxRowsPerSecond, now });
  }
}

function decodeRows(body: ReadBody, context: DecodingContext): DecodedRows {
  try {
    return decodeBody(body, context);
  } catch (error) {
    throw error instanceof UnreadablePayload ? unreadable(error) : error;
  }
}

/** Events of other types are left alone. @throws LeewayError for one that could not be read */
function ignored(event: Exclude<ReadEvent, InferenceEvent>): [] {
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

/** Keys of all versions share a table. */
function keyOf(versionId: string, payloadId: string): string {
  return shortHash(`${versionId}/${payloadId}`);
}

/** 128 bits, whatever the length of the text. */
function shortHash(text: string): string {
  return hash('sha256', text, 'base64url').slice(0, 22);
}
