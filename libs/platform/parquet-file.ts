import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  DuckDBDoubleVector,
  DuckDBInstance,
  type DuckDBConnection,
  type DuckDBDataChunk,
  type DuckDBResult,
} from '@duckdb/node-api';
import { messageOf } from './errors.js';

/** What DuckDB may use beside the values that are read out of it. */
const MEMORY_LIMIT = '1GB';

/** A column of a Parquet file, with its type in DuckDB's words. */
export interface ParquetColumn {
  readonly name: string;
  readonly type: string;
}

/** A Parquet file that can be read by chunks of some thousand rows. */
export class ParquetFile {
  private constructor(
    private readonly connection: DuckDBConnection,
    private readonly path: string,
  ) {}

  /**
   * Keeps the stream in a temporary file, since a Parquet file's footer comes last, and runs `work` on it; the file is gone afterwards.
   * An error of DuckDB names "the upload" and not the file.
   */
  static async use<T>(stream: Readable, work: (file: ParquetFile) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(join(tmpdir(), 'leeway-parquet-'));
    try {
      const path = join(folder, 'upload.parquet');
      await pipeline(stream, createWriteStream(path));
      const instance = await DuckDBInstance.create(':memory:', { memory_limit: MEMORY_LIMIT, threads: '2' });
      const connection = await instance.connect();
      try {
        return await work(new ParquetFile(connection, path));
      } finally {
        connection.closeSync();
        instance.closeSync();
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async columns(): Promise<ParquetColumn[]> {
    const rows = await this.rowsOf(`describe select * from ${this.source}`);
    return rows.map(([name, type]) => ({ name: String(name), type: String(type) }));
  }

  /** The number of rows that the footer claims. */
  async rowCount(): Promise<number> {
    const [row] = await this.rowsOf(`select count(*) from ${this.source}`);
    return Number(row?.[0] ?? 0);
  }

  /** The selected expressions of every row, by chunks in the order of the file. */
  async *chunks(selection: readonly string[]): AsyncGenerator<DuckDBDataChunk> {
    yield* chunksOf(await this.connection.stream(`select ${selection.join(', ')} from ${this.source}`));
  }

  private get source(): string {
    return `read_parquet('${this.path.replaceAll("'", "''")}')`;
  }

  private async rowsOf(statement: string): Promise<unknown[][]> {
    try {
      return (await this.connection.runAndReadAll(statement)).getRows();
    } catch (cause) {
      throw new UnreadableParquet(
        `this is not a Parquet file that can be read: ${messageOf(cause).replaceAll(this.path, 'the upload')}`,
        { cause },
      );
    }
  }
}

/** The upload is no Parquet file, or a broken one. */
export class UnreadableParquet extends Error {
  override readonly name = 'UnreadableParquet';
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

/** A column as a name in SQL. */
export function quotedColumn(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A column as doubles. What is no number becomes infinity, which is no valid value either, so that it can be told from NULL, which is NaN. */
export function doublesExpression(name: string): string {
  const column = quotedColumn(name);
  return `case when ${column} is null then 'nan'::double else coalesce(try_cast(${column} as double), 'infinity'::double) end`;
}

/** The doubles of one chunk in DuckDB's own memory, through a private field: the public calls make an array of numbers first. */
export function doublesOf(chunk: DuckDBDataChunk, index: number): Float64Array {
  const vector = chunk.getColumnVector(index);
  const items: unknown = vector instanceof DuckDBDoubleVector ? vector['items'] : null;
  if (!(items instanceof Float64Array)) throw new Error('the expression is not of doubles');
  return items.subarray(0, chunk.rowCount);
}
