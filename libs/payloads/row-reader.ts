import { isStorableText, MAX_CATEGORY_LENGTH, MAX_TEXT_LENGTH } from './cell.js';
import type { NamedColumn, PayloadColumn } from './column-batch.js';
import { DoubleArena } from './double-arena.js';

/** Where the cells of one column are collected: numbers in a typed array, else strings and null. */
export type ColumnSink = Float64Array | (string | null)[];

/**
 * Reads the cells of one object into place `at` of each sink. Returns how many columns it had, or -1, having written
 * some of them, when a required column is absent or a cell has the wrong type; the place is then written again by the
 * next row.
 */
export type RowReader = (
  values: Readonly<Record<string, unknown>>,
  sinks: readonly ColumnSink[],
  at: number,
) => number;

const READERS = new WeakMap<readonly PayloadColumn[], RowReader>();

/** The reader for these columns, compiled once per list. */
export function rowReaderFor(columns: readonly PayloadColumn[]): RowReader {
  let reader = READERS.get(columns);
  if (reader === undefined) READERS.set(columns, (reader = compile(columns)));
  return reader;
}

/** Room for the numbers of so many rows of these columns. */
export function arenaFor(columns: readonly PayloadColumn[], rowCount: number): DoubleArena {
  let numericCount = 0;
  for (const { type } of columns) if (type === 'numeric') numericCount += 1;
  return new DoubleArena(numericCount * rowCount);
}

/** A sink of which every place will be written. */
export function sinkFor({ type }: PayloadColumn, rowCount: number, arena: DoubleArena): ColumnSink {
  return type === 'numeric' ? arena.take(rowCount) : new Array<string | null>(rowCount).fill(null);
}

/** Sinks for rows that are read one after another. */
export function rowSinksFor(columns: readonly PayloadColumn[], rowCount: number): ColumnSink[] {
  const arena = arenaFor(columns, rowCount);
  return columns.map(({ type }) => (type === 'numeric' ? arena.take(rowCount) : []));
}

/** The first `count` cells of a sink as a column. */
export function columnOf({ name, type }: PayloadColumn, sink: ColumnSink, count: number): NamedColumn {
  if (sink instanceof Float64Array) {
    const values = sink.length === count ? sink : sink.subarray(0, count);
    return { name, values: { kind: 'numeric', values, invalidCount: 0 } };
  }
  // Writing the length of an array costs as much as reading a row, even where it stays the same.
  if (sink.length !== count) sink.length = count;
  const kind = type === 'text' ? 'text' : 'categorical';
  return { name, values: { kind, values: sink, invalidCount: 0 } };
}

/** A cell of a categorical or text column as `cellOf` takes it, or undefined for a wrong type. */
function stringCell(value: unknown, maxLength: number, isCategory: boolean): string | null | undefined {
  if (typeof value === 'string')
    return value.length <= maxLength && isStorableText(value) ? value : undefined;
  if (value === null) return null;
  return isCategory && (typeof value === 'number' || typeof value === 'boolean') ? String(value) : undefined;
}

/**
 * Straight-line code for one schema: property names are constants, so that each access is a load at a known place. A
 * loop over names takes 15% more of the whole way from bytes to counts. Names stand in the code only as JSON texts.
 */
function compile(columns: readonly PayloadColumn[]): RowReader {
  const body = columns.map((column, index) => statementFor(column, index)).join('\n');
  // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call -- see above
  return new Function(
    'stringCell',
    `return function readRow(values, sinks, at) {\nlet v, present = ${columns.length};\n${body}\nreturn present;\n}`,
  )(stringCell) as RowReader;
}

function statementFor(column: PayloadColumn, index: number): string {
  const name = JSON.stringify(column.name);
  // What an object inherits is not a value that the row brings.
  const load =
    column.name in Object.prototype
      ? `v = Object.hasOwn(values, ${name}) ? values[${name}] : undefined;`
      : `v = values[${name}];`;
  const absent = column.side === 'neither' ? `if (v === undefined) { v = null; present--; }` : '';
  return `${load}${absent}${storeFor(column, `sinks[${index}][at]`)}`;
}

function storeFor({ type }: PayloadColumn, place: string): string {
  switch (type) {
    case 'numeric':
      // Of the numbers that JSON can write only those beyond a double's range become infinite.
      return `if (typeof v === 'number' && v - v === 0) ${place} = v; else if (v === null) ${place} = NaN; else return -1;`;
    case 'boolean':
      return `if (v === true) ${place} = 'true'; else if (v === false) ${place} = 'false'; else if (v === null) ${place} = null; else return -1;`;
    case 'categorical':
      return `v = stringCell(v, ${MAX_CATEGORY_LENGTH}, true); if (v === undefined) return -1; ${place} = v;`;
    case 'text':
      return `v = stringCell(v, ${MAX_TEXT_LENGTH}, false); if (v === undefined) return -1; ${place} = v;`;
  }
}
