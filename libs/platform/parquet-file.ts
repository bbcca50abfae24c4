import { createWriteStream } from 'node:fs';
import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
  DuckDBDoubleVector,
  DuckDBInstance,
  DuckDBIntegerVector,
  type DuckDBConnection,
  type DuckDBDataChunk,
  type DuckDBResult,
} from '@duckdb/node-api';
import { messageOf } from './errors.js';

/** What DuckDB may use beside the values that are read out of it. It takes that much of files with a thousand columns only. */
const MEMORY_LIMIT = '1GB';
/** Distinct values up to which a column is read by their places in a list. Above it, it is one of identifiers or texts. */
const MAX_DICTIONARY = 65_536;

/** A column of a Parquet file, with its type in DuckDB's words. */
export interface ParquetColumn {
  readonly name: string;
  readonly type: string;
}

/** The distinct values of an expression, and the expression that is each row's place among them, -1 where it is null. */
export interface ParquetDictionary {
  readonly values: readonly string[];
  readonly expression: string;
}

/** A Parquet file that can be read by chunks of some thousand rows. */
export class ParquetFile {
  private dictionaries = 0;

  private constructor(
    private readonly spooled: SpooledFile,
    private readonly instance: DuckDBInstance,
    private readonly connection: DuckDBConnection,
  ) {}

  /**
   * Keeps the stream in a temporary file, since a Parquet file's footer comes last. Close it when it has been read. A stream that fails
   * leaves nothing. An error of DuckDB names "the upload" and not the file.
   */
  static async open(stream: AsyncIterable<Uint8Array | string>): Promise<ParquetFile> {
    const spooled = await SpooledFile.of(stream);
    try {
      // Nothing that is asked of a file sorts or joins: there is nothing to spill, and no file to be left behind.
      const instance = await DuckDBInstance.create(':memory:', {
        memory_limit: MEMORY_LIMIT,
        temp_directory: '',
        threads: '2',
      });
      return new ParquetFile(spooled, instance, await instance.connect());
    } catch (error) {
      await spooled.remove();
      throw error;
    }
  }

  /** Opens a stream for as long as `work` runs. */
  static async use<T>(
    stream: AsyncIterable<Uint8Array | string>,
    work: (file: ParquetFile) => Promise<T>,
  ): Promise<T> {
    const file = await ParquetFile.open(stream);
    try {
      return await work(file);
    } finally {
      await file.close();
    }
  }

  async close(): Promise<void> {
    this.connection.closeSync();
    this.instance.closeSync();
    await this.spooled.remove();
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
    try {
      yield* chunksOf(await this.connection.stream(`select ${selection.join(', ')} from ${this.source}`));
    } catch (cause) {
      throw this.unreadable(cause);
    }
  }

  /**
   * The distinct values of a text expression, or null where there are more than some 65,536. Reading their places instead of strings
   * takes a third of the time.
   */
  async dictionary(expression: string): Promise<ParquetDictionary | null> {
    // Estimated, since counting millions of identifiers would need more memory than there is.
    const [estimate] = await this.rowsOf(`select approx_count_distinct(${expression}) from ${this.source}`);
    if (Number(estimate?.[0] ?? 0) > MAX_DICTIONARY) return null;
    const distinct = `select ${expression} as value from ${this.source} group by all having value is not null`;
    const type = `dictionary_${(this.dictionaries += 1)}`;
    await this.rowsOf(`create type ${type} as enum (${distinct})`);
    const [row] = await this.rowsOf(`select enum_range(null::${type})::varchar[]`);
    const [list] = row as [{ readonly items: readonly string[] }];
    return {
      values: list.items,
      expression: `coalesce(enum_code((${expression})::${type})::integer, -1)`,
    };
  }

  private get source(): string {
    return `read_parquet('${this.spooled.path.replaceAll("'", "''")}')`;
  }

  private async rowsOf(statement: string): Promise<unknown[][]> {
    try {
      return (await this.connection.runAndReadAll(statement)).getRows();
    } catch (cause) {
      throw this.unreadable(cause);
    }
  }

  private unreadable(cause: unknown): UnreadableParquet {
    const message = messageOf(cause).replaceAll(this.spooled.path, 'the upload');
    return new UnreadableParquet(`this is not a Parquet file that can be read: ${message}`, { cause });
  }
}

/** Bytes that were streamed into a temporary file. */
class SpooledFile {
  private constructor(
    readonly path: string,
    private readonly folder: string | null,
    private readonly handle: FileHandle | null,
  ) {}

  /**
   * On Linux the file has no name any more once it is written, and is read through the process's own list of open files: whatever
   * becomes of the process, nothing is left. Elsewhere it lies in a folder until it is removed.
   */
  static async of(stream: AsyncIterable<Uint8Array | string>): Promise<SpooledFile> {
    const folder = await mkdtemp(join(tmpdir(), 'leeway-upload-'));
    const removeFolder = (): Promise<void> => rm(folder, { recursive: true, force: true });
    const path = join(folder, 'upload.parquet');
    let handle: FileHandle | null = null;
    try {
      handle = await open(path, 'wx+', 0o600);
      const isNameless = process.platform === 'linux';
      if (isNameless) await removeFolder();
      await pipeline(stream, createWriteStream(path, { fd: handle.fd, autoClose: false }));
      if (isNameless) return new SpooledFile(`/proc/self/fd/${handle.fd}`, null, handle);
      await handle.close();
      return new SpooledFile(path, folder, null);
    } catch (error) {
      await handle?.close().catch(() => undefined);
      await removeFolder();
      throw error;
    }
  }

  async remove(): Promise<void> {
    await this.handle?.close();
    if (this.folder !== null) await rm(this.folder, { recursive: true, force: true });
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

/** The integers of one chunk, in the same way. */
export function integersOf(chunk: DuckDBDataChunk, index: number): Int32Array {
  const vector = chunk.getColumnVector(index);
  const items: unknown = vector instanceof DuckDBIntegerVector ? vector['items'] : null;
  if (!(items instanceof Int32Array)) throw new Error('the expression is not of integers');
  return items.subarray(0, chunk.rowCount);
}
