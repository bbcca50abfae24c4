import type { Database } from '#platform';
import type { CapturedRow } from './capture-bounds.js';
import { capturedRecords, deltaRecords, packedProfiles } from './commit-rows.js';
import type { Delta } from './fold.js';
import { keyTables } from './payload-keys.js';
import { progressParameters, progressParts, type SourceProgress } from './source-progress.js';

/** SQLSTATE of the division by zero by which the statement ends itself. */
const DIVISION_BY_ZERO = '22012';

/** What one commit writes. */
export interface SwiftCommit {
  readonly keys: readonly string[];
  /** The turn that the keys belong to, as far as this process knows. */
  readonly turn: number;
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
 * once. When a key is known, an offset has moved, or the key tables have changed turns, the statement divides by zero, which undoes it, and
 * the answer is false: the caller then takes the long way. See `rememberKeys` for why no key slips between two turns.
 */
export async function commitSwiftly(
  database: Database,
  { keys, turn, deltas, captured, progress }: SwiftCommit,
): Promise<boolean> {
  const packed = packedProfiles(deltas);
  const { isEmbedded } = database;
  try {
    await database.query(statement({ isEmbedded, hasProgress: progress.length > 0, keys, turn }), [
      keys,
      turn,
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

interface StatementParts extends Pick<SwiftCommit, 'keys' | 'turn'> {
  readonly isEmbedded: boolean;
  readonly hasProgress: boolean;
}

function statement({ isEmbedded, hasProgress, keys, turn }: StatementParts): string {
  return `
  with ${keys.length === 0 ? NO_KEYS : rememberedKeys(turn)},
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
    select * from json_to_recordset($5::json) as r (version_id bigint, window_start timestamptz, inference_id text, part text, call_scope text,
                                                    event_at timestamptz, sample_rank double precision, row_values jsonb)),
  whole as (
    insert into captured_row (version_id, window_start, inference_id, event_at, sample_rank, row_values)
    select version_id, window_start, inference_id, event_at, sample_rank, row_values from record where part = 'whole'
    returning 1),
  half as (
    insert into captured_half (version_id, window_start, inference_id, call_scope, event_at, sample_rank, part, row_values)
    select version_id, window_start, inference_id, call_scope, event_at, sample_rank, part, row_values from record where part <> 'whole'
    returning 1)
  select 1 / (case when (select count(*) from remembered) = cardinality($1::text[]) then 1 else 0 end) as done,
         ${hasProgress ? PROGRESS_DONE : ''}(select count(*) from delta) + (select count(*) from whole) + (select count(*) from half) as written`;
}

const PROGRESS_DONE = `1 / (case when (select count(*) from moved) = json_array_length($6::json) then 1 else 0 end) as is_current,
         (select count(*) from letter) as letters,
         `;

/**
 * The turn's table comes first: it is locked as the statement is parsed, before those of the keys and before any row. In another
 * turn there is no row to join, nothing is remembered, and the count of keys is not met.
 */
function rememberedKeys(turn: number): string {
  const { current, previous } = keyTables(turn);
  return `turn as (select turn from payload_key_turn where turn = $2::bigint for share),
  remembered as (
    insert into ${current} (key)
    select k.key from turn, unnest($1::text[]) as k (key)
     where not exists (select 1 from ${previous} p where p.key = k.key)
        on conflict do nothing returning 1)`;
}

/** A commit without keys has nothing to do with turns, and waits for no change of them. */
const NO_KEYS = `remembered as (select 1 where $2::bigint is null and cardinality($1::text[]) > 0)`;
