import {
  durationMs,
  toRfc3339,
  windowStart,
  type Clock,
  type Database,
  type Instant,
  type Sql,
  type Transaction,
} from '#platform';
import { base64, type Baselines } from '#registry';
import { deserializeProfile, emptyProfile, mergeProfiles, serializeProfile, type Grid } from '#stats';
import { lockDay, type WindowKey } from './day-lock.js';
import { ROLLUP_MS, rollupGrainsOf, type RollupGrain } from './rollup-grains.js';
import { addCounts } from './tallies.js';
import { readCompactedPieces, type PieceRow } from './window-pieces.js';
import type { Lateness } from './windows.js';

/** Roll-ups of one pass, some milliseconds each: what is left waits, so that the evaluation behind it is not held up. */
const MAX_ROLLUPS_PER_PASS = 200;

interface DueRow {
  version_id: string;
  grain: RollupGrain;
  rollup_start: Date;
  segment: string;
  grid_hash: string;
  model_grain: string;
}

/** How long roll-ups are kept, per length. */
export type KeptRollups = Readonly<Record<RollupGrain, Instant>>;

/**
 * Builds the profiles of whole hours and days, so that a span of weeks is read in a few dozen pieces.
 *
 * A roll-up equals the sum of its compacted windows whenever somebody looks: it is built under the lock of its day, and
 * the transaction that changes one of its windows deletes it (`renewRollups`). It is never needed, only faster, and it
 * outlives its windows.
 */
export class Rollups {
  constructor(
    private readonly database: Database,
    private readonly baselines: Baselines,
    private readonly clock: Clock,
  ) {}

  /** Builds what is due, hours before the days that they are in. Safe with any number of workers at once. */
  async run(): Promise<void> {
    const due = await this.database.query<DueRow>(
      `select d.version_id, d.grain, d.rollup_start, d.segment, d.grid_hash, m.spec ->> 'grain' as model_grain
         from rollup_due d join version v on v.id = d.version_id join model m on m.id = v.model_id
        where d.due_at <= $1 order by d.due_at, d.grain desc limit $2`,
      [toRfc3339(this.clock.now()), MAX_ROLLUPS_PER_PASS],
    );
    for (const row of due) await this.build(row, await this.baselines.grid(row.grid_hash));
  }

  /** Forgets roll-ups that start before the instant of their length. Served by profile_rollup_age. */
  async deleteBefore(before: KeptRollups): Promise<void> {
    for (const [grain, at] of Object.entries(before))
      await this.database.query('delete from profile_rollup where grain = $1 and rollup_start < $2', [
        grain,
        toRfc3339(at),
      ]);
  }

  private async build(due: DueRow, grid: Grid): Promise<void> {
    await this.database.transaction(async (tx) => {
      await lockDay(tx, { version_id: due.version_id, window_start: due.rollup_start }, 'alone');
      // Taking the row is the claim: another worker that waited for the lock finds none.
      const claimed = await tx.query(`delete from rollup_due where ${THIS_ROLLUP} returning 1`, keyOf(due));
      if (claimed.length === 0 || !rollupGrainsOf(durationMs(due.model_grain)).includes(due.grain)) return;
      const from = due.rollup_start.getTime();
      const pieces = await readCompactedPieces(tx, {
        versionId: due.version_id,
        from,
        to: from + ROLLUP_MS[due.grain],
        rollups: due.grain === 'day' ? ['hour'] : [],
        only: { segment: due.segment, gridHash: due.grid_hash },
      });
      // The windows may have been dropped since; then there is nothing to build from.
      if (pieces.length > 0) await store(tx, due, pieces, grid);
    });
  }
}

/**
 * Deletes the roll-ups that cover a window and has them built once they are over and had their time for late rows. Call
 * it in the transaction that changes the window, under `lockDay`: so a roll-up equals the sum of its windows, always.
 */
export async function renewRollups(
  tx: Sql,
  key: WindowKey,
  grainMs: number,
  lateness: Lateness,
): Promise<void> {
  const grains = rollupGrainsOf(grainMs);
  if (grains.length === 0) return;
  const starts = grains.map((grain) => windowStart(key.window_start.getTime(), ROLLUP_MS[grain]));
  const dueAts = grains.map((grain, index): Instant => {
    const lastStart = windowStart((starts[index] ?? 0) + ROLLUP_MS[grain] - 1, grainMs);
    return lastStart + grainMs + (lateness ?? grainMs);
  });
  await tx.query(
    `with piece as (
       select * from unnest($4::text[], $5::timestamptz[], $6::timestamptz[]) as p (grain, rollup_start, due_at)
     ), outdated as (
       delete from profile_rollup r using piece p
        where r.version_id = $1 and r.segment = $2 and r.grid_hash = $3 and r.grain = p.grain and r.rollup_start = p.rollup_start
     )
     insert into rollup_due (version_id, grain, rollup_start, segment, grid_hash, due_at)
     select $1, grain, rollup_start, $2, $3, due_at from piece on conflict do nothing`,
    [
      key.version_id,
      key.segment,
      key.grid_hash,
      grains,
      starts.map((at) => new Date(at)),
      dueAts.map((at) => new Date(at)),
    ],
  );
}

const THIS_ROLLUP =
  'version_id = $1 and grain = $2 and rollup_start = $3 and segment = $4 and grid_hash = $5';

function keyOf(due: DueRow): unknown[] {
  return [due.version_id, due.grain, due.rollup_start, due.segment, due.grid_hash];
}

async function store(tx: Transaction, due: DueRow, pieces: readonly PieceRow[], grid: Grid): Promise<void> {
  const profile = emptyProfile(grid);
  for (const piece of pieces)
    mergeProfiles(profile, deserializeProfile(Buffer.from(piece.profile, 'base64'), grid));
  await tx.query(
    `insert into profile_rollup (version_id, grain, rollup_start, segment, grid_hash, row_count, received_count, rejections, profile)
     values ($1, $2, $3, $4, $5, $6, $7, $8, decode($9, 'base64'))`,
    [
      ...keyOf(due),
      profile.rowCount,
      pieces.reduce((sum, piece) => sum + Number(piece.received_count), 0),
      JSON.stringify(addCounts(pieces.map(({ rejections }) => rejections))),
      base64(serializeProfile(profile)),
    ],
  );
}
