import { toRfc3339, type Transaction } from '#platform';
import { serializeProfile } from '#stats';
import type { CapturedRow } from './capture-bounds.js';
import type { Delta } from './fold.js';

/**
 * Writes the deltas of one commit, one row each.
 *
 * Profiles go as one packed text of bytes, cut apart by SQL: arrays of bytea are sent as escaped text. A real server takes
 * the bytes as they are; the embedded one reads base64 fourteen times faster than a large binary parameter.
 */
export async function insertDeltas(
  tx: Transaction,
  deltas: readonly Delta[],
  isEmbedded: boolean,
): Promise<void> {
  if (deltas.length === 0) return;
  const profiles = deltas.map(({ profile }) => serializeProfile(profile));
  const packed = Buffer.concat(profiles);
  let offset = 1;
  const rows = deltas.map((delta, index) => {
    const length = profiles[index]?.length ?? 0;
    offset += length;
    return {
      version_id: delta.versionId,
      segment: delta.segment,
      window_start: toRfc3339(delta.start),
      grid_hash: delta.profile.grid.hash,
      row_count: delta.profile.rowCount,
      received_count: delta.receivedCount,
      rejections: delta.tallies,
      first_byte: offset - length,
      byte_count: length,
    };
  });
  await tx.query(
    `insert into window_delta (version_id, segment, window_start, grid_hash, row_count, received_count, rejections, profile)
     select version_id, segment, window_start, grid_hash, row_count, received_count, rejections,
            substr(packed.bytes, first_byte, byte_count)
       from json_to_recordset($1::json) as r (version_id bigint, segment text, window_start timestamptz, grid_hash text,
                                              row_count bigint, received_count bigint, rejections jsonb,
                                              first_byte int, byte_count int),
            (select ${isEmbedded ? `decode($2, 'base64')` : '$2::bytea'} as bytes) as packed`,
    [JSON.stringify(rows), isEmbedded ? packed.toString('base64') : packed],
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
      [recordsOf(whole)],
    );
  }
  if (half.length > 0) {
    await tx.query(
      `insert into captured_half (version_id, window_start, inference_id, event_at, sample_rank, part, row_values)
       select version_id, window_start, inference_id, event_at, sample_rank, part, row_values from ${RECORDS}`,
      [recordsOf(half)],
    );
  }
}

const RECORDS = `json_to_recordset($1::json) as r (version_id bigint, window_start timestamptz, inference_id text, part text,
                                                   event_at timestamptz, sample_rank double precision, row_values jsonb)`;

function recordsOf(rows: readonly CapturedRow[]): string {
  return JSON.stringify(
    rows.map((row) => ({
      version_id: row.versionId,
      window_start: toRfc3339(row.start),
      inference_id: row.inferenceId,
      part: row.part,
      event_at: toRfc3339(row.eventAt),
      sample_rank: row.sampleRank,
      row_values: row.values,
    })),
  );
}
