import type { TruthBatch } from '#payloads';
import { deleteRows, toRfc3339, type Database, type Instant, type Sql } from '#platform';

/** One truth as it is stored: a number or class as text, and when it was observed. */
export interface StoredTruth {
  readonly value: string;
  readonly observedAt: Instant;
}

/** Rows of one delete: retention must not hold a lock, or the embedded database, for long. */
const DELETED_AT_ONCE = 20_000;

/**
 * What really happened, by inference: one value each, the one that was observed last. It may come before its prediction, days
 * after it, and again.
 */
export class GroundTruth {
  constructor(private readonly database: Database) {}

  /**
   * Stores rows in the caller's transaction and returns the ids whose value changed. A row that was observed before the stored one
   * changes nothing, so that deliveries may be repeated and come in any order. Ids are written in one order, so that two
   * deliveries wait for each other and do not deadlock. Served by the primary key.
   */
  async store(tx: Sql, modelId: string, batch: TruthBatch): Promise<string[]> {
    const rows = newestOfEach(batch);
    if (rows.length === 0) return [];
    const changed = await tx.query<{ inference_id: string }>(
      `insert into ground_truth as known (model_id, inference_id, value, observed_at)
       select $1, r.id, r.value, r.observed_at
         from unnest($2::text[], $3::text[], $4::timestamptz[]) as r (id, value, observed_at)
       on conflict (model_id, inference_id) do update
          set value = excluded.value, observed_at = excluded.observed_at, received_at = excluded.received_at
        where known.observed_at <= excluded.observed_at
          and (known.value, known.observed_at) is distinct from (excluded.value, excluded.observed_at)
       returning inference_id`,
      [
        modelId,
        rows.map(({ id }) => id),
        rows.map(({ value }) => value),
        rows.map(({ observedAt }) => toRfc3339(observedAt)),
      ],
    );
    return changed.map(({ inference_id }) => inference_id);
  }

  /** The truths of these inferences, as far as they are known. Served by the primary key. */
  async valuesOf(
    modelId: string,
    inferenceIds: readonly string[],
  ): Promise<ReadonlyMap<string, StoredTruth>> {
    if (inferenceIds.length === 0) return new Map();
    const rows = await this.database.query<{ inference_id: string; value: string; observed_at: Date }>(
      `select inference_id, value, observed_at from ground_truth where model_id = $1 and inference_id = any ($2::text[])`,
      [modelId, inferenceIds],
    );
    return new Map(
      rows.map((row) => [row.inference_id, { value: row.value, observedAt: row.observed_at.getTime() }]),
    );
  }

  /** Forgets what came before `before`. Served by ground_truth_age. */
  async deleteBefore(before: Instant): Promise<void> {
    const statement = `delete from ground_truth where (model_id, inference_id) in (
        select model_id, inference_id from ground_truth where received_at < $1 limit ${DELETED_AT_ONCE})`;
    while ((await deleteRows(this.database, statement, [toRfc3339(before)])) === DELETED_AT_ONCE);
  }

  /** Forgets the truth of one inference; returns whether there was one. */
  async deleteInference(tx: Sql, modelId: string, inferenceId: string): Promise<boolean> {
    return (
      (await deleteRows(tx, 'delete from ground_truth where model_id = $1 and inference_id = $2', [
        modelId,
        inferenceId,
      ])) > 0
    );
  }
}

interface TruthRow extends StoredTruth {
  readonly id: string;
}

/** One row for each inference, ascending by id: the one observed last; of two at the same time, the one that stands later. */
function newestOfEach({ inferenceIds, values, observedAt }: TruthBatch): TruthRow[] {
  const newest = new Map<string, TruthRow>();
  inferenceIds.forEach((id, row) => {
    const at = observedAt[row] ?? NaN;
    const known = newest.get(id);
    if (known === undefined || known.observedAt <= at)
      newest.set(id, { id, value: values[row] ?? '', observedAt: at });
  });
  return [...newest.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}
