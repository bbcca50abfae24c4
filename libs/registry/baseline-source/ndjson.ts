import { cellOf, type Cell } from '#payloads';
import { messageOf } from '#platform';
import type { ColumnSpec } from '../schemas.js';
import { BatchBuilder, type BaselineBatch } from './batch.js';
import {
  isRequired,
  unreadable,
  type BaselinePages,
  type BaselineReader,
  type BaselineRows,
  type BaselineStream,
  type ByteStream,
  type SourceRow,
} from './source.js';
import { StringCells } from './string-cells.js';
import { textOf } from './text-of.js';

/** Longest line that is taken, in characters: as much as a payload may have. */
const MAX_LINE_LENGTH = 16 * 1024 * 1024;

/**
 * One JSON object a line; empty lines are skipped. A column that a line lacks is a missing value there. Lines may hold their columns
 * under `values`, as exported captured rows do.
 */
export const readNdjson: BaselineReader<BaselineStream> = async function* ({ stream }, columns) {
  const table = new RowTable(columns, 'line');
  let number = 0;
  for await (const lines of linesOf(stream)) {
    for (const line of lines) {
      number += 1;
      if (line.trim() !== '') table.push(parseLine(line, number), number);
      if (table.isFull) yield table.take();
    }
  }
  yield table.take();
};

/** Rows that came in a JSON body. */
export const readRows: BaselineReader<BaselineRows> = async function* ({ rows }, columns) {
  const table = new RowTable(columns, 'row');
  for (const [index, row] of rows.entries()) {
    table.push(row, index);
    if (table.isFull) yield await Promise.resolve(table.take());
  }
  yield table.take();
};

/** Rows that come some at a time. */
export const readPages: BaselineReader<BaselinePages> = async function* ({ pages, leftOut }, columns) {
  const table = new RowTable(
    columns.filter(({ name }) => !leftOut.includes(name)),
    'row',
  );
  let number = 0;
  for await (const page of pages) {
    for (const row of page) {
      table.push(row, (number += 1));
      if (table.isFull) yield table.take();
    }
  }
  yield table.take();
};

/** The lines of a stream, some at a time. @throws LeewayError `baseline-unreadable` for one that does not end */
async function* linesOf(stream: ByteStream): AsyncGenerator<string[]> {
  let rest = '';
  let count = 0;
  for await (const text of textOf(stream)) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    count += lines.length;
    if (rest.length > MAX_LINE_LENGTH)
      throw unreadable(`line ${count + 1} is longer than ${MAX_LINE_LENGTH} characters`);
    yield lines;
  }
  yield [rest];
}

/** The fields of an exported captured row. */
const INFERENCE_FIELDS = new Set(['inferenceId', 'timestamp', 'values']);

function isRecord(value: unknown): value is SourceRow {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseLine(line: string, number: number): SourceRow {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw unreadable(
      `line ${number} is not JSON: ${messageOf(cause)}`,
      [{ pointer: `/lines/${number}`, detail: messageOf(cause) }],
      cause,
    );
  }
  if (!isRecord(value)) {
    throw unreadable(`line ${number} is not a JSON object`, [
      { pointer: `/lines/${number}`, detail: 'expected an object' },
    ]);
  }
  return value;
}

/** Collects rows of column names and values. A column that no row has had so far, which only ground truth can be, is left out. */
class RowTable {
  private readonly batch: BatchBuilder;
  private readonly strings: readonly StringCells[];
  private readonly isSeen: boolean[];
  private isFirst = true;

  constructor(
    private readonly columns: readonly ColumnSpec[],
    private readonly unit: 'row' | 'line',
  ) {
    this.batch = new BatchBuilder(columns);
    this.strings = columns.map(({ type }) => new StringCells(type, cellOf));
    this.isSeen = columns.map(isRequired);
  }

  get isFull(): boolean {
    return this.batch.isFull;
  }

  push(given: SourceRow, at: number): void {
    const row = this.valuesOf(given);
    this.columns.forEach((column, index) => {
      const hasColumn = Object.hasOwn(row, column.name);
      if (hasColumn) this.isSeen[index] = true;
      else if (this.isFirst && isRequired(column)) throw this.lacking(column, at);
      this.batch.push(index, hasColumn ? this.cellOf(row[column.name], index) : null);
    });
    this.isFirst = false;
    this.batch.endRow();
  }

  take(): BaselineBatch {
    return this.batch.take((column) => this.isSeen[column] === true);
  }

  private cellOf(value: unknown, index: number): Cell {
    const { type } = this.columns[index]!;
    return typeof value === 'string' && type !== 'numeric'
      ? this.strings[index]!.cellOf(value)
      : cellOf(value, type);
  }

  private lacking({ name }: ColumnSpec, at: number): Error {
    return unreadable(`${this.unit} ${at} has no value for the column ${JSON.stringify(name)}`, [
      { pointer: `/${this.unit}s/${at}/${name}`, detail: 'the schema requires this column' },
    ]);
  }

  /** The columns of a row: the row itself, or its `values` where it has nothing else but what an inference has beside them. */
  private valuesOf(row: SourceRow): SourceRow {
    const { values } = row;
    const isExported =
      isRecord(values) &&
      Object.keys(row).every((key) => INFERENCE_FIELDS.has(key)) &&
      !this.columns.some(({ name }) => name === 'values');
    return isExported ? values : row;
  }
}
