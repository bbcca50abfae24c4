import { durationMs, toRfc3339, type Clock, type Database, type Instant, type Transaction } from '#platform';
import { base64, NO_BASELINE_GRID } from '#registry';
import { serializeProfile, type Grid } from '#stats';
import { lockDay } from './day-lock.js';
import { rebuildProfiles, type CapturedValuesRow, type RebuiltProfiles } from './rebuilt-profiles.js';
import type { VersionContext, VersionContexts } from './version-context.js';
import type { Lateness, Windows } from './windows.js';

/** How far back windows are rebuilt: a span of a day with the seven days before it as its reference. */
const LOOKBACK_MS = 8 * 86_400_000;
/** Windows of one pass, some tens of milliseconds each: what is left waits, so that evaluation behind it is not held up. */
const MAX_WINDOWS_PER_PASS = 50;

interface RenewedVersion {
  model: string;
  version: string;
  grain: string;
}

/** A window to rebuild. */
interface WindowStart {
  readonly version_id: string;
  readonly window_start: Date;
}

/**
 * Counts windows from before a baseline on its grid, from the rows that were captured of them: a sample, and said to be
 * one. So a span that reaches behind a new baseline is compared at once, and not when the baseline is as old as the span.
 */
export class Rebuilding {
  constructor(
    private readonly database: Database,
    private readonly contexts: VersionContexts,
    private readonly windows: Windows,
    private readonly clock: Clock,
    private readonly lateness: Lateness,
  ) {}

  /** Rebuilds what is due, the newest windows first. Safe with any number of workers at once: see `rebuild`. */
  async run(): Promise<void> {
    let left = MAX_WINDOWS_PER_PASS;
    for (const { model, version, grain } of await this.renewedVersions()) {
      const context = await this.contexts.of(model, version);
      const grid = context.gridAt(this.clock.now());
      if (grid.hash === NO_BASELINE_GRID.hash) continue;
      for (const window of await this.dueWindows(context, grid, durationMs(grain), left)) {
        await this.rebuild(window, context, grid);
        left -= 1;
      }
      if (left === 0) return;
    }
  }

  /** Forgets rebuilt windows that start before `before`. Served by rebuilt_window_age. */
  async deleteBefore(before: Instant): Promise<void> {
    await this.database.query('delete from rebuilt_window where window_start < $1', [toRfc3339(before)]);
  }

  /** Versions whose baseline counts for a shorter time than the windows that are rebuilt; the day more is for clocks that differ. */
  private renewedVersions(): Promise<RenewedVersion[]> {
    return this.database.query<RenewedVersion>(
      `select m.name as model, v.name as version, m.spec ->> 'grain' as grain
         from version v join model m on m.id = v.model_id
        where exists (select 1 from baseline_epoch e where e.version_id = v.id and e.created_at > now() - interval '9 days')
        order by v.id`,
    );
  }

  /**
   * Windows with rows on another grid that are over, complete and captured. Complete: nothing waits to be compacted into
   * them, and no half of a captured inference waits for its other one.
   */
  private dueWindows(
    { version }: VersionContext,
    grid: Grid,
    grainMs: number,
    limit: number,
  ): Promise<WindowStart[]> {
    const until = this.windows.lastClosedEnd(grainMs, this.lateness);
    return this.database.query<WindowStart>(
      `select distinct w.version_id, w.window_start from profile_window w
        where w.version_id = $1 and w.window_start >= $2 and w.window_start < $3 and w.grid_hash <> $4 and w.row_count > 0
          and not exists (select 1 from rebuilt_window r
                           where r.version_id = $1 and r.window_start = w.window_start and r.grid_hash = $4)
          and not exists (select 1 from window_delta d where d.version_id = $1 and d.window_start = w.window_start)
          and not exists (select 1 from captured_half h where h.version_id = $1 and h.window_start = w.window_start)
          and exists (select 1 from captured_row c
                       where c.version_id = $1 and c.window_start = w.window_start and c.part <> 'response')
        order by w.window_start desc limit $5`,
      [version.id, toRfc3339(this.clock.now() - LOOKBACK_MS), toRfc3339(until), grid.hash, limit],
    );
  }

  /** One window, once: under the lock of its day, which a worker that rebuilds or compacts another of its windows waits for. */
  private async rebuild(window: WindowStart, context: VersionContext, grid: Grid): Promise<void> {
    await this.database.transaction(async (tx) => {
      await lockDay(tx, window, 'alone');
      const key = [window.version_id, window.window_start];
      const done = await tx.query(
        'select 1 from rebuilt_window where version_id = $1 and window_start = $2 and grid_hash = $3 limit 1',
        [...key, grid.hash],
      );
      if (done.length > 0) return;
      const rows = await tx.query<CapturedValuesRow>(
        'select part, row_values from captured_row where version_id = $1 and window_start = $2',
        key,
      );
      const [received] = await tx.query<{ count: string }>(
        'select coalesce(sum(received_count), 0) as count from profile_window where version_id = $1 and window_start = $2',
        key,
      );
      await store(tx, window, Number(received?.count ?? 0), rebuildProfiles(rows, context, grid));
    });
  }
}

/**
 * The rows that arrived are apportioned to the segments by their captured ones, because the segments of the window may
 * have been others. Example: 1,000 rows arrived, 30 and 10 are captured; the segments received 750 and 250.
 */
async function store(
  tx: Transaction,
  { version_id, window_start }: WindowStart,
  received: number,
  { profiles, leftOut }: RebuiltProfiles,
): Promise<void> {
  const captured = profiles.reduce((sum, { profile }) => sum + profile.rowCount, 0);
  let before = 0;
  for (const { segment, profile } of profiles) {
    const upTo = (rows: number): number => Math.round((received * rows) / Math.max(1, captured));
    const own = upTo(before + profile.rowCount) - upTo(before);
    before += profile.rowCount;
    await tx.query(
      `insert into rebuilt_window (version_id, window_start, grid_hash, segment, row_count, received_count, left_out, profile)
       values ($1, $2, $3, $4, $5, $6, $7, decode($8, 'base64'))`,
      [
        version_id,
        window_start,
        profile.grid.hash,
        segment,
        profile.rowCount,
        own,
        leftOut,
        base64(serializeProfile(profile)),
      ],
    );
  }
}

/**
 * Forgets what a window was rebuilt to: it has got rows since, and is rebuilt anew. Call it in the transaction that adds
 * them, under `lockDay`.
 */
export async function forgetRebuilt(
  tx: Pick<Transaction, 'query'>,
  { version_id, window_start }: WindowStart,
): Promise<void> {
  await tx.query('delete from rebuilt_window where version_id = $1 and window_start = $2', [
    version_id,
    window_start,
  ]);
}
