import type { ColumnBatch, PayloadColumn, PayloadPart } from './column-batch.js';
import { shortened, type Rejections } from './rejections.js';

/** How many rows a payload may have. */
export interface RowLimit {
  readonly maxRows: number;
}

/** What every decoder is told of the version and of the payload's arrival. */
export interface DecodingContext extends RowLimit {
  /** The whole schema of the version, in its order. */
  readonly columns: readonly PayloadColumn[];
  /** What the sender says that the rows are; null where the format itself says it, or they are whole. */
  readonly part: PayloadPart | null;
  /** The id of a row that brings none. */
  readonly inferenceIdOf: (row: number, rowCount: number) => string;
  /** When the payload arrived, milliseconds since the epoch. */
  readonly receivedAt: number;
  /** The event time of rows that bring none, milliseconds since the epoch. */
  readonly eventAt: number;
  /** How far ahead of `receivedAt` an event time may be, for clocks that differ. */
  readonly maxFutureMs: number;
  readonly maxAgeMs: number;
}

/** The rows of a payload: those that can be counted, and what is wrong with the others. */
export interface DecodedRows {
  readonly part: PayloadPart;
  readonly receivedCount: number;
  readonly batch: ColumnBatch;
  readonly rejections: Rejections;
  /** Columns that the schema does not know, sorted, at most 20 of them; they were ignored. */
  readonly unexpectedColumns: readonly string[];
  /** Rows that brought such a column. */
  readonly unexpectedRowCount: number;
}

/** Why a payload as a whole cannot be decoded. */
export type PayloadProblem = 'not-json' | 'wrong-form' | 'too-many-rows';

/** A payload of which no row can be told from another: nothing of it is counted. */
export class UnreadablePayload extends Error {
  override readonly name = 'UnreadablePayload';
  /** JSON pointer to what is wrong, or empty; cut when the sender's names are long. */
  readonly pointer: string;

  constructor(
    readonly problem: PayloadProblem,
    message: string,
    pointer = '',
  ) {
    super(message);
    this.pointer = shortened(pointer);
  }
}

/** @throws UnreadablePayload `too-many-rows` */
export function checkRowCount(rowCount: number, { maxRows }: RowLimit, pointer = ''): void {
  if (rowCount > maxRows)
    throw new UnreadablePayload(
      'too-many-rows',
      `the payload has ${rowCount} rows; send at most ${maxRows} at once`,
      pointer,
    );
}
