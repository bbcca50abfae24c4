import { DuckDBInstance } from '@duckdb/node-api';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { COLUMNS } from '../bench/ingest/rows.js';

/** A body that would be far larger than its bytes if rows were built before they are counted, or values before they are bounded. */
export interface LargeBody {
  readonly type: string;
  readonly isGzip?: boolean;
  readonly body: Buffer;
}

const names = COLUMNS.map(({ name }) => name);
const repeat = (text: string, count: number): string => new Array<string>(count).fill(text).join(',');
const gzipped = (text: string): LargeBody => ({
  type: 'application/json',
  isGzip: true,
  body: gzipSync(text),
});

/** Bodies that ended a server once, or could have; each is made when it is asked for. */
export const LARGE_BODIES: readonly (() => LargeBody)[] = [
  () => {
    const row = (index: number): string =>
      `{${Array.from({ length: 10 }, (_, key) => `"k${index}_${key}":1`).join(',')}}`;
    return gzipped(`{"instances":[${Array.from({ length: 10_000 }, (_, index) => row(index)).join(',')}]}`);
  },
  () => gzipped(`{"instances":[${repeat('1', 8_000_000)}]}`),
  () => gzipped(`{"data":{"ndarray":[${repeat('[]', 5_000_000)}]}}`),
  () => gzipped(`{"data":{"tensor":{"shape":[4000000,1],"values":[${repeat('1', 4_000_000)}]}}}`),
  () => gzipped(`{"data":{"names":[${repeat('"x"', 4_000_000)}],"ndarray":[[1]]}}`),
  () =>
    gzipped(
      `{"inputs":[{"name":"x","shape":[4000000,1],"datatype":"FP64","data":[${repeat('1', 4_000_000)}]}]}`,
    ),
  () => gzipped(`{"inputs":[${repeat('{"name":"x","shape":[0],"datatype":"FP64","data":[]}', 200_000)}]}`),
  () => gzipped(`{"columns":{${Array.from({ length: 500_000 }, (_, at) => `"c${at}":[]`).join(',')}}}`),
  () => gzipped(`[${repeat('{}', 5_000_000)}]`),
  () => gzipped(`{"rows":[${repeat('null', 3_000_000)}]}`),
  () => ({
    type: 'text/csv',
    body: Buffer.from(
      `${Array.from({ length: 150_000 }, (_, at) => `c${at}`).join(',')}\n${'1,2,3\n'.repeat(9_000)}`,
    ),
  }),
  () => ({
    type: 'text/csv',
    isGzip: true,
    body: gzipSync(`${names.join(',')}\n${(','.repeat(900_000) + '\n').repeat(17)}`),
  }),
  () => ({ type: 'text/csv', body: Buffer.from(`${names.join(',')}\n"${'x,'.repeat(500_000)}`) }),
  () => ({ type: 'application/x-ndjson', isGzip: true, body: gzipSync('{}\n'.repeat(5_000_000)) }),
  () => ({ type: 'application/x-ndjson', body: Buffer.from('{"values":{"x":1}}\n'.repeat(9_000)) }),
];

/** Brackets around a value, deeper than a call stack. */
export function nestedValue(depth: number, isObject: boolean): string {
  return isObject
    ? `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
    : `${'['.repeat(depth)}1${']'.repeat(depth)}`;
}

/** Parquet files of the benchmark's columns. */
export interface ParquetSeeds {
  /** Good ones, and ones of all types. */
  readonly files: readonly Buffer[];
  /** Some kB that hold gigabytes. */
  readonly bombs: readonly Buffer[];
}

export async function parquetSeeds(): Promise<ParquetSeeds> {
  const folder = mkdtempSync(join(tmpdir(), 'leeway-fuzz-'));
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const path = join(folder, 'seed.parquet');
  const fileOf = async (select: string, options = ''): Promise<Buffer> => {
    await connection.run(`copy (${select}) to '${path}' (format parquet${options})`);
    return readFileSync(path);
  };
  const cells = (changes: Record<string, string> = {}): string =>
    COLUMNS.map(
      ({ name, type }) => `${changes[name] ?? (type === 'numeric' ? 'i::double' : `'c' || i`)} as ${name}`,
    ).join(', ');
  try {
    const files = [
      await fileOf(`select ${cells()}, now() as timestamp, 'id-' || i as inference_id from range(4) r(i)`),
      await fileOf(`select ${cells()} from range(4000) r(i)`, ', compression uncompressed'),
      await fileOf(
        `select ${cells({ feature_0: `'5'`, feature_1: 'true', feature_2: '[i]', feature_3: `{'a': i}`, feature_4: `'x'::blob`, feature_5: 'null::int', feature_24: 'i::double', feature_25: 'i % 2 = 0', feature_26: `date '2026-01-01'`, feature_27: 'i::hugeint' })}, make_timestamp(9223372036854775000) as timestamp from range(100) r(i)`,
      ),
      await fileOf(`select ${cells()}, 'infinity'::timestamp as timestamp from range(10) r(i)`),
    ];
    const bombs = [
      await fileOf(
        `select ${cells({ feature_24: `repeat('x', 1000000)` })} from range(10000) r(i)`,
        ', compression zstd',
      ),
      await fileOf(
        `select ${cells({ feature_24: `repeat('x', 100000) || i` })} from range(3000) r(i)`,
        ', compression zstd',
      ),
    ];
    return { files, bombs };
  } finally {
    connection.closeSync();
    instance.closeSync();
    rmSync(folder, { recursive: true });
  }
}
