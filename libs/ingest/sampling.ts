import { selectRows, type ColumnBatch } from '#payloads';
import { windowStart, type Instant } from '#platform';
import { segmentsOfRows } from './segments.js';
import type { VersionContext } from './version-context.js';

/**
 * A number in [0, 1) that depends on the inference id alone, the same on every node and for every half of an
 * inference: 53 bits of two 32-bit FNV-1a hashes with a murmur finalizer (FNV alone leaves the ids of a counter in
 * stripes).
 */
export function sampleRank(inferenceId: string): number {
  let high = 0x811c9dc5;
  let low = 0xc2b2ae35;
  for (let i = 0; i < inferenceId.length; i += 1) {
    const unit = inferenceId.charCodeAt(i);
    high = Math.imul(high ^ unit, 0x01000193);
    low = Math.imul(low ^ unit, 0x85ebca6b);
  }
  return ((finalize(high) >>> 5) * 67_108_864 + (finalize(low) >>> 6)) / 9_007_199_254_740_992;
}

function finalize(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Rows of one window that arrived and are not counted. */
export interface SampledOut {
  readonly segment: string;
  readonly start: Instant;
  readonly count: number;
}

/** The rows whose rank is below `fraction`, and how many others each window has. */
export function sampleRows(
  batch: ColumnBatch,
  fraction: number,
  context: VersionContext,
): { readonly kept: ColumnBatch; readonly sampledOut: readonly SampledOut[] } {
  if (fraction >= 1) return { kept: batch, sampledOut: [] };
  const segmentOf = segmentsOfRows(batch, context);
  const rows: number[] = [];
  const out = new Map<string, { segment: string; start: Instant; count: number }>();
  for (let row = 0; row < batch.rowCount; row += 1) {
    if (sampleRank(batch.inferenceIds[row] ?? '') < fraction) {
      rows.push(row);
      continue;
    }
    const start = windowStart(batch.timestamps[row] ?? NaN, context.version.model.grainMs);
    const segment = segmentOf(row);
    const key = `${start}/${segment}`;
    const window = out.get(key);
    if (window === undefined) out.set(key, { segment, start, count: 1 });
    else window.count += 1;
  }
  return { kept: selectRows(batch, rows), sampledOut: [...out.values()] };
}
