/**
 * How many rows a second one server makes durable, beside the same server with commits switched off, `JSON.parse` alone on the same
 * bytes, and the HTTP framework throwing the body away. Load generator, server and PostgreSQL (fsync on) share the machine.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LeewayApi } from '../../apps/demo/api-client.js';
import { freePort, SpawnedProcess } from '../../apps/demo/spawned-process.js';
import { PostgresCluster } from '../postgres-cluster.js';
import type { LoadOrder, LoadResult } from './ingest/load.js';
import { residentMegabytes } from './ingest/memory.js';
import { benchRow, bodyOf, COLUMNS, FEATURE_COUNT, FORMS, type Form } from './ingest/rows.js';
import { report, type BenchResult } from './report.js';

const KEY = 'lw_bench_admin_key_0123456789';
const PATH = '/api/v1/models/bench/versions/v1/inferences';
const SIZES = [1, 100, 1_000] as const;
const CONNECTIONS: Readonly<Record<number, number>> = { 1: 128, 100: 32, 1_000: 8 };
const WARM_UP_MS = 3_000;
const MEASURE_MS = Number(process.env['BENCH_SECONDS'] ?? 6) * 1_000;
/** Rows after which memory is looked at, and those that it is compared with: by then every buffer has its size. */
const MEMORY_ROWS = Number(process.env['BENCH_MEMORY_ROWS'] ?? 10_000_000);

const cluster = await PostgresCluster.start();
if (cluster === null) {
  console.error('this benchmark needs PostgreSQL (initdb and postgres) on the machine');
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), 'leeway-bench-'));

interface Target {
  readonly process: SpawnedProcess;
  readonly port: number;
}

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

async function startLeeway(name: string, database: string): Promise<Target> {
  const port = await freePort();
  const started = await SpawnedProcess.start({
    script: script(name),
    env: {
      LEEWAY_PORT: String(port),
      LEEWAY_ADMIN_KEY: KEY,
      LEEWAY_DATA_DIR: folder,
      LEEWAY_LOG_LEVEL: 'error',
      DATABASE_URL: database,
    },
    logFile: join(folder, 'server.log'),
    readyLine: /^Leeway listens on /,
    readyTimeoutMs: 60_000,
  });
  const api = new LeewayApi(`http://127.0.0.1:${port}`, KEY, {
    giveUpAfterMs: 10_000,
    firstDelayMs: 50,
    maxDelayMs: 500,
    tryTimeoutMs: 30_000,
  });
  await api.send('PUT', '/models/bench', { name: 'bench', grain: '5m' });
  await api.send('PUT', '/models/bench/versions/v1', { name: 'v1', columns: COLUMNS });
  const rows = Array.from({ length: 2_000 }, (_, index) => benchRow(index, new Date()).values);
  await api.send('POST', '/models/bench/versions/v1/baselines', { rows }).catch((error: unknown) => {
    if (!String(error).includes('exists already')) throw error;
  });
  return { process: started, port };
}

async function startDiscard(): Promise<Target> {
  const port = await freePort();
  const started = await SpawnedProcess.start({
    script: script('./ingest/discard-server.js'),
    env: { PORT: String(port) },
    logFile: join(folder, 'discard.log'),
    readyLine: /listens/,
  });
  return { process: started, port };
}

let runs = 0;

async function measure(
  { port }: Target,
  form: Form,
  size: number,
  { path = PATH, measureMs = MEASURE_MS, warmUpMs = WARM_UP_MS } = {},
): Promise<LoadResult> {
  const child = fork(script('./ingest/load.js'));
  const bodies = Array.from({ length: size === 1 ? 64 : 8 }, (_, index) =>
    bodyOf(
      form,
      Array.from({ length: size }, (_, row) => benchRow(index * size + row, new Date())),
    ),
  );
  const order: LoadOrder = {
    port,
    path,
    key: KEY,
    requests: bodies.map(({ headers, body }) => ({ headers, body: body.toString('base64') })),
    connections: CONNECTIONS[size] ?? 8,
    warmUpMs,
    measureMs,
    run: `run${(runs += 1)}`,
  };
  child.send(order);
  const ended = once(child, 'exit').then(() => {
    throw new Error('the load generator ended without a result');
  });
  const [result] = (await Promise.race([once(child, 'message'), ended])) as [LoadResult];
  ended.catch(() => undefined);
  return result;
}

const rate = ({ requests, seconds }: LoadResult): number => requests / seconds;

/** Rows a second of `JSON.parse` alone, in this process, from the bytes as they come from the network. */
function parseRate(size: number): number {
  const bodies = Array.from(
    { length: 8 },
    (_, index) =>
      bodyOf(
        'JSON rows',
        Array.from({ length: size }, (_, row) => benchRow(index * size + row, new Date())),
      ).body,
  );
  const until = performance.now() + 3_000;
  let parsed = 0;
  let seconds = 0;
  for (let turn = 0; performance.now() < until; turn += 1) {
    const start = performance.now();
    for (const body of bodies) if (JSON.parse(body.toString('utf8')) === null) throw new Error('no rows');
    // The first third warms up.
    if (until - performance.now() > 2_000) continue;
    seconds += (performance.now() - start) / 1_000;
    parsed += size * bodies.length;
  }
  return parsed / seconds;
}

interface Cell {
  readonly form: Form;
  readonly size: number;
  readonly result: LoadResult;
  readonly memoryMb: number;
}

const results: BenchResult[] = [];
const started: SpawnedProcess[] = [];
try {
  const parse = new Map(SIZES.map((size) => [size, parseRate(size)]));

  const durable = await startLeeway('../../apps/server/main.js', cluster.url);
  started.push(durable.process);
  const cells: Cell[] = [];
  for (const size of SIZES) {
    for (const form of FORMS) {
      const result = await measure(durable, form, size);
      cells.push({ form, size, result, memoryMb: residentMegabytes(durable.process.pid) });
    }
  }
  await durable.process.stop();

  const free = await startLeeway('./ingest/server-without-commits.js', cluster.url);
  started.push(free.process);
  process.kill(free.process.pid, 'SIGUSR2');
  const withoutCommits = new Map<number, LoadResult>();
  for (const size of SIZES) withoutCommits.set(size, await measure(free, 'JSON rows', size));
  await free.process.stop();

  const discard = await startDiscard();
  started.push(discard.process);
  const discarded = new Map<number, LoadResult>();
  for (const size of SIZES)
    discarded.set(size, await measure(discard, 'JSON rows', size, { path: '/discard' }));
  await discard.process.stop();

  console.log(
    `rows of ${FEATURE_COUNT} features, with id, time and score; ${MEASURE_MS / 1_000} s a cell; memory of the server process`,
  );
  console.table(
    cells.map(({ form, size, result, memoryMb }) => ({
      form,
      'rows/request': size,
      'requests/s': Math.round(rate(result)),
      'rows/s': Math.round(rate(result) * size),
      'p50 ms': Number(result.p50Ms.toPrecision(3)),
      'p99 ms': Number(result.p99Ms.toPrecision(3)),
      'refused (429)': result.refused,
      'memory MB': Math.round(memoryMb),
    })),
  );
  console.log('bounds, JSON rows');
  console.table(
    SIZES.map((size) => ({
      'rows/request': size,
      'JSON.parse alone, rows/s': Math.round(parse.get(size) ?? NaN),
      'without commits, rows/s': Math.round(rate(withoutCommits.get(size) as LoadResult) * size),
      'framework discarding, requests/s': Math.round(rate(discarded.get(size) as LoadResult)),
    })),
  );

  const rowsPerSecond = (form: Form, size: number): number => {
    const cell = cells.find((each) => each.form === form && each.size === size);
    return cell === undefined ? NaN : rate(cell.result) * size;
  };
  const compare = (name: string, ours: number, peer: number, peerName: string, target: number): void => {
    results.push({ name, unit: 'rows/s', ours, peer, peerName, ratio: ours / peer, target });
  };
  for (const size of [100, 1_000] as const) {
    const ours = rowsPerSecond('JSON rows', size);
    compare(
      `durable JSON rows, ${size} a request`,
      ours,
      rate(withoutCommits.get(size) as LoadResult) * size,
      'the same server without commits',
      0.8,
    );
    compare(`durable JSON rows, ${size} a request`, ours, parse.get(size) ?? NaN, 'JSON.parse alone', 0.35);
    compare(`V2 binary, ${size} rows a request`, rowsPerSecond('V2 binary', size), ours, 'JSON rows', 2);
  }
  compare(
    'single-row requests',
    rowsPerSecond('JSON rows', 1),
    rate(discarded.get(1) as LoadResult),
    'the framework discarding',
    0.35,
  );

  const long = await startLeeway('../../apps/server/main.js', cluster.url);
  started.push(long.process);
  const memory: number[] = [];
  const sampler = setInterval(() => memory.push(residentMegabytes(long.process.pid)), 500);
  let sent = 0;
  while (sent < MEMORY_ROWS) {
    const { requests } = await measure(long, 'V2 binary', 1_000, { warmUpMs: 0, measureMs: 10_000 });
    sent += requests * 1_000;
  }
  clearInterval(sampler);
  await long.process.stop();
  const [early, late] = [
    memory.slice(memory.length / 4, memory.length / 2),
    memory.slice((3 * memory.length) / 4),
  ];
  const peak = (values: readonly number[]): number => Math.max(...values);
  console.log(
    `memory over ${(sent / 1e6).toFixed(1)} million rows: ${memory
      .filter((_, i) => i % 20 === 0)
      .map(Math.round)
      .join(' ')} MB`,
  );
  results.push({
    name: `peak memory of the last quarter of ${(sent / 1e6).toFixed(0)} million rows, against the second`,
    unit: 'MB',
    ours: peak(late),
    peer: peak(early),
    peerName: 'second quarter',
    ratio: peak(early) / peak(late),
    target: 0.9,
  });
} finally {
  for (const process of started) await process.stop();
  await cluster.remove();
  rmSync(folder, { recursive: true, force: true });
}
report('ingest', results);
