import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { DuckDBInstance, type DuckDBDataChunk } from '@duckdb/node-api';

/** Real US flights, column by column; the same index is the same flight. */
export interface Flights {
  readonly count: number;
  /** The flight's row in the file: its identity, by which an outcome is found again. */
  readonly rowNumbers: Int32Array;
  /** Miles. */
  readonly distances: Int32Array;
  /** Airport codes. */
  readonly origins: readonly string[];
  /** Hour of departure, 0 to 23. */
  readonly hours: Int32Array;
  /** Minutes; negative is early. */
  readonly delays: Int32Array;
}

/** 3,000,000 US flights of January to June 2001 (and six of July), from the npm package vega-datasets. */
const FLIGHTS_FILE = join(
  dirname(dirname(createRequire(import.meta.url).resolve('vega-datasets'))),
  'data',
  'flights-3m.parquet',
);
const FLIGHT_COUNT = 3_000_000;

/** The flights of one month of 2001, in the order of the file. */
export async function readFlights(month: number): Promise<Flights> {
  const chunks: { numbers: readonly Int32Array[]; origins: readonly string[] }[] = [];
  const columns = 'file_row_number, distance, hour(date), delay'
    .split(', ')
    .map((column) => `(${column})::integer`);
  await eachChunk(
    `select ${columns.join(', ')}, origin from ${source()} where month(date) = ${month}`,
    (chunk) => {
      chunks.push({
        numbers: columns.map((_, column) => Int32Array.from(chunk.getColumnValues(column) as number[])),
        origins: chunk.getColumnValues(columns.length) as string[],
      });
    },
  );
  const numbers = (column: number): Int32Array => concatenated(chunks.map((chunk) => chunk.numbers[column]));
  const origins = chunks.flatMap((chunk) => chunk.origins);
  return {
    count: origins.length,
    rowNumbers: numbers(0),
    distances: numbers(1),
    hours: numbers(2),
    delays: numbers(3),
    origins,
  };
}

/** The delay of every flight in minutes, by its row in the file. */
export async function readDelays(): Promise<Int16Array> {
  const delays = new Int16Array(FLIGHT_COUNT);
  await eachChunk(`select file_row_number::integer, delay::integer from ${source()}`, (chunk) => {
    const rows = chunk.getColumnValues(0) as number[];
    const values = chunk.getColumnValues(1) as number[];
    rows.forEach((row, index) => (delays[row] = values[index] ?? 0));
  });
  return delays;
}

function source(): string {
  return `read_parquet('${FLIGHTS_FILE.replaceAll("'", "''")}', file_row_number = true)`;
}

async function eachChunk(query: string, visit: (chunk: DuckDBDataChunk) => void): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  const connection = await instance.connect();
  try {
    const result = await connection.stream(query);
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) return;
      visit(chunk);
    }
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

function concatenated(parts: readonly (Int32Array | undefined)[]): Int32Array {
  const present = parts.filter((part) => part !== undefined);
  const all = new Int32Array(present.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of present) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}
