import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DuckDBInstance, type DuckDBConnection, type DuckDBDataChunk } from '@duckdb/node-api';
import { cellOf, type ColumnBuilder } from '#payloads';
import { messageOf } from '#platform';
import type { ColumnSpec } from '../schemas.js';
import {
  buildersFor,
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
    const builders = buildersFor(matched);
    const rowCount = await foldChunks(connection, path, matched, builders);
    return { rowCount, columns: builders.map((builder) => builder.build()) };
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

/** Reads the file in DuckDB's chunks; numbers as typed vectors, since a call per value is seven times slower. */
async function foldChunks(
  connection: DuckDBConnection,
  path: string,
  columns: readonly ColumnSpec[],
  builders: readonly ColumnBuilder[],
): Promise<number> {
  const selected = columns.map(({ name, type }) => selectionOf(name, type)).join(', ');
  const result = await connection.stream(`select ${selected} from read_parquet(${quoted(path)})`);
  let rowCount = 0;
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return rowCount;
    columns.forEach(({ type }, index) => pushChunk(chunk, index, type, builders[index]));
    rowCount += chunk.rowCount;
  }
}

/** A number that cannot be read becomes infinity here, which is no valid value either, so that it can be told from NULL. */
function selectionOf(name: string, type: ColumnSpec['type']): string {
  const column = `"${name.replaceAll('"', '""')}"`;
  if (type !== 'numeric') return `cast(${column} as varchar)`;
  return `case when ${column} is null then 'nan'::double else coalesce(try_cast(${column} as double), 'infinity'::double) end`;
}

function pushChunk(
  chunk: DuckDBDataChunk,
  index: number,
  type: ColumnSpec['type'],
  builder: ColumnBuilder | undefined,
): void {
  const values = chunk.getColumnValues(index);
  if (type === 'numeric') {
    const numbers = Float64Array.from(values as number[]);
    const finite = numbers.filter((value) => Math.abs(value) !== Infinity);
    builder?.pushNumbers(finite, numbers.length - finite.length);
    return;
  }
  for (const value of values) builder?.push(type === 'boolean' ? booleanOf(value) : cellOf(value, type));
}

function booleanOf(value: unknown): string | null | undefined {
  if (value === null || value === 'true' || value === 'false') return value;
  return undefined;
}

function quoted(path: string): string {
  return `'${path.replaceAll("'", "''")}'`;
}
