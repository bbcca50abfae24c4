import { createHash, randomUUID } from 'node:crypto';
import { decodeJsonRows, type Rejection, type RejectionReason } from '#payloads';
import { LeewayError, type Clock } from '#platform';
import type { GroupCommitter } from './group-committer.js';
import type { IngestMetrics } from './metrics.js';
import { MAX_PAYLOAD_ROWS, type IngestLimits, type InferencesBody } from './schemas.js';
import type { VersionContexts } from './version-context.js';

/** Refused rows that an answer lists; the rest is counted. */
const MAX_LISTED_REJECTIONS = 100;

/**
 * What became of a payload. `receivedCount` = `acceptedCount` + `rejectedCount`. The receipt of a duplicate says what was
 * counted when the payload came first, so that a sender who lost that answer can still balance its books.
 */
export interface IngestReceipt {
  readonly payloadId: string;
  /** `duplicate`: a payload with this id was counted before; nothing was counted now. */
  readonly status: 'accepted' | 'duplicate';
  readonly receivedCount: number;
  readonly acceptedCount: number;
  readonly rejectedCount: number;
  readonly rejections: readonly Rejection[];
  readonly omittedRejectionCount: number;
  readonly ignoredColumns: readonly string[];
}

/** The HTTP source of inferences: decodes, validates, and answers when the rows are durable. */
export class Ingest {
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
   * @throws LeewayError `not-found`, `payload-empty`, `payload-too-large`, `ingest-overloaded`, `database-unavailable`
   */
  async accept(modelName: string, versionName: string, body: InferencesBody): Promise<IngestReceipt> {
    const { rows } = body;
    if (rows.length === 0)
      throw new LeewayError('payload-empty', 'the payload has 0 rows', {
        places: [{ pointer: '/rows', detail: 'send at least one row' }],
      });
    if (rows.length > MAX_PAYLOAD_ROWS) {
      throw new LeewayError(
        'payload-too-large',
        `the payload has ${rows.length} rows; send at most ${MAX_PAYLOAD_ROWS} at once`,
        {
          places: [{ pointer: '/rows', detail: `at most ${MAX_PAYLOAD_ROWS} rows` }],
        },
      );
    }
    const context = await this.contexts.of(modelName, versionName);
    const payloadId = body.payloadId ?? randomUUID();
    const receivedAt = this.clock.now();
    const decoded = decodeJsonRows(rows, {
      columns: context.columns,
      inferenceIdOf: (row) => `${payloadId}-${row}`,
      receivedAt,
      maxFutureMs: this.limits.maxFutureMs,
      maxAgeMs: this.limits.maxAgeMs,
    });
    const status = await this.committer.commit({
      context,
      key: body.payloadId === undefined ? null : keyOf(context.version.id, body.payloadId),
      receivedAt,
      batch: decoded.batch,
      rejections: countByReason(decoded.rejections),
    });
    this.count(status, decoded.batch.rowCount, decoded.rejections.length);
    return {
      payloadId,
      status,
      receivedCount: rows.length,
      acceptedCount: decoded.batch.rowCount,
      rejectedCount: decoded.rejections.length,
      rejections: decoded.rejections.slice(0, MAX_LISTED_REJECTIONS),
      omittedRejectionCount: Math.max(0, decoded.rejections.length - MAX_LISTED_REJECTIONS),
      ignoredColumns: decoded.ignoredColumns,
    };
  }

  private count(status: IngestReceipt['status'], accepted: number, rejected: number): void {
    this.metrics.payloads.inc({ outcome: status });
    if (status === 'duplicate') {
      this.metrics.rows.inc({ outcome: 'duplicate' }, accepted + rejected);
      return;
    }
    this.metrics.rows.inc({ outcome: 'accepted' }, accepted);
    this.metrics.rows.inc({ outcome: 'rejected' }, rejected);
  }
}

/** Keys of all versions share a table: 128 bits, whatever the length of the id. */
function keyOf(versionId: string, payloadId: string): string {
  return createHash('sha256').update(`${versionId}/${payloadId}`).digest('base64url').slice(0, 22);
}

function countByReason(rejections: readonly Rejection[]): Partial<Record<RejectionReason, number>> {
  const counts: Partial<Record<RejectionReason, number>> = {};
  for (const { reason } of rejections) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}
