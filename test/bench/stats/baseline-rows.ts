import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { profileOfRows } from '#registry';
import type { Grid, NumericGrid } from '#stats';
import { expectClose } from './agreement.js';
import type { Peer } from './peer.js';
import { compared, type BenchRow } from './rows.js';
import { BASELINE_ROWS, type Samples } from './samples.js';
import { sideBySide } from './timing.js';

const COLUMNS = 30;
/** Cells of a grid that hold equal shares of the baseline; the peer finds the quantiles between them. */
const QUANTILE_CELLS = 940;
/** Chunks in which the file is handed over; at the 64 KB of a socket, handing over takes a third of the time. */
const CHUNK_BYTES = 2 ** 20;

interface Table {
  readonly parquet: string;
  readonly csv: string;
}

/** The same rows in both forms, CSV only where a peer reads it: normal numbers in full precision. */
async function writeTable(folder: string, peer: Peer): Promise<Table> {
  const table = { parquet: join(folder, 'baseline.parquet'), csv: join(folder, 'baseline.csv') };
  // One thread, so that the seed gives the same numbers every time.
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  await connection.run('select setseed(0.5)');
  const normal = 'sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())';
  const columns = COLUMN_NAMES.map((name) => `${normal} as ${name}`);
  await connection.run(`create table t as select ${columns.join(', ')} from range(${BASELINE_ROWS})`);
  await connection.run(`copy t to '${table.parquet}' (format parquet)`);
  if (peer.reasonWithout('pandas') === null)
    await connection.run(`copy t to '${table.csv}' (format csv, header)`);
  connection.closeSync();
  instance.closeSync();
  return table;
}

const COLUMN_NAMES = Array.from({ length: COLUMNS }, (_, index) => `f${index}`);

/**
 * From a Parquet file to grids, and the counts on them. The peer reads the rows and finds the quantiles: from CSV, the form that most have at hand,
 * and for comparison from the same Parquet file.
 */
export async function baselineRows({ folder }: Samples, peer: Peer): Promise<BenchRow[]> {
  const table = await writeTable(folder, peer);
  const columns = COLUMN_NAMES.map((name) => ({ name, role: 'feature', type: 'numeric' }) as const);
  let grid: Grid | null = null;
  const ours = async (): Promise<void> => {
    const stream = createReadStream(table.parquet, { highWaterMark: CHUNK_BYTES });
    ({ grid } = await profileOfRows({ kind: 'parquet', stream }, columns));
  };
  const row = async (reader: 'csv' | 'parquet', reason: string | null): Promise<BenchRow> => {
    const name = `grids of ${BASELINE_ROWS} rows, ${COLUMNS} columns, from Parquet; pandas from ${reader}`;
    const theirs = async (): Promise<number> => {
      const request = { path: table[reader], cells: QUANTILE_CELLS, reader };
      const { seconds, value } = await peer.ask('quantiles', request);
      expectClose(name, medianOf(grid), value, { absolute: 1e-5, relative: 0 });
      return seconds;
    };
    const times = await sideBySide(ours, reason === null ? theirs : null, { turns: 3, calls: 1, warmups: 1 });
    return {
      ...{ name, unit: 's' },
      ...compared(times, 1),
      peerName: reason ?? `read and quantiles, ${peer.name('pandas')}`,
      target: reader === 'csv' ? { atLeast: 2 } : null,
    };
  };
  return [
    await row('csv', peer.reasonWithout('pandas')),
    await row('parquet', peer.reasonWithout('pandas', 'pyarrow')),
  ];
}

/** The fifth decile of the first column, which is the order statistic below the median that the peer interpolates. */
function medianOf(grid: Grid | null): number {
  return (grid?.columns[0]?.grid as NumericGrid).decileEdges[4] ?? NaN;
}
