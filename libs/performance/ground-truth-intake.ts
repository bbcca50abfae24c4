import type { GroundTruth, GroundTruthReceipt } from '#ground-truth';
import { MAX_GROUND_TRUTH_ROWS, truthKindOf } from '#ground-truth';
import { capturedPlaces, isCapturedById, unreadable } from '#ingest';
import {
  decodeGroundTruth,
  UnreadablePayload,
  type DecodedTruths,
  type ReadBody,
  type TruthBatch,
} from '#payloads';
import { LeewayError, withRetries, type Clock, type Database, type Transaction } from '#platform';
import type { Model, Models } from '#registry';
import type { DueWindows } from './due-windows.js';
import type { PerformanceMetrics } from './metrics.js';
import { performanceWindowMs, performanceWindowStart } from './performance-settings.js';

/** Rows of one transaction: some 100 ms, in which the embedded database does nothing else. */
const ROWS_AT_ONCE = 10_000;
/** How far ahead of Leeway's clock an observation may be. As for inferences. */
const MAX_FUTURE_MS = 5 * 60_000;

type StoredCounts = Pick<GroundTruthReceipt, 'storedCount' | 'unchangedCount' | 'notCapturedCount'>;

/** Takes what really happened, and makes the windows due that it is about. */
export class GroundTruthIntake {
  constructor(
    private readonly rooms: {
      readonly database: Database;
      readonly models: Models;
      readonly groundTruth: GroundTruth;
      readonly dueWindows: DueWindows;
      readonly metrics: PerformanceMetrics;
    },
    private readonly clock: Clock,
  ) {}

  /**
   * Stores rows of ground truth. They may come before their predictions, be sent again, and correct earlier ones. Sent again after a
   * failure in the middle, what was stored is `unchanged`.
   *
   * @throws LeewayError `not-found`, `invalid-json`, `invalid-body`, `payload-empty`, `payload-too-large`, `database-unavailable`
   */
  async accept(modelName: string, body: ReadBody): Promise<GroundTruthReceipt> {
    const model = await this.rooms.models.get(modelName);
    const { receivedCount, batch, rejections } = this.decode(body, model);
    if (receivedCount === 0)
      throw new LeewayError('payload-empty', 'there are 0 rows of ground truth; send at least one');
    const counts = { storedCount: 0, unchangedCount: 0, notCapturedCount: 0 };
    for (let from = 0; from < batch.inferenceIds.length; from += ROWS_AT_ONCE) {
      const stored = await this.store(model, sliceOf(batch, from, from + ROWS_AT_ONCE));
      for (const name of COUNTS) counts[name] += stored[name];
    }
    const { count, listed } = rejections;
    this.rooms.metrics.countGroundTruth({ ...counts, rejectedCount: count });
    return {
      receivedCount,
      ...counts,
      rejectedCount: count,
      rejections: listed,
      omittedRejectionCount: count - listed.length,
    };
  }

  private decode(body: ReadBody, model: Model): DecodedTruths {
    try {
      return decodeGroundTruth(body, {
        kind: truthKindOf(model),
        receivedAt: this.clock.now(),
        maxFutureMs: MAX_FUTURE_MS,
        maxRows: MAX_GROUND_TRUTH_ROWS,
      });
    } catch (error) {
      throw error instanceof UnreadablePayload ? unreadable(error) : error;
    }
  }

  private store(model: Model, batch: TruthBatch): Promise<StoredCounts> {
    return withRetries(() => this.rooms.database.transaction((tx) => this.storeIn(tx, model, batch)));
  }

  /**
   * What is stored and the windows that it makes due are one transaction. A prediction that is captured between the two statements is
   * in a window that is evaluated when it is over, or marked late.
   */
  private async storeIn(tx: Transaction, model: Model, batch: TruthBatch): Promise<StoredCounts> {
    const places = await capturedPlaces(tx, model.id, batch.inferenceIds);
    const captured = new Set(places.map(({ inferenceId }) => inferenceId));
    const kept = filterRows(batch, (id) => captured.has(id) || isCapturedById(id, model));
    const changed = new Set(await this.rooms.groundTruth.store(tx, model.id, kept));
    const lengthMs = performanceWindowMs(model);
    await this.rooms.dueWindows.markLabelled(
      tx,
      places
        .filter(({ inferenceId }) => changed.has(inferenceId))
        .map(({ versionId, windowStart }) => ({
          versionId,
          start: performanceWindowStart(windowStart, model),
          lengthMs,
        })),
    );
    return {
      storedCount: changed.size,
      unchangedCount: kept.inferenceIds.length - changed.size,
      notCapturedCount: batch.inferenceIds.length - kept.inferenceIds.length,
    };
  }
}

const COUNTS = ['storedCount', 'unchangedCount', 'notCapturedCount'] as const;

function sliceOf({ inferenceIds, values, observedAt }: TruthBatch, from: number, to: number): TruthBatch {
  return {
    inferenceIds: inferenceIds.slice(from, to),
    values: values.slice(from, to),
    observedAt: observedAt.slice(from, to),
  };
}

function filterRows(
  { inferenceIds, values, observedAt }: TruthBatch,
  isKept: (id: string) => boolean,
): TruthBatch {
  const rows = inferenceIds.flatMap((id, row) => (isKept(id) ? [row] : []));
  return {
    inferenceIds: rows.map((row) => inferenceIds[row] ?? ''),
    values: rows.map((row) => values[row] ?? ''),
    observedAt: rows.map((row) => observedAt[row] ?? NaN),
  };
}
