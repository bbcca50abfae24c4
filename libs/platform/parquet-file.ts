import {
  DuckDBDoubleVector,
  DuckDBInstance,
  DuckDBIntegerVector,
  type DuckDBConnection,
  type DuckDBDataChunk,
} from '@duckdb/node-api';
import { messageOf } from './errors.js';
import { StoredUpload, type UploadStream } from './stored-upload.js';
import { UploadSpace } from './upload-space.js';

/** What DuckDB may use beside the values that are read out of a file. It takes that much of files with a thousand columns only. */
const MEMORY_LIMIT = '1GB';
/** Distinct values up to which a column is read by their places in a list. Above it, it is one of identifiers or texts. */
const MAX_DICTIONARY = 65_536;

/** What all uploads of this process may take; docs/payloads.md names these numbers. */
const UPLOADS = new UploadSpace({ maxFiles: 4, maxFileBytes: 2 * 2 ** 30, maxBytes: 4 * 2 ** 30 });

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
    private readonly upload: StoredUpload,
    private readonly instance: DuckDBInstance,
    private readonly connection: DuckDBConnection,
  ) {}

  /**
   * Keeps the stream in a temporary file, since a Parquet file's footer comes last. Close it when it has been read; then the file is gone.
   * An error of DuckDB names "the upload" and not the file.
   *
   * @throws LeewayError `ingest-overloaded` while too many or too large files are read, and as `StoredUpload`
   */
  static async open(stream: UploadStream, space = UPLOADS): Promise<ParquetFile> {
    const upload = await StoredUpload.of(stream, space);
    try {
      // Nothing that is asked of a file sorts or joins: there is nothing to spill, and no file to be left behind.
      const instance = await DuckDBInstance.create(':memory:', {
        memory_limit: MEMORY_LIMIT,
        temp_directory: '',
        threads: '2',
      });
      return new ParquetFile(upload, instance, await instance.connect());
    } catch (error) {
      await upload.remove();
      throw error;
    }
  }

  /** Opens a stream for as long as `work` runs. @throws LeewayError as `open` */
  static async use<T>(
    stream: UploadStream,
    work: (file: ParquetFile) => Promise<T>,
    space = UPLOADS,
  ): Promise<T> {
    const file = await ParquetFile.open(stream, space);
    try {
      return await work(file);
    } finally {
      await file.close();
    }
  }

  async close(): Promise<void> {
    this.connection.closeSync();
    this.instance.closeSync();
    await this.upload.remove();
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

  /**
   * The distinct values of a text expression, or null where there are more than some 65,536. Reading their places instead of strings
   * takes a third of the time. @throws UnreadableParquet
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
    return `read_parquet('${this.upload.path.replaceAll("'", "''")}')`;
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
      const [problem = ''] = messageOf(cause).replaceAll(this.upload.path, 'the upload').split('\n');
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

/** The integers of one chunk, in the same way. */
export function integersOf(chunk: DuckDBDataChunk, index: number): Int32Array {
  const vector = chunk.getColumnVector(index);
  const items: unknown = vector instanceof DuckDBIntegerVector ? vector['items'] : null;
  if (!(items instanceof Int32Array)) throw new Error('the expression is not of integers');
  return items.subarray(0, chunk.rowCount);
}
