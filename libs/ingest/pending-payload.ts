import type { ColumnBatch, PayloadPart } from '#payloads';
import type { Instant } from '#platform';
import type { SampledOut } from './sampling.js';
import type { SourceProgress } from './source-progress.js';
import type { VersionContext } from './version-context.js';

/** A decoded payload that waits for its commit. */
export interface PendingPayload {
  readonly context: VersionContext;
  /** Unique over all versions, or null for a payload without an id, which cannot be told from its repetition. */
  readonly key: string | null;
  readonly receivedAt: Instant;
  /** Rows of windows before it are counted and not captured: their captured rows are no longer kept. */
  readonly capturedFrom: Instant;
  readonly part: PayloadPart;
  /** The rows to count: those that were not refused and not sampled out. */
  readonly batch: ColumnBatch;
  readonly sampledOut: readonly SampledOut[];
  /** What else is counted of it, by reason: refused rows, unexpected columns. */
  readonly tallies: Readonly<Record<string, number>>;
  /** Rows as they came; what a duplicate counts. */
  readonly receivedCount: number;
}

export type CommitOutcome = 'accepted' | 'duplicate';

/** What is stored whole or not at all: a payload that came over HTTP, or those of a stretch of a partition with its progress. */
export interface CommitUnit {
  readonly payloads: readonly PendingPayload[];
  readonly progress: SourceProgress | null;
}

/** An outcome for each payload, or `outdated`: another consumer has moved the partition's offset, and nothing was stored. */
export type UnitOutcome = readonly CommitOutcome[] | 'outdated';

/** UTF-16 units of a text that count as one cell. */
const UNITS_PER_CELL = 8;

/**
 * What a unit holds in memory until its commit, in cells: ids and times count as one each, and a long text as one for every eight
 * of its characters, since 100 texts may be as large as a payload of numbers.
 */
export function cellCountOf({ payloads }: CommitUnit): number {
  let cells = 0;
  for (const { batch } of payloads) cells += cellsOf(batch);
  return cells;
}

function cellsOf({ rowCount, columns }: ColumnBatch): number {
  let longUnits = 0;
  for (const { values } of columns) {
    if (values.kind === 'numeric') continue;
    for (const text of values.values)
      if (text !== null && text.length > UNITS_PER_CELL) longUnits += text.length;
  }
  return rowCount * (columns.length + 2) + 1 + Math.floor(longUnits / UNITS_PER_CELL);
}

export function rowCountOf({ payloads }: CommitUnit): number {
  let rows = 0;
  for (const { batch } of payloads) rows += batch.rowCount;
  return rows;
}
