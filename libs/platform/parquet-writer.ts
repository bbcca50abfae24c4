import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  BOOLEAN,
  DOUBLE,
  DuckDBDataChunk,
  DuckDBInstance,
  DuckDBTimestampTZValue,
  TIMESTAMPTZ,
  VARCHAR,
  type DuckDBAppender,
  type DuckDBValue,
} from '@duckdb/node-api';
import { quotedColumn } from './parquet-file.js';
import { createTemporaryFolder } from './temporary-folder.js';

const TYPES = { VARCHAR, DOUBLE, BOOLEAN, TIMESTAMPTZ } as const;

/** A column of a Parquet file that is written, with its type in DuckDB's words. */
export interface WrittenColumn {
  readonly name: string;
  readonly type: keyof typeof TYPES;
}

/** One value to write. An instant is a number of milliseconds. */
export type WrittenCell = string | number | boolean | null;

/** Some rows, column by column in the order of the columns; all lists are of one length. */
export type WrittenBatch = readonly (readonly WrittenCell[])[];

/**
 * What DuckDB may hold of rows that are written; the rest waits on disk. Measured with 1,000,000 rows of 20 columns and with as many
 * texts of 2,000 characters: the process grows by 320 to 560 MB at the most, whatever the number of rows.
 */
const MEMORY_LIMIT = '256MB';
/** Uncompressed size of a part of the file: readers, and DuckDB when it writes, hold one in memory. */
const ROW_GROUP_SIZE = '32MB';
/** What one chunk of DuckDB holds. */
const MAX_CHUNK_ROWS = 2_048;

/**
 * The bytes of a Parquet file of these rows, in their order.
 *
 * A Parquet file ends with its directory, so the whole file is made before the first byte comes. It lies in a temporary folder that
 * is gone when the generator ends, however it ends. Memory is bounded (see `MEMORY_LIMIT`); disk is not. No two names may differ only
 * in case: DuckDB would rename one. An abort of `signal` ends the work at the next batch, or in the middle of DuckDB's writing.
 */
export async function* parquetBytes(
  columns: readonly WrittenColumn[],
  batches: AsyncIterable<WrittenBatch>,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const folder = await createTemporaryFolder('export');
  try {
    const path = join(folder, 'rows.parquet');
    await writeFile(path, join(folder, 'spill'), columns, batches, signal);
    for await (const bytes of createReadStream(path)) yield bytes as Buffer;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeFile(
  path: string,
  spillFolder: string,
  columns: readonly WrittenColumn[],
  batches: AsyncIterable<WrittenBatch>,
  signal: AbortSignal,
): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: MEMORY_LIMIT,
    temp_directory: spillFolder,
    // Rows keep their order with one thread; the setting is what allows parts of a size in bytes.
    threads: '1',
    preserve_insertion_order: 'false',
  });
  const connection = await instance.connect();
  const interrupt = (): void => connection.interrupt();
  signal.addEventListener('abort', interrupt);
  try {
    await connection.run(`create table rows (${columns.map(({ type }, at) => `c${at} ${type}`).join(', ')})`);
    const appender = await connection.createAppender('rows');
    for await (const batch of batches) {
      signal.throwIfAborted();
      append(appender, columns, batch);
    }
    appender.closeSync();
    signal.throwIfAborted();
    const named = columns.map(({ name }, at) => `c${at} as ${quotedColumn(name)}`);
    await connection.run(
      `copy (select ${named.join(', ')} from rows) to '${path.replaceAll("'", "''")}'
         (format parquet, compression zstd, row_group_size_bytes '${ROW_GROUP_SIZE}')`,
    );
  } finally {
    signal.removeEventListener('abort', interrupt);
    connection.closeSync();
    instance.closeSync();
  }
}

function append(appender: DuckDBAppender, columns: readonly WrittenColumn[], batch: WrittenBatch): void {
  const rowCount = batch[0]?.length ?? 0;
  for (let from = 0; from < rowCount; from += MAX_CHUNK_ROWS) {
    const cells = columns.map(({ type }, at) =>
      (batch[at] ?? []).slice(from, from + MAX_CHUNK_ROWS).map((cell) => duckValue(cell, type)),
    );
    const chunk = DuckDBDataChunk.create(
      columns.map(({ type }) => TYPES[type]),
      cells[0]?.length ?? 0,
    );
    chunk.setColumns(cells);
    appender.appendDataChunk(chunk);
  }
  // Only what was flushed can be moved to disk.
  appender.flushSync();
}

function duckValue(cell: WrittenCell, type: WrittenColumn['type']): DuckDBValue {
  if (type !== 'TIMESTAMPTZ' || typeof cell !== 'number') return cell;
  return new DuckDBTimestampTZValue(BigInt(cell) * 1_000n);
}
