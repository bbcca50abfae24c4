import {
  DailyPartitions,
  durationMs,
  toRfc3339,
  withRetries,
  type Clock,
  type Database,
  type Transaction,
} from '#platform';
import { base64, type Baselines } from '#registry';
import { deserializeProfile, emptyProfile, mergeProfiles, serializeProfile, type Profile } from '#stats';
import { trimCaptured } from './captured-trim.js';
import { lockDay, type WindowKey } from './day-lock.js';
import { mayBeJudged, recordLateWindow } from './late-windows.js';
import { forgetRebuilt } from './rebuilding.js';
import { renewRollups } from './rollups.js';
import { addCounts, type Tallies } from './tallies.js';
import type { Lateness } from './windows.js';

/** An open window is compacted once this many deltas wait; a reader merges the rest in well under a millisecond each. */
const MAX_OPEN_DELTAS = 50;
/**
 * Deltas that are merged in one transaction: 30 MB of a 30-column model, and 50 ms in which nothing else runs. Thousands may wait
 * after a worker was away.
 */
const MAX_DELTAS_AT_ONCE = 100;
/** Windows of one pass: what is left waits for the next one, so that the evaluation behind it is not held up. */
const MAX_WINDOWS_PER_PASS = 500;

/** Merges the deltas of a window into its one row, and holds captured rows to their bound. */
export class Compaction {
  private readonly partitions = new DailyPartitions('profile_window');

  constructor(
    private readonly database: Database,
    private readonly baselines: Baselines,
    private readonly clock: Clock,
    private readonly lateness: Lateness,
  ) {}

  /** Compacts what is due. Safe with any number of workers at once: a window's row is its lock. */
  async run(): Promise<void> {
    const due = await this.database.query<WindowKey & { grain: string; max_rows: number }>(
      `select d.version_id, d.segment, d.window_start, d.grid_hash,
              m.spec ->> 'grain' as grain, coalesce((m.spec -> 'capture' ->> 'maxRowsPerWindow')::int, 1000) as max_rows
         from window_delta d join version v on v.id = d.version_id join model m on m.id = v.model_id
        group by d.version_id, d.segment, d.window_start, d.grid_hash, m.spec
       having count(*) >= $1 or d.window_start < $2
        order by d.window_start limit $3`,
      [MAX_OPEN_DELTAS, toRfc3339(this.clock.now() - OPEN_FOR_MS), MAX_WINDOWS_PER_PASS],
    );
    await this.partitions.ensure(
      this.database,
      due.map(({ window_start }) => window_start.getTime()),
    );
    for (const { max_rows: maxRows, grain, ...key } of due) {
      const window = { key, grainMs: durationMs(grain), maxRows };
      while ((await withRetries(() => this.compact(window))) === MAX_DELTAS_AT_ONCE);
    }
  }

  /** Merges the oldest deltas of a window into its row; returns how many. */
  private async compact({ key, grainMs, maxRows }: DueWindow): Promise<number> {
    const grid = await this.baselines.grid(key.grid_hash);
    const values = [key.version_id, key.segment, key.window_start, key.grid_hash];
    return this.database.transaction(async (tx) => {
      await lockDay(tx, key, 'shared');
      await tx.query(
        `insert into profile_window (version_id, segment, window_start, grid_hash, row_count, received_count, rejections, profile)
         values ($1, $2, $3, $4, 0, 0, '{}', decode($5, 'base64')) on conflict do nothing`,
        [...values, base64(serializeProfile(emptyProfile(grid)))],
      );
      const [window] = await tx.query<PartRow>(
        `select ${PART_COLUMNS} from profile_window where ${THIS_WINDOW} for update`,
        values,
      );
      const deltas = await tx.query<PartRow & { row_count: string; arrived_in: string }>(
        `delete from window_delta
          where id = any (array(select id from window_delta where ${THIS_WINDOW} order by id limit ${MAX_DELTAS_AT_ONCE}))
         returning ${PART_COLUMNS}, row_count, arrived_in::text`,
        values,
      );
      // Here and not behind it: a process that dies in between would leave a window above its bound that nobody looks at again.
      await trimCaptured(tx, key, maxRows);
      if (window === undefined || deltas.length === 0) return 0;
      const profile = emptyProfile(grid);
      const parts = [window, ...deltas];
      for (const part of parts)
        mergeProfiles(profile, deserializeProfile(Buffer.from(part.profile, 'base64'), grid));
      await storeWindow(tx, values, {
        profile,
        receivedCount: parts.reduce((sum, part) => sum + Number(part.received_count), 0),
        rejections: addCounts(parts.map(({ rejections }) => rejections)),
      });
      await forgetRebuilt(tx, key);
      await renewRollups(tx, key, grainMs, this.lateness);
      if (mayBeJudged(key.window_start.getTime(), grainMs, this.lateness, this.clock.now())) {
        const withRows = deltas.filter(hasRows);
        await recordLateWindow(tx, key, [...new Set(withRows.map(({ arrived_in }) => arrived_in))]);
      }
      return deltas.length;
    });
  }
}

/** A window is left open for this long after its start, so that its row is not rewritten while deltas still come. */
const OPEN_FOR_MS = 2_000;

interface DueWindow {
  readonly key: WindowKey;
  readonly grainMs: number;
  readonly maxRows: number;
}

interface PartRow {
  received_count: string;
  rejections: Tallies;
  profile: string;
}

const PART_COLUMNS = `coalesce(received_count, row_count) as received_count, rejections, encode(profile, 'base64') as profile`;
const THIS_WINDOW = 'version_id = $1 and segment = $2 and window_start = $3 and grid_hash = $4';

/** Whether a delta has rows, or responses whose requests have the rows. */
function hasRows({ row_count, rejections }: { row_count: string; rejections: Tallies }): boolean {
  return Number(row_count) > 0 || (rejections['response-half'] ?? 0) > 0;
}

interface WindowContents {
  readonly profile: Profile;
  readonly receivedCount: number;
  readonly rejections: Tallies;
}

async function storeWindow(
  tx: Transaction,
  key: readonly unknown[],
  { profile, receivedCount, rejections }: WindowContents,
): Promise<void> {
  await tx.query(
    `update profile_window set row_count = $5, received_count = $6, rejections = $7, profile = decode($8, 'base64')
      where ${THIS_WINDOW}`,
    [...key, profile.rowCount, receivedCount, JSON.stringify(rejections), base64(serializeProfile(profile))],
  );
}
