import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import {
  DuckDBDoubleVector,
  DuckDBInstance,
  type DuckDBConnection,
  type DuckDBDataChunk,
} from '@duckdb/node-api';
import { messageOf } from './errors.js';
import { storeUpload } from './stored-upload.js';
import { createTemporaryFolder } from './temporary-folder.js';
import { UploadSpace } from './upload-space.js';

/** What DuckDB may use for one file beside the values that are read out of it: a page of each column, of some MB, per thread. */
const MEMORY_LIMIT = '512MB';

/** What all uploads of this process may take; docs/payloads.md names these numbers. */
const UPLOADS = new UploadSpace({ maxFiles: 4, maxFileBytes: 2 * 2 ** 30, maxBytes: 4 * 2 ** 30 });

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
   *
   * @throws LeewayError `ingest-overloaded` while too many or too large files are read, and as `storeUpload`
   */
  static async use<T>(
    stream: Readable,
    work: (file: ParquetFile) => Promise<T>,
    space = UPLOADS,
  ): Promise<T> {
    const share = space.open();
    try {
      return await useFolder(async (folder) => {
        const path = join(folder, 'upload.parquet');
        await storeUpload(stream, path, share);
        return useConnection(join(folder, 'spill'), (connection) => work(new ParquetFile(connection, path)));
      });
    } finally {
      share.close();
    }
  }

  /** @throws UnreadableParquet */
  async columns(): Promise<ParquetColumn[]> {
    const rows = await this.rowsOf(`describe select * from ${this.source}`);
    return rows.map(([name, type]) => ({ name: String(name), type: String(type) }));
  }

  /** The number of rows that the footer claims. @throws UnreadableParquet */
  async rowCount(): Promise<number> {
    const [row] = await this.rowsOf(`select count(*) from ${this.source}`);
    return Number(row?.[0] ?? 0);
  }

  /**
   * The selected expressions of every row, by chunks in the order of the file.
   *
   * @throws UnreadableParquet at the chunk that cannot be read: a footer says nothing of the pages before it
   */
  async *chunks(selection: readonly string[]): AsyncGenerator<DuckDBDataChunk> {
    const result = await this.reading(() =>
      this.connection.stream(`select ${selection.join(', ')} from ${this.source}`),
    );
    yield* readAhead(() => this.reading(() => result.fetchChunk()));
  }

  private get source(): string {
    return `read_parquet('${this.path.replaceAll("'", "''")}')`;
  }

  private rowsOf(statement: string): Promise<unknown[][]> {
    return this.reading(async () => (await this.connection.runAndReadAll(statement)).getRows());
  }

  /** The one place where an error of DuckDB becomes one of the file: its content is all that the statements depend on. */
  private async reading<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (cause) {
      // What follows the first line is advice for who runs DuckDB.
      const [problem = ''] = messageOf(cause).replaceAll(this.path, 'the upload').split('\n');
      const advice = problem.startsWith('Out of Memory')
        ? '; write it with smaller pages and row groups'
        : '';
      throw new UnreadableParquet(`this is not a Parquet file that can be read: ${problem}${advice}`, {
        cause,
      });
    }
  }
}

/** The upload is no Parquet file, or a broken one. */
export class UnreadableParquet extends Error {
  override readonly name = 'UnreadableParquet';
}

async function useFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await createTemporaryFolder('parquet');
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function useConnection<T>(
  spillFolder: string,
  work: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: MEMORY_LIMIT,
    temp_directory: spillFolder,
    threads: '2',
  });
  const connection = await instance.connect();
  try {
    return await work(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** DuckDB's chunks in order. It reads the next one on its own threads while the caller looks at this one. */
async function* readAhead(fetch: () => Promise<DuckDBDataChunk | null>): AsyncGenerator<DuckDBDataChunk> {
  let next = fetch();
  try {
    for (;;) {
      const chunk = await next;
      if (chunk === null || chunk.rowCount === 0) return;
      next = fetch();
      // It may fail while the caller is busy, and a failure that nobody waits for would end the process.
      next.catch(() => null);
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
