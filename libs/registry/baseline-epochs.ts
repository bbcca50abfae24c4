import { LeewayError, toRfc3339, windowStart, type Instant, type Sql } from '#platform';
import type { Version } from './models.js';

/** When which grid counts: what ingest and drift need of a baseline. */
export interface BaselineEpoch {
  /** The id of the baseline. One that was promoted again has several epochs. */
  readonly id: string;
  readonly gridHash: string;
  /** Epoch milliseconds; -Infinity for the first one of a version. */
  readonly effectiveFrom: number;
  /** The segments that are counted apart (see `segmentName`); null where only the categories of one column are known. */
  readonly segments: readonly string[] | null;
}

/** How long other processes may take to notice a new epoch: twice what `VersionContexts` keeps, and a commit under way. */
export const BASELINE_NOTICE_MS = 2_000;

interface EpochRow {
  id: string;
  grid_hash: string;
  effective_from: Date | null;
  segments: string[] | null;
}

/** The epochs of a version in the order in which they were decided. */
export async function readEpochs(sql: Sql, versionId: string): Promise<BaselineEpoch[]> {
  const rows = await sql.query<EpochRow>(
    `select b.id, b.grid_hash, e.effective_from, b.segments
       from baseline_epoch e join baseline b on b.id = e.baseline_id where e.version_id = $1 order by e.id`,
    [versionId],
  );
  return rows.map((row) => ({
    id: row.id,
    gridHash: row.grid_hash,
    effectiveFrom: row.effective_from?.getTime() ?? -Infinity,
    segments: row.segments,
  }));
}

/** The epoch that counts for windows that start at `at`, or null when there is none yet. Of two from the same instant the later decision holds. */
export function epochAt(epochs: readonly BaselineEpoch[], at: number): BaselineEpoch | null {
  return epochs.findLast((epoch) => epoch.effectiveFrom <= at) ?? null;
}

/**
 * What a baseline is to its version now: `candidate`, never promoted; `current`, the one that counts; `next`, the one that counts
 * from its `effectiveFrom` on; `superseded`, one that another took the place of.
 */
export type BaselineStatus = 'candidate' | 'current' | 'next' | 'superseded';

export function statusOf(id: string, epochs: readonly BaselineEpoch[], now: Instant): BaselineStatus {
  if (!epochs.some((epoch) => epoch.id === id)) return 'candidate';
  if (epochAt(epochs, now)?.id === id) return 'current';
  return epochs.at(-1)?.id === id ? 'next' : 'superseded';
}

/**
 * The first window boundary from which on no row can have been counted on another grid: behind what processes that have not noticed
 * yet may count. Rows may be ahead of the clock, by a client's clock or another node's, as far as ingest lets them: so it is also behind the
 * newest window that has rows, and what follows on it while they notice. Nobody waits longer whose clocks are right.
 */
export function boundaryAfter(now: Instant, newestStart: Instant | null, grainMs: number): Instant {
  const ahead = newestStart === null || newestStart <= now ? now : newestStart + grainMs;
  return windowStart(Math.max(now, ahead) + BASELINE_NOTICE_MS, grainMs) + grainMs;
}

/** The start of the version's newest window that has rows, or null. Served by the key of each. */
async function newestWindow(tx: Sql, versionId: string): Promise<Instant | null> {
  const [row] = await tx.query<{ newest: Date | null }>(
    `select greatest((select max(window_start) from profile_window where version_id = $1),
                     (select max(window_start) from window_delta where version_id = $1)) as newest`,
    [versionId],
  );
  return row?.newest?.getTime() ?? null;
}

/**
 * Lets a baseline count: at once where the version has none, else from the next window boundary that every process has noticed.
 * Call it under the lock of the version.
 *
 * @throws LeewayError `baseline-counts-already` when no other baseline would count after it anyway
 */
export async function addEpoch(tx: Sql, version: Version, baselineId: string, now: Instant): Promise<void> {
  const epochs = await readEpochs(tx, version.id);
  if (epochs.at(-1)?.id === baselineId)
    throw new LeewayError(
      'baseline-counts-already',
      `baseline ${baselineId} of version ${JSON.stringify(version.name)} is the one that counts, or will from the next window boundary on`,
    );
  const { grainMs } = version.model;
  const effectiveFrom =
    epochs.length === 0 ? null : toRfc3339(boundaryAfter(now, await newestWindow(tx, version.id), grainMs));
  await tx.query('insert into baseline_epoch (version_id, baseline_id, effective_from) values ($1, $2, $3)', [
    version.id,
    baselineId,
    effectiveFrom,
  ]);
}
