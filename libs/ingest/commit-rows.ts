import { toRfc3339, type Transaction } from '#platform';
import { serializeProfile } from '#stats';
import type { CapturedRow } from './capture-bounds.js';
import type { Delta } from './fold.js';

/** The profiles of deltas as one packed piece of bytes, and the length of each. */
export interface PackedProfiles {
  readonly bytes: Buffer;
  readonly lengths: readonly number[];
}

/** Arrays of bytea are sent as escaped text: one piece that SQL cuts apart is not. */
export function packedProfiles(deltas: readonly Delta[]): PackedProfiles {
  const profiles = deltas.map(({ profile }) => serializeProfile(profile));
  return { bytes: Buffer.concat(profiles), lengths: profiles.map(({ length }) => length) };
}

/** Deltas as the records that SQL reads, each with the place of its profile, counted from 1. */
export function deltaRecords(deltas: readonly Delta[], lengths: readonly number[]): object[] {
  let next = 1;
  return deltas.map((delta, index) => {
    const [first, length] = [next, lengths[index] ?? 0];
    next += length;
    return {
      version_id: delta.versionId,
      segment: delta.segment,
      window_start: toRfc3339(delta.start),
      grid_hash: delta.profile.grid.hash,
      row_count: delta.profile.rowCount,
      received_count: delta.receivedCount,
      rejections: delta.tallies,
      first_byte: first,
      byte_count: length,
    };
  });
}

export function capturedRecords(rows: readonly CapturedRow[]): object[] {
  return rows.map((row) => ({
    version_id: row.versionId,
    window_start: toRfc3339(row.start),
    inference_id: row.inferenceId,
    part: row.part,
    ...(row.part === 'whole' ? {} : { call_scope: row.callScope }),
    event_at: toRfc3339(row.eventAt),
    sample_rank: row.sampleRank,
    row_values: row.values,
  }));
}

/**
 * Writes the deltas of one commit, one row each. A real server takes the profiles as they are; the embedded one reads base64
 * fourteen times faster than a large binary parameter.
 */
export async function insertDeltas(
  tx: Transaction,
  deltas: readonly Delta[],
  isEmbedded: boolean,
): Promise<void> {
  if (deltas.length === 0) return;
  const { bytes, lengths } = packedProfiles(deltas);
  await tx.query(
    `insert into window_delta (version_id, segment, window_start, grid_hash, row_count, received_count, rejections, profile)
     select version_id, segment, window_start, grid_hash, row_count, received_count, rejections,
            substr(packed.bytes, first_byte, byte_count)
       from json_to_recordset($1::json) as r (version_id bigint, segment text, window_start timestamptz, grid_hash text,
                                              row_count bigint, received_count bigint, rejections jsonb,
                                              first_byte int, byte_count int),
            (select ${isEmbedded ? `decode($2, 'base64')` : '$2::bytea'} as bytes) as packed`,
    [JSON.stringify(deltaRecords(deltas, lengths)), isEmbedded ? bytes.toString('base64') : bytes],
  );
}

/** Writes captured rows: whole ones to where they stay, halves to where they wait for their other half. */
export async function insertCaptured(tx: Transaction, captured: readonly CapturedRow[]): Promise<void> {
  const { whole = [], half = [] } = Object.groupBy(captured, ({ part }) =>
    part === 'whole' ? part : 'half',
  );
  if (whole.length > 0) {
    await tx.query(
      `insert into captured_row (version_id, window_start, inference_id, event_at, sample_rank, row_values)
       select version_id, window_start, inference_id, event_at, sample_rank, row_values from ${RECORDS}`,
      [JSON.stringify(capturedRecords(whole))],
    );
  }
  if (half.length > 0) {
    await tx.query(
      `insert into captured_half (version_id, window_start, inference_id, call_scope, event_at, sample_rank, part, row_values)
       select version_id, window_start, inference_id, call_scope, event_at, sample_rank, part, row_values from ${RECORDS}`,
      [JSON.stringify(capturedRecords(half))],
    );
  }
}

const RECORDS = `json_to_recordset($1::json) as r (version_id bigint, window_start timestamptz, inference_id text, part text, call_scope text,
                                                   event_at timestamptz, sample_rank double precision, row_values jsonb)`;
