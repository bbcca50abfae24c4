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
  /** Halves pair within it only: a hash of where the call was made; empty for payloads that do not say. */
  readonly callScope: string;
  /** The rows to count: those that were not refused and not sampled out. */
  readonly batch: ColumnBatch;
  readonly sampledOut: readonly SampledOut[];
  /** What else is counted of it, by reason: refused rows, unexpected columns. */
  readonly tallies: Readonly<Record<string, number>>;
  /** Rows as they came; what a duplicate counts. */
  readonly receivedCount: number;
}

/** The batch of a payload of which no row is counted. */
export const NO_ROWS: ColumnBatch = {
  rowCount: 0,
  inferenceIds: [],
  timestamps: new Float64Array(0),
  columns: [],
};

export type CommitOutcome = 'accepted' | 'duplicate';

/** What is stored whole or not at all: a payload that came over HTTP, or those of a stretch of a partition with its progress. */
export interface CommitUnit {
  readonly payloads: readonly PendingPayload[];
  readonly progress: SourceProgress | null;
}

/** An outcome for each payload, or `outdated`: another consumer has moved the partition's offset, and nothing was stored. */
export type UnitOutcome = readonly CommitOutcome[] | 'outdated';

/** Bytes of a payload besides its rows: its objects, its key, its promise. */
const BYTES_OF_PAYLOAD = 1_024;
/** Bytes of a cell, a time, or a reference to a text. */
const BYTES_OF_CELL = 8;
/** Bytes of a text besides its characters, of which each may take two. */
const BYTES_OF_TEXT = 24;

/** The memory that a decoded payload takes until its commit, estimated from above. */
export function bytesOf({ batch }: PendingPayload): number {
  const { rowCount, inferenceIds, columns } = batch;
  // A row has a cell in every column, an id, and a time.
  let bytes = BYTES_OF_PAYLOAD + rowCount * BYTES_OF_CELL * (columns.length + 2) + bytesOfTexts(inferenceIds);
  for (const { values } of columns) if (values.kind !== 'numeric') bytes += bytesOfTexts(values.values);
  return bytes;
}

function bytesOfTexts(texts: readonly (string | null)[]): number {
  let bytes = 0;
  for (const text of texts) if (text !== null) bytes += BYTES_OF_TEXT + 2 * text.length;
  return bytes;
}

export function rowCountOf({ payloads }: CommitUnit): number {
  let rows = 0;
  for (const { batch } of payloads) rows += batch.rowCount;
  return rows;
}
