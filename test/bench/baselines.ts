/**
 * How long a server takes to make a baseline of a million rows that are sent to it, from the first byte to the answer, and how much
 * memory: from Parquet, CSV and NDJSON. The sender and PostgreSQL share the machine. Beside it, DuckDB alone reads the same file.
 */
import { createReadStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { once } from 'node:events';
import { request as startRequest, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { median } from 'simple-statistics';
import { freePort, SpawnedProcess } from '../../apps/demo/spawned-process.js';
import type { PostgresCluster } from '../postgres-cluster.js';
import { startClusterOrExit } from './cluster.js';
import { peakMegabytes } from './ingest/memory.js';
import { report, type BenchResult } from './report.js';

const ROWS = Number(process.env['BENCH_ROWS'] ?? 1_000_000);
/** Every upload is measured this often, on one server, so that memory which grows from one to the next shows. */
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3);
const KEY = 'lw_bench_admin_key_0123456789';
const NUMBERS = Array.from({ length: 24 }, (_, index) => `n${index}`);
const CATEGORIES = [3, 10, 12, 40, 200, 800];
const COLUMNS = [
  ...NUMBERS.map((name) => ({ name, role: 'feature', type: 'numeric' })),
  ...CATEGORIES.map((count) => ({ name: `c${count}`, role: 'feature', type: 'categorical' })),
];

interface Form {
  readonly name: 'parquet' | 'csv' | 'ndjson';
  readonly type: string;
  readonly copied: string;
  readonly reader: string;
  /** Seconds that it may take; null where only its memory is promised. */
  readonly maxSeconds: number | null;
}

const FORMS: readonly Form[] = [
  {
    ...{ name: 'parquet', type: 'application/vnd.apache.parquet', maxSeconds: 6 },
    ...{ copied: 'format parquet', reader: 'read_parquet' },
  },
  {
    ...{ name: 'csv', type: 'text/csv', maxSeconds: 20 },
    ...{ copied: 'format csv, header', reader: 'read_csv' },
  },
  {
    ...{ name: 'ndjson', type: 'application/x-ndjson', maxSeconds: null },
    ...{ copied: 'format json', reader: 'read_json' },
  },
];
const MAX_MEGABYTES = 1_000;

/** Half of the numbers in full precision, half rounded as prices are; none of it of any order. */
async function writeFiles(connection: DuckDBConnection, fileOf: (form: Form) => string): Promise<void> {
  const uniform = (seed: number): string => `hash(i * 31 + ${seed})::double / 18446744073709551615.0`;
  const numbers = NUMBERS.map((name, index) =>
    index % 2 === 0
      ? `${uniform(index)} * ${index + 1} as ${name}`
      : `round(${uniform(index)} * 1000, 2) as ${name}`,
  );
  const categories = CATEGORIES.map(
    (count) => `'category_' || (hash(i * 77 + ${count}) % ${count})::varchar as c${count}`,
  );
  await connection.run(
    `create table t as select ${[...numbers, ...categories].join(', ')} from range(${ROWS}) r (i)`,
  );
  for (const form of FORMS) await connection.run(`copy t to '${fileOf(form)}' (${form.copied})`);
  await connection.run('drop table t');
}

/** Seconds that DuckDB takes to read every value of the file, on as many threads. */
async function duckDbSeconds(connection: DuckDBConnection, { reader }: Form, file: string): Promise<number> {
  const start = performance.now();
  const sums = [
    ...NUMBERS.map((name) => `sum(${name})`),
    ...CATEGORIES.map((count) => `count(distinct c${count})`),
  ];
  await connection.runAndReadAll(`select ${sums.join(', ')} from ${reader}('${file}')`);
  return (performance.now() - start) / 1_000;
}

/** A server of its own, so that its highest memory is that of one form. */
async function withServer<T>(
  cluster: PostgresCluster,
  folder: string,
  work: (port: number, pid: number) => Promise<T>,
): Promise<T> {
  const port = await freePort();
  const server = await SpawnedProcess.start({
    script: fileURLToPath(new URL('../../apps/server/main.js', import.meta.url)),
    env: {
      LEEWAY_PORT: String(port),
      LEEWAY_ROLES: 'api',
      LEEWAY_ADMIN_KEY: KEY,
      LEEWAY_DATA_DIR: folder,
      LEEWAY_LOG_LEVEL: 'error',
      DATABASE_URL: cluster.url,
    },
    logFile: join(folder, `${port}.log`),
    readyLine: /listens/,
    readyTimeoutMs: 60_000,
  });
  try {
    return await work(port, server.pid);
  } finally {
    await server.stop();
  }
}

async function send(port: number, method: string, path: string, body: object): Promise<void> {
  await fetch(`http://127.0.0.1:${port}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/** Uploads the file to a version of its own; returns the seconds until the answer. */
async function upload(port: number, form: Form, file: string, round: number): Promise<number> {
  const version = `${form.name}-${round}`;
  await send(port, 'POST', '/models/bench/versions', { name: version, columns: COLUMNS });
  const start = performance.now();
  const request = startRequest({
    ...{
      port,
      host: '127.0.0.1',
      method: 'POST',
      path: `/api/v1/models/bench/versions/${version}/baselines`,
    },
    headers: {
      authorization: `Bearer ${KEY}`,
      'content-type': form.type,
      'content-length': statSync(file).size,
    },
  });
  const answered = once(request, 'response') as Promise<[IncomingMessage]>;
  await pipeline(createReadStream(file, { highWaterMark: 2 ** 18 }), request);
  const [response] = await answered;
  const text = Buffer.concat(await response.toArray()).toString();
  if (response.statusCode !== 201) throw new Error(`${response.statusCode}: ${text.slice(0, 500)}`);
  return (performance.now() - start) / 1_000;
}

async function measure(cluster: PostgresCluster, folder: string, form: Form, file: string, duckDb: number) {
  return withServer(cluster, folder, async (port, pid): Promise<BenchResult[]> => {
    await send(port, 'PUT', '/models/bench', { name: 'bench', grain: '5m' });
    const seconds: number[] = [];
    while (seconds.length < ROUNDS) seconds.push(await upload(port, form, file, seconds.length));
    const ours = median(seconds);
    const megabytes = peakMegabytes(pid);
    console.log(
      `${form.name}: ${seconds.map((each) => each.toFixed(2)).join(', ')} s, ${megabytes.toFixed(0)} MB`,
    );
    const rows = `${ROWS.toLocaleString('en')} rows of ${COLUMNS.length} columns`;
    const time = { unit: 's', ours };
    return [
      ...(form.maxSeconds === null
        ? []
        : [
            {
              ...{ name: `baseline of ${rows} from ${form.name}`, ...time, peer: form.maxSeconds },
              ...{ peerName: 'at most', ratio: form.maxSeconds / ours, target: 1 },
            },
          ]),
      {
        ...{ name: `the same from ${form.name}`, ...time, peer: duckDb, peerName: 'DuckDB reading it' },
        ...{ ratio: duckDb / ours, target: null },
      },
      {
        ...{
          name: `memory of the server, from ${form.name}`,
          unit: 'MB',
          ours: megabytes,
          peer: MAX_MEGABYTES,
        },
        ...{
          peerName: 'at most',
          ratio: MAX_MEGABYTES / megabytes,
          target: Number.isNaN(megabytes) ? null : 1,
        },
      },
    ];
  });
}

const cluster = await startClusterOrExit();
const folder = mkdtempSync(join(tmpdir(), 'leeway-bench-'));
const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
const connection = await instance.connect();
const results: BenchResult[] = [];
try {
  const fileOf = ({ name }: Form): string => join(folder, `rows.${name}`);
  await writeFiles(connection, fileOf);
  for (const form of FORMS) {
    const file = fileOf(form);
    results.push(
      ...(await measure(cluster, folder, form, file, await duckDbSeconds(connection, form, file))),
    );
  }
} finally {
  connection.closeSync();
  instance.closeSync();
  await cluster.remove();
  rmSync(folder, { recursive: true, force: true });
}
report('baselines', results);
