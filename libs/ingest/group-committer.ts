import { DailyPartitions, LeewayError, toRfc3339, type Database, type Transaction } from '#platform';
import { base64 } from '#registry';
import { serializeProfile } from '#stats';
import { CaptureBounds, type CapturedRow } from './capture-bounds.js';
import { foldPayloads, type Delta } from './fold.js';
import type { IngestMetrics } from './metrics.js';
import { rememberKeys } from './payload-keys.js';
import type { CommitOutcome, PendingPayload } from './pending-payload.js';

interface Waiting {
  readonly payload: PendingPayload;
  readonly resolve: (outcome: CommitOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/** Rows of one commit at the most: bounds how long the payloads behind it wait. Unmeasured. */
const MAX_COMMIT_ROWS = 50_000;

/**
 * Makes payloads durable, many in one transaction: their keys, their rows folded into delta profiles, and the captured
 * rows. While one commit is under way the next group gathers, so the group grows with the load by itself.
 *
 * A payload's promise settles after its commit and never before: when the process dies in between, the sender has no
 * answer, sends again with the same key, and the key decides whether the rows were already counted.
 */
export class GroupCommitter {
  private readonly waiting: Waiting[] = [];
  private pendingRows = 0;
  private running: Promise<void> | null = null;
  private readonly partitions = new DailyPartitions('captured_row');
  private readonly bounds = new CaptureBounds();

  constructor(
    private readonly database: Database,
    private readonly metrics: IngestMetrics,
    private readonly maxPendingRows: number,
  ) {}

  /** @throws LeewayError `ingest-overloaded` when too much waits, `database-unavailable` when it cannot be stored */
  commit(payload: PendingPayload): Promise<CommitOutcome> {
    if (this.pendingRows + payload.batch.rowCount > this.maxPendingRows) {
      throw new LeewayError(
        'ingest-overloaded',
        `${this.pendingRows} rows wait to be stored; send this payload again later`,
        { retryAfterSeconds: 1 },
      );
    }
    this.pendingRows += payload.batch.rowCount;
    const settled = new Promise<CommitOutcome>((resolve, reject) =>
      this.waiting.push({ payload, resolve, reject }),
    );
    this.metrics.pendingPayloads.set(this.waiting.length);
    this.running ??= this.run();
    return settled;
  }

  /** Waits until nothing is pending. */
  async drain(): Promise<void> {
    while (this.running !== null) await this.running;
  }

  private async run(): Promise<void> {
    while (this.waiting.length > 0) {
      const group = this.takeGroup();
      await this.commitGroup(group);
      for (const { payload } of group) this.pendingRows -= payload.batch.rowCount;
      this.metrics.pendingPayloads.set(this.waiting.length);
    }
    this.running = null;
  }

  private takeGroup(): Waiting[] {
    let rows = 0;
    let count = 0;
    for (const { payload } of this.waiting) {
      rows += payload.batch.rowCount;
      if (count > 0 && rows > MAX_COMMIT_ROWS) break;
      count += 1;
    }
    return this.waiting.splice(0, count);
  }

  private async commitGroup(group: readonly Waiting[]): Promise<void> {
    const endTimer = this.metrics.commitDuration.startTimer();
    try {
      const outcomes = await this.store(group.map(({ payload }) => payload));
      group.forEach(({ resolve }, index) => resolve(outcomes[index] ?? 'accepted'));
    } catch (error) {
      await this.commitOneByOne(group, error);
    } finally {
      endTimer();
    }
  }

  /** One payload that the database refuses must not fail those that were committed with it. */
  private async commitOneByOne(group: readonly Waiting[], cause: unknown): Promise<void> {
    const isAway = cause instanceof LeewayError && cause.code === 'database-unavailable';
    for (const { payload, resolve, reject } of group) {
      if (isAway || group.length === 1) {
        reject(cause);
        continue;
      }
      await this.store([payload]).then(([outcome]) => resolve(outcome ?? 'accepted'), reject);
    }
  }

  private async store(payloads: readonly PendingPayload[]): Promise<CommitOutcome[]> {
    await this.partitions.ensure(
      this.database,
      new Set(payloads.flatMap(({ batch }) => [...batch.timestamps])),
    );
    const { outcomes, stored } = await this.database.transaction(async (tx) => {
      const keys = payloads.flatMap(({ key }) => (key === null ? [] : [key]));
      const fresh = await rememberKeys(tx, [...new Set(keys)]);
      const outcomes = payloads.map(({ key }): CommitOutcome => {
        if (key === null) return 'accepted';
        // Deleted as it is taken, so that the same key twice in one group counts once.
        return fresh.delete(key) ? 'accepted' : 'duplicate';
      });
      const { deltas, captured } = foldPayloads(
        payloads.filter((_, index) => outcomes[index] === 'accepted'),
        this.bounds,
      );
      await insertDeltas(tx, deltas);
      await insertCaptured(tx, captured);
      return { outcomes, stored: captured };
    });
    this.bounds.learn(stored);
    return outcomes;
  }
}

async function insertDeltas(tx: Transaction, deltas: readonly Delta[]): Promise<void> {
  if (deltas.length === 0) return;
  const rows = deltas.map((delta) => ({
    version_id: delta.versionId,
    segment: delta.segment,
    window_start: toRfc3339(delta.start),
    grid_hash: delta.profile.grid.hash,
    row_count: delta.profile.rowCount,
    rejections: delta.rejections,
    profile: base64(serializeProfile(delta.profile)),
  }));
  // Base64 in one JSON text: arrays of bytea are sent as escaped text, and large binary parameters are slow when embedded.
  await tx.query(
    `insert into window_delta (version_id, segment, window_start, grid_hash, row_count, rejections, profile)
     select version_id, segment, window_start, grid_hash, row_count, rejections, decode(profile, 'base64')
       from json_to_recordset($1::json) as r (version_id bigint, segment text, window_start timestamptz, grid_hash text,
                                              row_count bigint, rejections jsonb, profile text)`,
    [JSON.stringify(rows)],
  );
}

async function insertCaptured(tx: Transaction, captured: readonly CapturedRow[]): Promise<void> {
  if (captured.length === 0) return;
  const rows = captured.map((row) => ({
    version_id: row.versionId,
    window_start: toRfc3339(row.start),
    inference_id: row.inferenceId,
    event_at: toRfc3339(row.eventAt),
    sample_rank: row.sampleRank,
    row_values: row.values,
  }));
  await tx.query(
    `insert into captured_row (version_id, window_start, inference_id, event_at, sample_rank, row_values)
     select version_id, window_start, inference_id, event_at, sample_rank, row_values
       from json_to_recordset($1::json) as r (version_id bigint, window_start timestamptz, inference_id text,
                                              event_at timestamptz, sample_rank double precision, row_values jsonb)`,
    [JSON.stringify(rows)],
  );
}
