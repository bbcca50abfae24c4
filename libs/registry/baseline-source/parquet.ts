import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
  DuckDBDoubleVector,
  DuckDBInstance,
  type DuckDBConnection,
  type DuckDBDataChunk,
  type DuckDBResult,
} from '@duckdb/node-api';
import { cellOf, ColumnBuilder, type NamedColumn } from '#payloads';
import { messageOf } from '#platform';
import type { ColumnSpec } from '../schemas.js';
import {
  matchColumns,
  unreadable,
  type BaselineReader,
  type BaselineStream,
  type BaselineTable,
} from './source.js';

/** What DuckDB may use beside the columns that are read out of it. */
const MEMORY_LIMIT = '1GB';

/** A Parquet file. Its footer comes last, so the stream is kept in a temporary file until it has been read. */
export const readParquet: BaselineReader<BaselineStream> = async ({ stream }, columns) => {
  const folder = await mkdtemp(join(tmpdir(), 'leeway-baseline-'));
  try {
    const path = join(folder, 'baseline.parquet');
    await pipeline(stream, createWriteStream(path));
    return await readFile(path, columns);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

async function readFile(path: string, columns: readonly ColumnSpec[]): Promise<BaselineTable> {
  const instance = await DuckDBInstance.create(':memory:', { memory_limit: MEMORY_LIMIT, threads: '2' });
  const connection = await instance.connect();
  try {
    const matched = matchColumns(columns, await columnNames(connection, path), 'the Parquet file');
    const expected = await footerRowCount(connection, path);
    const readers = matched.map((column) => columnReader(column, expected));
    const rowCount = await foldChunks(connection, path, matched, readers);
    return { rowCount, columns: readers.map((reader) => reader.build()) };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function columnNames(connection: DuckDBConnection, path: string): Promise<string[]> {
  try {
    const reader = await connection.runAndReadAll(`describe select * from read_parquet(${quoted(path)})`);
    return reader.getRows().map((row) => String(row[0]));
  } catch (cause) {
    throw unreadable(
      `this is not a Parquet file that can be read: ${messageOf(cause).replaceAll(path, 'the upload')}`,
      [],
      cause,
    );
  }
}

async function footerRowCount(connection: DuckDBConnection, path: string): Promise<number> {
  const reader = await connection.runAndReadAll(`select count(*) from read_parquet(${quoted(path)})`);
  return Number(reader.getRows()[0]?.[0] ?? 0);
}

async function foldChunks(
  connection: DuckDBConnection,
  path: string,
  columns: readonly ColumnSpec[],
  readers: readonly ColumnReader[],
): Promise<number> {
  const selected = columns.map(({ name, type }) => selectionOf(name, type)).join(', ');
  const result = await connection.stream(`select ${selected} from read_parquet(${quoted(path)})`);
  let rowCount = 0;
  for await (const chunk of chunksOf(result)) {
    const count = chunk.rowCount;
    readers.forEach((reader, index) => reader.push(chunk, index, count));
    rowCount += count;
  }
  return rowCount;
}

/** DuckDB's chunks in order. It reads the next one on its own threads while the caller looks at this one. */
async function* chunksOf(result: DuckDBResult): AsyncGenerator<DuckDBDataChunk> {
  let next = result.fetchChunk();
  try {
    for (;;) {
      const chunk = await next;
      if (chunk === null || chunk.rowCount === 0) return;
      next = result.fetchChunk();
      yield chunk;
    }
  } finally {
    // The connection must not be closed under a read that the caller no longer waits for.
    await next.catch(() => null);
  }
}

/** A number that cannot be read becomes infinity here, which is no valid value either, so that it can be told from NULL. */
function selectionOf(name: string, type: ColumnSpec['type']): string {
  const column = `"${name.replaceAll('"', '""')}"`;
  if (type !== 'numeric') return `cast(${column} as varchar)`;
  return `case when ${column} is null then 'nan'::double else coalesce(try_cast(${column} as double), 'infinity'::double) end`;
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
    const numbers = doublesOf(chunk, index).subarray(0, rowCount);
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

/** DuckDB's own memory of a chunk's column, through a private field: the public calls make an array of numbers first. */
function doublesOf(chunk: DuckDBDataChunk, index: number): Float64Array {
  const vector = chunk.getColumnVector(index);
  const items: unknown = vector instanceof DuckDBDoubleVector ? vector['items'] : null;
  if (!(items instanceof Float64Array)) throw new Error('selectionOf reads numbers as doubles');
  return items;
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

function quoted(path: string): string {
  return `'${path.replaceAll("'", "''")}'`;
}
