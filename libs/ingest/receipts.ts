import { type UnreadablePayload, type DecodedRows, type PayloadPart, type Rejection } from '#payloads';
import { LeewayError } from '#platform';
import type { CommitOutcome } from './pending-payload.js';

/**
 * What became of a payload. `receivedCount` = `acceptedCount` + `rejectedCount`. The receipt of a duplicate says what was
 * counted when the payload came first, so that a sender who lost that answer can still balance its books.
 */
export interface IngestReceipt {
  readonly payloadId: string;
  /** `duplicate`: a payload with this id was counted before; nothing was counted now. */
  readonly status: CommitOutcome;
  readonly part: PayloadPart;
  readonly receivedCount: number;
  readonly acceptedCount: number;
  /** Of the accepted rows, those that the model's sampling left out: they are counted as received only. */
  readonly sampledOutCount: number;
  readonly rejectedCount: number;
  readonly rejections: readonly Rejection[];
  readonly omittedRejectionCount: number;
  readonly ignoredColumns: readonly string[];
}

/** A receipt but for what its commit will say: kept in place of the rows until then. */
export type ReceiptDraft = Omit<IngestReceipt, 'status'>;

export function draftOf(
  payloadId: string,
  { part, receivedCount, batch, rejections, unexpectedColumns }: DecodedRows,
  countedRows: number,
): ReceiptDraft {
  return {
    payloadId,
    part,
    receivedCount,
    acceptedCount: batch.rowCount,
    sampledOutCount: batch.rowCount - countedRows,
    rejectedCount: rejections.count,
    rejections: rejections.listed,
    omittedRejectionCount: rejections.count - rejections.listed.length,
    ignoredColumns: unexpectedColumns,
  };
}

export function receiptOf({ payloadId, ...rest }: ReceiptDraft, status: CommitOutcome): IngestReceipt {
  return { payloadId, status, ...rest };
}

/** Bytes of a listed rejection, whose texts are cut to some hundred characters. */
const BYTES_OF_REJECTION = 1_024;

/** The memory that a receipt takes until it is sent, estimated from above. */
export function bytesOfDraft({ rejections }: ReceiptDraft): number {
  return rejections.length * BYTES_OF_REJECTION;
}

/** A payload that cannot be decoded, as a failure that its sender can act on. */
export function unreadable(error: UnreadablePayload): LeewayError {
  const { problem, message, pointer } = error;
  const places = pointer === '' ? [] : [{ pointer, detail: message }];
  switch (problem) {
    case 'not-json':
      return new LeewayError('invalid-json', message, { cause: error });
    case 'wrong-form':
      return new LeewayError(
        'invalid-body',
        pointer === '' ? message : `the body is wrong at ${pointer}: ${message}`,
        {
          places,
          cause: error,
        },
      );
    case 'too-many-rows':
      return new LeewayError('payload-too-large', message, { places, cause: error });
  }
}
