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
}

/** A window, a roll-up or a delta, as PostgreSQL returns it. */
export interface PieceRow {
  readonly segment: string;
  readonly window_start: Date;
  readonly grid_hash: string;
  readonly received_count: string;
  readonly rejections: Tallies;
  readonly profile: string;
}

const IS_ASKED_FOR = `version_id = $1 and ($5::text is null or segment = $5) and ($6::text is null or grid_hash = $6)`;
const STARTS_IN_RANGE = 'window_start >= $2 and window_start < $3';
const isCovered = (by: RollupGrain, start: string): string =>
  `exists (select 1 from rollup c where c.grain = '${by}' and c.segment = p.segment and c.grid_hash = p.grid_hash
             and c.rollup_start = date_trunc('${by}', p.${start}, 'UTC'))`;

/**
 * Roll-ups that lie wholly in the range, the largest first, and the windows that none of them covers. Served by the
 * primary keys; a roll-up is found for a window by equality, so that many of both are joined by hash.
 */
const COMPACTED = `
  with rollup as (
    select * from profile_rollup
     where ${IS_ASKED_FOR} and grain = any ($4) and rollup_start >= $2
       and rollup_start + case grain when 'hour' then interval '1 hour' else interval '24 hours' end <= $3
  ), compacted as (
    select segment, rollup_start as window_start, grid_hash, received_count, rejections, profile
      from rollup p where grain = 'day' or not ${isCovered('day', 'rollup_start')}
    union all
    select segment, window_start, grid_hash, received_count, rejections, profile
      from profile_window p
     where ${IS_ASKED_FOR} and ${STARTS_IN_RANGE}
       and not ${isCovered('hour', 'window_start')} and not ${isCovered('day', 'window_start')}
  )`;
const DELTAS = `
  select segment, window_start, grid_hash, coalesce(received_count, row_count), rejections, profile
    from window_delta where ${IS_ASKED_FOR} and ${STARTS_IN_RANGE}`;
const selectFrom = (parts: string): string =>
  `${COMPACTED} select segment, window_start, grid_hash, received_count, rejections, encode(profile, 'base64') as profile
     from (${parts}) as piece order by window_start`;

/**
 * What the windows of a range hold, in pieces that add up to it, oldest first. One statement and so one snapshot: a row
 * that a worker is moving from a delta to a window or on to a roll-up is seen exactly once.
 */
export function readPieces(sql: Sql, query: PieceQuery): Promise<PieceRow[]> {
  return sql.query<PieceRow>(selectFrom(`select * from compacted union all ${DELTAS}`), valuesOf(query));
}

/** The same without the deltas: what a roll-up of the range is made of. Read it under `lockDay`. */
export function readCompactedPieces(tx: Sql, query: PieceQuery): Promise<PieceRow[]> {
  return tx.query<PieceRow>(selectFrom('select * from compacted'), valuesOf(query));
}

function valuesOf({ versionId, from, to, rollups, only }: PieceQuery): unknown[] {
  return [versionId, toRfc3339(from), toRfc3339(to), rollups, only?.segment ?? null, only?.gridHash ?? null];
}
