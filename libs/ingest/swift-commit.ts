import type { Database } from '#platform';
import type { CapturedRow } from './capture-bounds.js';
import { capturedRecords, deltaRecords, packedProfiles } from './commit-rows.js';
import type { Delta } from './fold.js';
import { KEY_TTL_SECONDS } from './payload-keys.js';
import { progressParameters, progressParts, type SourceProgress } from './source-progress.js';

/** SQLSTATE of the division by zero by which the statement ends itself. */
const DIVISION_BY_ZERO = '22012';

/** What one commit writes. */
export interface SwiftCommit {
  readonly keys: readonly string[];
  readonly deltas: readonly Delta[];
  readonly captured: readonly CapturedRow[];
  /** How far the sources of its payloads have come; empty where all of them came over HTTP. */
  readonly progress: readonly SourceProgress[];
}

/**
 * Writes one commit in one statement, for the usual case that every key is new and every offset where its source believes that it is:
 * keys, deltas, captured rows and progress, or nothing.
 *
 * A commit of several statements waits for its turn behind other requests at each answer of the database; with one it waits
 * once. When a key is known, an offset has moved, or the key tables have to change turns, the statement divides by zero, which undoes it, and
 * the answer is false: the caller then takes the long way. The turn is locked as `rememberKeys` locks it; one that changed while
 * the lock was waited for is newer than the rows that this statement sees, so that it counts as one that has to change.
 */
export async function commitSwiftly(
  database: Database,
  { keys, deltas, captured, progress }: SwiftCommit,
): Promise<boolean> {
  const packed = packedProfiles(deltas);
  const { isEmbedded } = database;
  try {
    await database.query(statement(isEmbedded, progress.length > 0), [
      keys,
      KEY_TTL_SECONDS,
      JSON.stringify(deltaRecords(deltas, packed.lengths)),
      isEmbedded ? packed.bytes.toString('base64') : packed.bytes,
      JSON.stringify(capturedRecords(captured)),
      ...(progress.length > 0 ? progressParameters(progress) : []),
    ]);
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === DIVISION_BY_ZERO) return false;
    throw error;
  }
}

function statement(isEmbedded: boolean, hasProgress: boolean): string {
  return `
  with turn as (
    select turn % 2 as parity,
           1 / (case when floor(extract(epoch from clock_timestamp()) / $2) > turn then 0
                     when turn <> (select turn from payload_key_turn) then 0 else 1 end) as is_current
      from payload_key_turn for share),
  key as (select unnest($1::text[]) as key),
  even as (
    insert into payload_key_even (key)
    select key.key from key, turn
     where parity = 0 and is_current = 1 and not exists (select 1 from payload_key_odd o where o.key = key.key)
        on conflict do nothing returning 1),
  odd as (
    insert into payload_key_odd (key)
    select key.key from key, turn
     where parity = 1 and is_current = 1 and not exists (select 1 from payload_key_even e where e.key = key.key)
        on conflict do nothing returning 1),
  delta as (
    insert into window_delta (version_id, segment, window_start, grid_hash, row_count, received_count, rejections, profile)
    select version_id, segment, window_start, grid_hash, row_count, received_count, rejections,
           substr(packed.bytes, first_byte, byte_count)
      from json_to_recordset($3::json) as r (version_id bigint, segment text, window_start timestamptz, grid_hash text,
                                             row_count bigint, received_count bigint, rejections jsonb,
                                             first_byte int, byte_count int),
           (select ${isEmbedded ? `decode($4, 'base64')` : '$4::bytea'} as bytes) as packed
    returning 1),
${hasProgress ? progressParts('$6', '$7') : ''}  record as (
    select * from json_to_recordset($5::json) as r (version_id bigint, window_start timestamptz, inference_id text, part text,
                                                    event_at timestamptz, sample_rank double precision, row_values jsonb)),
  whole as (
    insert into captured_row (version_id, window_start, inference_id, event_at, sample_rank, row_values)
    select version_id, window_start, inference_id, event_at, sample_rank, row_values from record where part = 'whole'
    returning 1),
  half as (
    insert into captured_half (version_id, window_start, inference_id, event_at, sample_rank, part, row_values)
    select version_id, window_start, inference_id, event_at, sample_rank, part, row_values from record where part <> 'whole'
    returning 1)
  select 1 / (case when (select count(*) from even) + (select count(*) from odd) = cardinality($1::text[]) then 1 else 0 end) as done,
         ${hasProgress ? PROGRESS_DONE : ''}(select count(*) from delta) + (select count(*) from whole) + (select count(*) from half) as written`;
}

const PROGRESS_DONE = `1 / (case when (select count(*) from moved) = json_array_length($6::json) then 1 else 0 end) as is_current,
         (select count(*) from letter) as letters,
         `;
