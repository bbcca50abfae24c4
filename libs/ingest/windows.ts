import {
  decodeCursor,
  toPage,
  toRfc3339,
  type Clock,
  type Database,
  type Instant,
  type Page,
  type PageRequest,
} from '#platform';
import { epochAt, type Baselines, type Models, type Version } from '#registry';
import { deserializeProfile, mergeProfiles, type Profile } from '#stats';
import { addCounts, rejectedCountOf, rejectionsOf } from './tallies.js';

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
  readonly rejectedCount: number;
  readonly rejections: Readonly<Record<string, number>>;
}

/** A window with its profile; compacted or not makes no difference to a reader. */
export interface StoredWindow {
  readonly segment: string;
  readonly start: Instant;
  readonly profile: Profile;
  readonly rejections: Readonly<Record<string, number>>;
}

interface WindowRow {
  segment: string;
  window_start: Date;
  grid_hash: string;
  row_count: string;
  rejections: Record<string, number>;
}

/**
 * Windows and the deltas that are not compacted into them yet, in one statement and so in one snapshot: a row that a
 * worker is moving from one table to the other is seen exactly once. Served by the unique key and window_delta_key.
 */
const ROWS_IN_RANGE = (columns: string): string => `
  select ${columns} from profile_window where version_id = $1 and window_start >= $2 and window_start < $3
  union all
  select ${columns} from window_delta where version_id = $1 and window_start >= $2 and window_start < $3`;

/** How many rows one window of one version counted and refused. */
export interface WindowCounts {
  readonly version: string;
  readonly start: Instant;
  readonly rowCount: number;
  readonly rejectedCount: number;
}

export interface TimeRange {
  readonly from: Instant;
  readonly to: Instant;
}

/** A range that holds every window: PostgreSQL's own bounds are out of the range of a JavaScript date. */
export const EVER: TimeRange = { from: 0, to: Date.UTC(9999, 0) };

/** Reads windows. */
export class Windows {
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
    const rows = await this.database.query<WindowRow & { sort_key: string }>(
      `select * from (
         select segment, window_start, grid_hash, sum(row_count) as row_count, jsonb_agg(rejections) as rejections,
                (to_char(window_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS') || '/' || segment || '/' || grid_hash) collate "C" as sort_key
           from (${ROWS_IN_RANGE('segment, window_start, grid_hash, row_count, rejections')}) as parts
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
        const rejections = addCounts(row.rejections as unknown as Record<string, number>[]);
        return {
          model: modelName,
          version: versionName,
          segment: row.segment,
          start: toRfc3339(start),
          end: toRfc3339(start + version.model.grainMs),
          gridHash: row.grid_hash,
          baselineId: epochAt(epochs, start)?.id ?? null,
          rowCount: Number(row.row_count),
          rejectedCount: rejectedCountOf(rejections),
          rejections: rejectionsOf(rejections),
        };
      },
    );
  }

  /** The profiles of a version's windows that start in the range, one per window, segment and grid, oldest first. */
  async profiles(version: Version, range: TimeRange): Promise<StoredWindow[]> {
    const rows = await this.database.query<WindowRow & { profile: string }>(
      `select segment, window_start, grid_hash, rejections, encode(profile, 'base64') as profile
         from (${ROWS_IN_RANGE('segment, window_start, grid_hash, rejections, profile')}) as parts order by window_start`,
      [version.id, toRfc3339(range.from), toRfc3339(range.to)],
    );
    const windows = new Map<
      string,
      { segment: string; start: Instant; profile: Profile; rejections: Record<string, number> }
    >();
    for (const row of rows) {
      const start = row.window_start.getTime();
      const key = `${start}/${row.segment}/${row.grid_hash}`;
      const profile = deserializeProfile(
        Buffer.from(row.profile, 'base64'),
        await this.baselines.grid(row.grid_hash),
      );
      const window = windows.get(key);
      if (window === undefined) {
        windows.set(key, { segment: row.segment, start, profile, rejections: row.rejections });
      } else {
        mergeProfiles(window.profile, profile);
        window.rejections = addCounts([window.rejections, row.rejections]);
      }
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
    const rows = await this.database.query<{
      version: string;
      window_start: Date;
      row_count: string;
      rejections: Record<string, number>[];
    }>(
      `select v.name as version, parts.window_start, sum(parts.row_count) as row_count, jsonb_agg(parts.rejections) as rejections
         from version v, lateral (
           select window_start, row_count, rejections from profile_window where version_id = v.id and window_start >= $2 and window_start < $3
           union all
           select window_start, row_count, rejections from window_delta where version_id = v.id and window_start >= $2 and window_start < $3
         ) as parts
        where v.model_id = $1 group by v.name, parts.window_start order by parts.window_start`,
      [modelId, toRfc3339(range.from), toRfc3339(range.to)],
    );
    return rows.map((row) => ({
      version: row.version,
      start: row.window_start.getTime(),
      rowCount: Number(row.row_count),
      rejectedCount: rejectedCountOf(addCounts(row.rejections)),
    }));
  }

  /** Forgets windows that start before `before`. */
  async deleteBefore(before: Instant): Promise<void> {
    await this.database.query('delete from profile_window where window_start < $1', [toRfc3339(before)]);
  }

  /** The end of the newest window that is over and had `latenessMs` for late rows. */
  lastClosedEnd(grainMs: number, latenessMs: number): Instant {
    return Math.floor((this.clock.now() - latenessMs) / grainMs) * grainMs;
  }
}
