import {
  DailyPartitions,
  decodeCursor,
  durationMs,
  toPage,
  toRfc3339,
  windowStart,
  type Clock,
  type Database,
  type Instant,
  type Page,
  type PageRequest,
} from '#platform';
import { epochAt, type Baselines, type Models, type Version } from '#registry';
import { deserializeProfile, mergeProfiles, type Profile } from '#stats';
import { usableRollups } from './rollup-grains.js';
import {
  addCounts,
  inferenceCountOf,
  receivedInferenceCountOf,
  rejectedCountOf,
  rejectionsOf,
  type Tallies,
} from './tallies.js';
import { readPieces } from './window-pieces.js';

/** A window's counts, without its profile. */
export interface WindowSummary {
  readonly model: string;
  readonly version: string;
  readonly segment: string;
  readonly start: string;
  readonly end: string;
  readonly gridHash: string;
  readonly baselineId: string | null;
  readonly rowCount: number;
  /** Rows that arrived, with those that sampling left out; refused ones are not among them. */
  readonly receivedCount: number;
  readonly rejectedCount: number;
  readonly rejections: Tallies;
}

/** A window with its profile, or a roll-up of several; compacted or not makes no difference to a reader. */
export interface StoredWindow {
  readonly segment: string;
  readonly start: Instant;
  readonly profile: Profile;
  readonly receivedCount: number;
  readonly rejections: Tallies;
  /** The columns that it has nothing of, where it was rebuilt from captured rows; null where it holds all its rows. */
  readonly leftOut: readonly string[] | null;
}

/** How the windows of a range are read. */
export interface ProfileReading {
  /** The fewest pieces that the range may be read in; without it, every window is one. */
  readonly minPieces?: number;
  /** The grid on which rebuilt windows are read instead of those from before the baseline. */
  readonly rebuiltOn?: string | undefined;
}

interface WindowRow {
  segment: string;
  window_start: Date;
  grid_hash: string;
}

/** The columns of a delta and of a window. A delta of a node that does not count what arrives counts its rows. */
const COUNTS = 'row_count, coalesce(received_count, row_count) as received_count, rejections';

/**
 * Windows and the deltas that are not compacted into them yet, in one statement and so in one snapshot: a row that a
 * worker is moving from one table to the other is seen exactly once. Served by the unique key and window_delta_key.
 */
const ROWS_IN_RANGE = (columns: string): string => `
  select ${columns} from profile_window where version_id = $1 and window_start >= $2 and window_start < $3
  union all
  select ${columns} from window_delta where version_id = $1 and window_start >= $2 and window_start < $3`;

/** How many rows one window of one version counted, received and refused. */
export interface WindowCounts {
  readonly version: string;
  readonly start: Instant;
  readonly rowCount: number;
  readonly receivedCount: number;
  readonly rejectedCount: number;
  /** What else was counted, by reason. */
  readonly tallies: Tallies;
}

export interface TimeRange {
  readonly from: Instant;
  readonly to: Instant;
}

/** How long after its end a window waits for late rows before it is judged, in milliseconds; null for one grain. */
export type Lateness = number | null;

/** How long a delta may wait for its compaction; a window that is begun anew would replace the roll-ups of the old one. */
const MAX_DELTA_AGE_MS = 3_600_000;

/** A range that holds every window: PostgreSQL's own bounds are out of the range of a JavaScript date. */
export const EVER: TimeRange = { from: 0, to: Date.UTC(9999, 0) };

/** Reads windows and forgets them when they are old. */
export class Windows {
  private readonly partitions = new DailyPartitions('profile_window');

  constructor(
    private readonly database: Database,
    private readonly models: Models,
    private readonly baselines: Baselines,
    private readonly clock: Clock,
  ) {}

  /** Windows of a version, oldest first. */
  async list(
    modelName: string,
    versionName: string,
    query: PageRequest & Partial<TimeRange> & { segment?: string | undefined },
  ): Promise<Page<WindowSummary>> {
    const version = await this.models.getVersion(modelName, versionName);
    const epochs = await this.baselines.epochs(version.id);
    const after = decodeCursor(query.cursor, /^.{1,200}$/s) ?? '';
    const rows = await this.database.query<WindowRow & CountsRow & { sort_key: string }>(
      `select * from (
         select segment, window_start, grid_hash, ${SUMMED_COUNTS},
                (to_char(window_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS') || '/' || segment || '/' || grid_hash) collate "C" as sort_key
           from (${ROWS_IN_RANGE(`segment, window_start, grid_hash, ${COUNTS}`)}) as parts
          where ($4::text is null or segment = $4)
          group by window_start, segment, grid_hash
       ) as w
       where sort_key > $5 order by sort_key limit $6`,
      [
        version.id,
        toRfc3339(query.from ?? EVER.from),
        toRfc3339(query.to ?? EVER.to),
        query.segment ?? null,
        after,
        query.limit + 1,
      ],
    );
    return toPage(
      rows,
      query.limit,
      (row) => row.sort_key,
      (row) => {
        const start = row.window_start.getTime();
        return {
          model: modelName,
          version: versionName,
          segment: row.segment,
          start: toRfc3339(start),
          end: toRfc3339(start + version.model.grainMs),
          gridHash: row.grid_hash,
          baselineId: epochAt(epochs, start)?.id ?? null,
          ...countsOf(row),
        };
      },
    );
  }

  /**
   * The profiles of a version's windows that start in the range, one per window, segment and grid, oldest first.
   *
   * With `minPieces`, whole hours or days stand for their windows where the range is at least as many of them long: 24
   * makes hours of a day and days of a month. A range of n hours holds n or n − 1 whole ones; its ends are windows.
   * With `rebuiltOn`, a window that was rebuilt on that grid stands for all segments and grids of its start.
   */
  async profiles(
    version: Version,
    range: TimeRange,
    { minPieces = Infinity, rebuiltOn }: ProfileReading = {},
  ): Promise<StoredWindow[]> {
    const rows = await readPieces(this.database, {
      ...range,
      versionId: version.id,
      rollups: usableRollups(range.to - range.from, minPieces),
      rebuiltOn,
    });
    const windows = new Map<string, StoredWindow>();
    for (const row of rows) {
      const start = row.window_start.getTime();
      const key = `${start}/${row.segment}/${row.grid_hash}`;
      const profile = deserializeProfile(
        Buffer.from(row.profile, 'base64'),
        await this.baselines.grid(row.grid_hash),
      );
      const window = windows.get(key);
      if (window !== undefined) mergeProfiles(window.profile, profile);
      windows.set(key, {
        segment: row.segment,
        start,
        profile: window?.profile ?? profile,
        receivedCount: (window?.receivedCount ?? 0) + Number(row.received_count),
        rejections: window === undefined ? row.rejections : addCounts([window.rejections, row.rejections]),
        leftOut: row.left_out,
      });
    }
    return [...windows.values()];
  }

  /** The versions of a model that have windows starting at or after `since`. */
  async activeVersions(modelId: string, since: Instant): Promise<Version[]> {
    const rows = await this.database.query<{ id: string }>(
      `select v.id from version v
        where v.model_id = $1
          and (exists (select 1 from profile_window w where w.version_id = v.id and w.window_start >= $2)
            or exists (select 1 from window_delta d where d.version_id = v.id and d.window_start >= $2))`,
      [modelId, toRfc3339(since)],
    );
    return this.models.versionsById(rows.map((row) => row.id));
  }

  /** What the windows of a model's versions counted, for those that start in the range. */
  async counts(modelId: string, range: TimeRange): Promise<WindowCounts[]> {
    const rows = await this.database.query<CountsRow & { version: string; window_start: Date }>(
      `select v.name as version, window_start, ${SUMMED_COUNTS}
         from version v, lateral (
           select window_start, ${COUNTS} from profile_window where version_id = v.id and window_start >= $2 and window_start < $3
           union all
           select window_start, ${COUNTS} from window_delta where version_id = v.id and window_start >= $2 and window_start < $3
         ) as parts
        where v.model_id = $1 group by v.name, window_start order by window_start`,
      [modelId, toRfc3339(range.from), toRfc3339(range.to)],
    );
    return rows.map((row) => {
      const { rowCount, receivedCount, rejectedCount } = countsOf(row);
      return {
        version: row.version,
        start: row.window_start.getTime(),
        rowCount,
        receivedCount,
        rejectedCount,
        tallies: addCounts(row.rejections),
      };
    });
  }

  /**
   * Drops the days whose windows hold only rows from before `before`, and returns the names of their partitions. A row
   * that is not that old finds its window as it was, also when it waits as a delta for some time.
   */
  async dropBefore(before: Instant): Promise<string[]> {
    const grains = await this.database.query<{ grain: string }>(
      `select distinct spec ->> 'grain' as grain from model`,
    );
    const longestMs = Math.max(0, ...grains.map(({ grain }) => durationMs(grain)));
    return this.partitions.dropBefore(this.database, before - longestMs - MAX_DELTA_AGE_MS);
  }

  /** The watermark: the end of the newest window that is over and had its time for late rows. */
  lastClosedEnd(grainMs: number, lateness: Lateness): Instant {
    return windowStart(this.clock.now() - (lateness ?? grainMs), grainMs);
  }
}

interface CountsRow {
  row_count: string;
  received_count: string;
  rejections: Tallies[];
}

const SUMMED_COUNTS =
  'sum(row_count) as row_count, sum(received_count) as received_count, jsonb_agg(rejections) as rejections';

function countsOf(
  row: CountsRow,
): Pick<WindowSummary, 'rowCount' | 'receivedCount' | 'rejectedCount' | 'rejections'> {
  const tallies = addCounts(row.rejections);
  return {
    rowCount: inferenceCountOf(Number(row.row_count), tallies),
    receivedCount: receivedInferenceCountOf(Number(row.received_count), tallies),
    rejectedCount: rejectedCountOf(tallies),
    rejections: rejectionsOf(tallies),
  };
}
