import type { DuckDBDataChunk } from '@duckdb/node-api';
import { cellOf, ColumnBuilder, type NamedColumn } from '#payloads';
import { doublesExpression, doublesOf, ParquetFile, quotedColumn, UnreadableParquet } from '#platform';
import type { ColumnSpec } from '../schemas.js';
import { matchColumns, unreadable, type BaselineReader, type BaselineStream } from './source.js';

/** A Parquet file, column by column. */
export const readParquet: BaselineReader<BaselineStream> = async ({ stream }, columns) =>
  ParquetFile.use(stream, async (file) => {
    const present = (await file.columns().catch(asUnreadable)).map(({ name }) => name);
    const matched = matchColumns(columns, present, 'the Parquet file');
    const expected = await file.rowCount();
    const readers = matched.map((column) => columnReader(column, expected));
    let rowCount = 0;
    for await (const chunk of file.chunks(matched.map(selectionOf))) {
      const count = chunk.rowCount;
      readers.forEach((reader, index) => reader.push(chunk, index, count));
      rowCount += count;
    }
    return { rowCount, columns: readers.map((reader) => reader.build()) };
  });

function asUnreadable(error: unknown): never {
  throw error instanceof UnreadableParquet ? unreadable(error.message, [], error) : error;
}

function selectionOf({ name, type }: ColumnSpec): string {
  return type === 'numeric' ? doublesExpression(name) : `cast(${quotedColumn(name)} as varchar)`;
}

/** Collects one column from chunks. */
interface ColumnReader {
  push(chunk: DuckDBDataChunk, index: number, rowCount: number): void;
  build(): NamedColumn;
}

function columnReader(column: ColumnSpec, expectedRows: number): ColumnReader {
  return column.type === 'numeric' ? new NumberReader(column.name, expectedRows) : new TextReader(column);
}

/** Rows for which room is made because the footer says so: 8 MB a column. A footer can lie, so that more has to be seen first. */
const MAX_EXPECTED_ROWS = 2 ** 20;

/** Copies numbers out of DuckDB's memory: a call per value takes seven times as long, and growing from nothing twice. */
class NumberReader implements ColumnReader {
  private numbers: Float64Array;
  private length = 0;
  private invalidCount = 0;

  constructor(
    private readonly name: string,
    expectedRows: number,
  ) {
    this.numbers = new Float64Array(Math.min(expectedRows, MAX_EXPECTED_ROWS));
  }

  push(chunk: DuckDBDataChunk, index: number, rowCount: number): void {
    const numbers = doublesOf(chunk, index);
    const isFiniteOrNaN = !numbers.includes(Infinity) && !numbers.includes(-Infinity);
    const valid = isFiniteOrNaN ? numbers : numbers.filter((value) => Math.abs(value) !== Infinity);
    this.reserve(this.length + valid.length);
    this.numbers.set(valid, this.length);
    this.length += valid.length;
    this.invalidCount += rowCount - valid.length;
  }

  build(): NamedColumn {
    const values = this.numbers.subarray(0, this.length);
    return { name: this.name, values: { kind: 'numeric', values, invalidCount: this.invalidCount } };
  }

  private reserve(length: number): void {
    if (length <= this.numbers.length) return;
    const grown = new Float64Array(Math.max(length, this.numbers.length * 2));
    grown.set(this.numbers.subarray(0, this.length));
    this.numbers = grown;
  }
}

/** Categories, booleans and texts, which DuckDB casts to text. */
class TextReader implements ColumnReader {
  private readonly builder: ColumnBuilder;

  constructor(private readonly column: ColumnSpec) {
    this.builder = new ColumnBuilder(column.name, column.type);
  }

  push(chunk: DuckDBDataChunk, index: number): void {
    const { type } = this.column;
    for (const value of chunk.getColumnValues(index))
      this.builder.push(type === 'boolean' ? booleanOf(value) : cellOf(value, type));
  }

  build(): NamedColumn {
    return this.builder.build();
  }
}

function booleanOf(value: unknown): string | null | undefined {
  if (value === null || value === 'true' || value === 'false') return value;
  return undefined;
}
