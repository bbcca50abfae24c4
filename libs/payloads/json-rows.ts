import { cellOf, isStorableText } from './cell.js';
import type { ColumnBatch, PayloadColumn } from './column-batch.js';
import { ColumnBuilder, type Cell } from './column-builder.js';

/** Why a row was not counted. The same word is the API field, the key in the windows' counts and the metric label. */
export const REJECTION_REASONS = [
  'not-an-object',
  'unknown-field',
  'bad-inference-id',
  'bad-timestamp',
  'future-timestamp',
  'stale-timestamp',
  'missing-column',
  'wrong-type',
] as const;

export type RejectionReason = (typeof REJECTION_REASONS)[number];

/** One row that was refused: its index in the payload, the column where there is one, and what is wrong. */
export interface Rejection {
  readonly row: number;
  readonly column: string | null;
  readonly reason: RejectionReason;
  readonly message: string;
}

export interface JsonRowsContext {
  readonly columns: readonly PayloadColumn[];
  /** The id of a row that brings none. */
  readonly inferenceIdOf: (row: number) => string;
  /** When the payload arrived, milliseconds since the epoch: the event time of rows without one. */
  readonly receivedAt: number;
  /** How far ahead of `receivedAt` an event time may be, for clocks that differ. */
  readonly maxFutureMs: number;
  readonly maxAgeMs: number;
}

export interface DecodedRows {
  readonly batch: ColumnBatch;
  readonly rejections: readonly Rejection[];
  /** Keys of `values` that the schema does not know, sorted; they were ignored. */
  readonly ignoredColumns: readonly string[];
}

const MAX_INFERENCE_ID_LENGTH = 256;
const ROW_FIELDS = new Set(['inferenceId', 'timestamp', 'values']);
/** Ignored columns that are named; a client that sends random keys must not make the answer grow. */
const MAX_IGNORED_COLUMNS = 20;

/**
 * Decodes rows of the form `{ inferenceId?, timestamp?, values: { column: value } }`.
 *
 * Never throws, whatever the rows are: a row is either in the batch, whole, or in `rejections` with the first thing
 * that is wrong with it. Rows keep their order.
 */
export function decodeJsonRows(rows: readonly unknown[], context: JsonRowsContext): DecodedRows {
  const builders = context.columns.map((column) => new ColumnBuilder(column.name, column.type));
  const known = new Set(context.columns.map((column) => column.name));
  const inferenceIds: string[] = [];
  const timestamps: number[] = [];
  const rejections: Rejection[] = [];
  const ignored = new Set<string>();

  rows.forEach((row, index) => {
    const read = readRow(row, index, context);
    if ('reason' in read) {
      rejections.push(read);
      return;
    }
    inferenceIds.push(read.inferenceId);
    timestamps.push(read.timestamp);
    read.cells.forEach((cell, column) => builders[column]?.push(cell));
    for (const key of Object.keys(read.values)) {
      if (!known.has(key) && ignored.size < MAX_IGNORED_COLUMNS) ignored.add(key);
    }
  });

  return {
    batch: {
      rowCount: inferenceIds.length,
      inferenceIds,
      timestamps: Float64Array.from(timestamps),
      columns: builders.map((builder) => builder.build()),
    },
    rejections,
    ignoredColumns: [...ignored].sort(),
  };
}

interface ReadRow {
  readonly inferenceId: string;
  readonly timestamp: number;
  readonly values: Readonly<Record<string, unknown>>;
  readonly cells: readonly Cell[];
}

function readRow(row: unknown, index: number, context: JsonRowsContext): ReadRow | Rejection {
  const refuse = (reason: RejectionReason, message: string, column: string | null = null): Rejection => ({
    row: index,
    column,
    reason,
    message,
  });
  if (!isRecord(row))
    return refuse('not-an-object', `row ${index} is ${kindOf(row)}; expected an object with "values"`);
  const unknown = Object.keys(row).find((key) => !ROW_FIELDS.has(key));
  if (unknown !== undefined) {
    return refuse(
      'unknown-field',
      `row ${index} has the field ${JSON.stringify(unknown)}; column values belong under "values"`,
    );
  }
  const { inferenceId = context.inferenceIdOf(index), timestamp, values } = row;
  if (typeof inferenceId !== 'string' || !isInferenceId(inferenceId)) {
    return refuse(
      'bad-inference-id',
      `row ${index}: inferenceId must be a text of 1 to ${MAX_INFERENCE_ID_LENGTH} characters`,
    );
  }
  const at = timestamp === undefined ? context.receivedAt : instantOf(timestamp);
  if (Number.isNaN(at)) {
    return refuse(
      'bad-timestamp',
      `row ${index}: timestamp must be RFC 3339 with a zone, such as 2026-11-23T04:00:00Z`,
    );
  }
  if (at > context.receivedAt + context.maxFutureMs) {
    return refuse(
      'future-timestamp',
      `row ${index}: its timestamp is ${at - context.receivedAt} ms ahead of Leeway's clock`,
    );
  }
  if (at < context.receivedAt - context.maxAgeMs) {
    return refuse(
      'stale-timestamp',
      `row ${index}: its timestamp is older than ${context.maxAgeMs} ms, the longest that windows are kept`,
    );
  }
  if (!isRecord(values))
    return refuse('not-an-object', `row ${index}: "values" is ${kindOf(values)}; expected an object`);

  const cells: Cell[] = [];
  for (const column of context.columns) {
    if (!Object.hasOwn(values, column.name)) {
      if (column.isRequired)
        return refuse(
          'missing-column',
          `row ${index} has no value for the column "${column.name}"`,
          column.name,
        );
      cells.push(null);
      continue;
    }
    const cell = cellOf(values[column.name], column.type);
    if (cell === undefined) {
      return refuse(
        'wrong-type',
        `row ${index}: "${column.name}" is ${kindOf(values[column.name])}; the schema says ${column.type}`,
        column.name,
      );
    }
    cells.push(cell);
  }
  return { inferenceId, timestamp: at, values, cells };
}

/** RFC 3339 with a zone. `Date.parse` alone takes much else, some of it in the machine's own zone. */
const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

function instantOf(value: unknown): number {
  return typeof value === 'string' && RFC_3339.test(value)
    ? Date.parse(value.toUpperCase().replace(' ', 'T'))
    : NaN;
}

function isInferenceId(text: string): boolean {
  return text.length > 0 && text.length <= MAX_INFERENCE_ID_LENGTH && isStorableText(text);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value's JSON type in words, with a short value itself, for messages. */
function kindOf(value: unknown): string {
  if (value === undefined) return 'absent';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  const text = JSON.stringify(value);
  return `the ${typeof value} ${text.length > 40 ? `${text.slice(0, 40)}…` : text}`;
}
