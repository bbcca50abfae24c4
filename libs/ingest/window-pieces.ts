import { toRfc3339, type Instant, type Sql } from '#platform';
import type { RollupGrain } from './rollup-grains.js';
import type { Tallies } from './tallies.js';

/** What is read: the windows of a version that start in [from, to), or only those of one segment and grid. */
export interface PieceQuery {
  readonly versionId: string;
  readonly from: Instant;
  readonly to: Instant;
  /** Which roll-ups may stand for the windows that they cover. */
  readonly rollups: readonly RollupGrain[];
  readonly only?: { readonly segment: string; readonly gridHash: string };
  /** The grid on which windows that were rebuilt on it are read instead of the grid that they were counted on. */
  readonly rebuiltOn?: string | undefined;
}

/** A window, a roll-up or a delta, as PostgreSQL returns it. */
export interface PieceRow {
  readonly segment: string;
  readonly window_start: Date;
  readonly grid_hash: string;
  readonly received_count: string;
  readonly rejections: Tallies;
  readonly profile: string;
  /** The columns that a rebuilt window has nothing of; null for one that holds all its rows. */
  readonly left_out: readonly string[] | null;
}

const IS_ASKED_FOR = `version_id = $1 and ($5::text is null or segment = $5) and ($6::text is null or grid_hash = $6)`;
const STARTS_IN_RANGE = 'window_start >= $2 and window_start < $3';
const isCovered = (by: RollupGrain, start: string): string =>
  `exists (select 1 from rollup c where c.grain = '${by}' and c.segment = p.segment and c.grid_hash = p.grid_hash
             and c.rollup_start = date_trunc('${by}', p.${start}, 'UTC'))`;

const IS_REBUILT = 'exists (select 1 from rebuilt where rebuilt.window_start = p.window_start)';

/**
 * Rebuilt windows, roll-ups that lie wholly in the range and cover none of these, the largest first, and the windows
 * that are neither rebuilt nor covered. Served by the primary keys; a roll-up is found for a window by equality, so that
 * many of both are joined by hash.
 */
const COMPACTED = `
  with rebuilt as (
    select * from rebuilt_window where version_id = $1 and grid_hash = $7 and ${STARTS_IN_RANGE}
  ), rollup as (
    select * from profile_rollup p
     where ${IS_ASKED_FOR} and grain = any ($4) and rollup_start >= $2
       and rollup_start + case grain when 'hour' then interval '1 hour' else interval '24 hours' end <= $3
       and not exists (select 1 from rebuilt where date_trunc(p.grain, rebuilt.window_start, 'UTC') = p.rollup_start)
  ), compacted as (
    select segment, window_start, grid_hash, received_count, '{}'::jsonb as rejections, profile, left_out from rebuilt
    union all
    select segment, rollup_start, grid_hash, received_count, rejections, profile, null
      from rollup p where grain = 'day' or not ${isCovered('day', 'rollup_start')}
    union all
    select segment, window_start, grid_hash, received_count, rejections, profile, null
      from profile_window p
     where ${IS_ASKED_FOR} and ${STARTS_IN_RANGE} and not ${IS_REBUILT}
       and not ${isCovered('hour', 'window_start')} and not ${isCovered('day', 'window_start')}
  )`;
const DELTAS = `
  select segment, window_start, grid_hash, coalesce(received_count, row_count), rejections, profile, null
    from window_delta p where ${IS_ASKED_FOR} and ${STARTS_IN_RANGE} and not ${IS_REBUILT}`;
const selectFrom = (parts: string): string =>
  `${COMPACTED} select segment, window_start, grid_hash, received_count, rejections, left_out, encode(profile, 'base64') as profile
     from (${parts}) as piece order by window_start`;

/**
 * What the windows of a range hold, in pieces that add up to it, oldest first. One statement and so one snapshot: a row
 * that a worker is moving from a delta to a window or on to a roll-up is seen exactly once. Of a rebuilt window its
 * captured rows are seen; a delta that comes to it waits for its compaction, after which the window is rebuilt anew.
 */
export function readPieces(sql: Sql, query: PieceQuery): Promise<PieceRow[]> {
  return sql.query<PieceRow>(selectFrom(`select * from compacted union all ${DELTAS}`), valuesOf(query));
}

/** The same without the deltas: what a roll-up of the range is made of. Read it under `lockDay`. */
export function readCompactedPieces(tx: Sql, query: PieceQuery): Promise<PieceRow[]> {
  return tx.query<PieceRow>(selectFrom('select * from compacted'), valuesOf(query));
}

function valuesOf({ versionId, from, to, rollups, only, rebuiltOn }: PieceQuery): unknown[] {
  return [
    versionId,
    toRfc3339(from),
    toRfc3339(to),
    rollups,
    only?.segment ?? null,
    only?.gridHash ?? null,
    rebuiltOn ?? null,
  ];
}
