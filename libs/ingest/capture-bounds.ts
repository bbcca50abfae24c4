import type { PayloadPart } from '#payloads';
import type { Instant } from '#platform';

/** A row that is kept: a whole one, or the half of one that is to be paired. */
export interface CapturedRow {
  readonly versionId: string;
  readonly start: Instant;
  readonly part: PayloadPart;
  readonly inferenceId: string;
  /** Halves of the same id pair within the same scope only; empty for whole rows. */
  readonly callScope: string;
  readonly eventAt: Instant;
  readonly sampleRank: number;
  /** How many rows of its window are kept. */
  readonly maxRows: number;
  readonly values: Readonly<Record<string, number | string | null>>;
}

/** Windows whose ranks are remembered; a late row of an older one is captured and trimmed when the window is compacted. */
const MAX_WINDOWS = 1_000;

/**
 * Which captured rows are worth storing: those that could be among the k smallest hashes of their window, as far as this
 * process has seen it. Without it each commit would store up to k rows; with it a window of n rows costs about
 * k·(1 + ln(n/k)) inserts, whatever the number of commits. Compaction trims what several processes store together.
 */
export class CaptureBounds {
  /** The smallest ranks that are stored, ascending, at most k of them. */
  private readonly smallest = new Map<string, number[]>();

  /** The rank from which on a row of this window and part cannot be among its `k` smallest. */
  boundOf(versionId: string, start: Instant, part: PayloadPart, k: number): number {
    const stored = this.smallest.get(`${versionId}/${start}/${part}`);
    return stored === undefined || stored.length < k ? Infinity : (stored[k - 1] ?? Infinity);
  }

  /** The rows of one window to store, at most `k`. */
  select(rows: readonly CapturedRow[], k: number): CapturedRow[] {
    const [first] = rows;
    if (first === undefined || k === 0) return [];
    const bound = this.boundOf(first.versionId, first.start, first.part, k);
    const candidates = rows.filter(({ sampleRank }) => sampleRank < bound);
    if (candidates.length <= k) return candidates;
    return candidates.toSorted((a, b) => a.sampleRank - b.sampleRank).slice(0, k);
  }

  /** Takes note of rows that have been stored. Call it after their commit: a bound must not rest on rows that were rolled back. */
  learn(rows: readonly CapturedRow[]): void {
    for (const [key, ranks] of Map.groupBy(rows, keyOf)) {
      const merged = [...(this.smallest.get(key) ?? []), ...ranks.map(({ sampleRank }) => sampleRank)];
      this.smallest.delete(key);
      this.smallest.set(key, merged.sort((a, b) => a - b).slice(0, ranks[0]?.maxRows));
    }
    for (const oldest of this.smallest.keys()) {
      if (this.smallest.size <= MAX_WINDOWS) return;
      this.smallest.delete(oldest);
    }
  }
}

function keyOf({ versionId, start, part }: CapturedRow): string {
  return `${versionId}/${start}/${part}`;
}
