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

export function receiptOf(
  payloadId: string,
  status: CommitOutcome,
  { part, receivedCount, batch, rejections, unexpectedColumns }: DecodedRows,
  countedRows: number,
): IngestReceipt {
  return {
    payloadId,
    status,
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
