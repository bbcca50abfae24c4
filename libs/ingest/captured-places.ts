import { toRfc3339, type Instant, type Sql, type Transaction } from '#platform';
import type { Model } from '#registry';
import { sampleRank } from './sampling.js';
import type { TimeRange } from './windows.js';

/** Where an inference was captured. */
export interface CapturedPlace {
  readonly inferenceId: string;
  readonly versionId: string;
  readonly windowStart: Instant;
}

/**
 * Where these inferences were captured, in all versions of a model; nothing for those that were not.
 *
 * Each is one look into captured_row_inference of each day, whatever is stored. Planned freely, a day that has no statistics yet is read
 * whole, once or for every id (`offset 0` keeps the look-ups apart, and no day is small enough to be read).
 */
export async function capturedPlaces(
  tx: Transaction,
  modelId: string,
  inferenceIds: readonly string[],
): Promise<CapturedPlace[]> {
  await tx.query('set local enable_seqscan = off');
  const rows = await tx.query<{ inference_id: string; version_id: string; window_start: Date }>(
    `select distinct asked.id as inference_id, v.id as version_id, c.window_start
       from unnest($2::text[]) as asked (id) cross join version v
      cross join lateral (
        select window_start from captured_row where version_id = v.id and inference_id = asked.id offset 0) as c
      where v.model_id = $1`,
    [modelId, inferenceIds],
  );
  await tx.query('set local enable_seqscan to default');
  return rows.map((row) => ({
    inferenceId: row.inference_id,
    versionId: row.version_id,
    windowStart: row.window_start.getTime(),
  }));
}

/** Whether an inference of this id is kept whole, as far as its hash decides: by the model's sampling and capture as they are now. */
export function isCapturedById(inferenceId: string, { sampling, capture }: Model): boolean {
  if (capture.maxRowsPerWindow === 0) return false;
  return sampleRank(inferenceId) < Math.min(sampling.fraction, capture.fraction);
}

/** Whether captured requests or responses of a range wait for their other half. Served by captured_half_inference. */
export async function hasWaitingHalves(
  sql: Sql,
  versionId: string,
  { from, to }: TimeRange,
): Promise<boolean> {
  const rows = await sql.query(
    'select 1 from captured_half where version_id = $1 and window_start >= $2 and window_start < $3 limit 1',
    [versionId, toRfc3339(from), toRfc3339(to)],
  );
  return rows.length > 0;
}
