/**
 * What it costs to join a million rows of ground truth to a million captured predictions, over HTTP and on PostgreSQL: the time of each
 * row, first with a hundred thousand rows stored and at the end with a million, and the memory of node and worker.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { median } from 'simple-statistics';
import { freePort, SpawnedProcess } from '../../apps/demo/spawned-process.js';
import { startClusterOrExit } from './cluster.js';
import { residentMegabytes } from './ingest/memory.js';
import { report, type BenchResult } from './report.js';

const KEY = 'lw_bench_admin_key_0123456789';
const ROWS = Number(process.env['BENCH_ROWS'] ?? 1_000_000);
/** Rows of one payload, and of one delivery of ground truth. */
const PAYLOAD_ROWS = 10_000;
const DELIVERY_ROWS = 10_000;
/** Rows whose time is measured, early and late. */
const MEASURED_ROWS = 50_000;
/** A tenth of the rows is joined before the others are captured. */
const FIRST_ROWS = ROWS / 10;
/** One-minute windows with as many captured rows as a window may have. */
const WINDOW_ROWS = Math.min(100_000, ROWS / 10);
const WINDOWS = ROWS / WINDOW_ROWS;
const COLUMNS = [
  { name: 'amount', role: 'feature', type: 'numeric' },
  { name: 'age', role: 'feature', type: 'numeric' },
  { name: 'country', role: 'feature', type: 'categorical' },
  { name: 'late', role: 'prediction', type: 'boolean' },
  { name: 'risk', role: 'score', type: 'numeric' },
];

const start = Math.floor(Date.now() / 60_000) * 60_000 - (WINDOWS + 2) * 60_000;
/** Ids in no order, as identifiers are: neither the index nor the table is filled from one side. */
const idOf = (row: number): string => `${((row * 2_654_435_761) % 2 ** 32).toString(16)}-${row}`;
const riskOf = (row: number): number => ((row * 7_919) % 1_000) / 1_000;

class Server {
  constructor(
    private readonly port: number,
    private readonly pids: readonly number[],
  ) {}

  async send(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
    const response = await fetch(`http://127.0.0.1:${this.port}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as Record<string, unknown>;
    if (response.ok) return answer;
    throw new Error(`${response.status}: ${JSON.stringify(answer).slice(0, 500)}`);
  }

  get megabytes(): number {
    return this.pids.reduce((sum, pid) => sum + residentMegabytes(pid), 0);
  }
}

const rowsFrom = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, offset) => from + offset);

async function capture(server: Server, from: number, to: number): Promise<void> {
  for (let at = from; at < to; at += PAYLOAD_ROWS) {
    const rows = rowsFrom(at, Math.min(at + PAYLOAD_ROWS, to));
    await server.send('POST', '/models/bench/versions/v1/inferences', {
      payloadId: `p${at}`,
      inferenceIds: rows.map(idOf),
      timestamps: rows.map((row) => new Date(start + Math.floor(row / WINDOW_ROWS) * 60_000).toISOString()),
      columns: {
        amount: rows.map((row) => (row % 9_973) / 7),
        age: rows.map((row) => row % 80),
        country: rows.map((row) => ['DE', 'FR', 'PL', 'US'][row % 4]),
        late: rows.map((row) => riskOf(row) >= 0.5),
        risk: rows.map(riskOf),
      },
    });
  }
}

/** Sends the ground truth of rows; returns the microseconds a row of each delivery. */
async function observe(server: Server, from: number, to: number): Promise<number[]> {
  const times: number[] = [];
  for (let at = from; at < to; at += DELIVERY_ROWS) {
    const rows = rowsFrom(at, at + DELIVERY_ROWS);
    const body = { rows: rows.map((row) => ({ id: idOf(row), value: row % 1_000 < 1_000 * riskOf(row) })) };
    const begin = performance.now();
    const answer = await server.send('POST', '/models/bench/ground-truth', body);
    times.push(((performance.now() - begin) * 1_000) / rows.length);
    if (answer['storedCount'] !== rows.length) throw new Error(JSON.stringify(answer));
  }
  return times;
}

/** Waits until as many rows are in performance results; returns how many there are. */
async function settled(server: Server, expected: number): Promise<number> {
  for (const deadline = Date.now() + 900_000; Date.now() < deadline; await sleep(1_000)) {
    const { items } = (await server.send('GET', '/models/bench/versions/v1/performance?limit=1000')) as {
      items: { labelledCount: number }[];
    };
    const count = items.reduce((sum, { labelledCount }) => sum + labelledCount, 0);
    if (count >= expected) return count;
  }
  throw new Error('the rows were not joined within 15 minutes');
}

const cluster = await startClusterOrExit();
const folder = mkdtempSync(join(tmpdir(), 'leeway-bench-'));
const processes: SpawnedProcess[] = [];

async function startProcess(roles: string, databaseUrl: string): Promise<{ port: number; pid: number }> {
  const port = await freePort();
  const started = await SpawnedProcess.start({
    script: fileURLToPath(new URL('../../apps/server/main.js', import.meta.url)),
    env: {
      LEEWAY_PORT: String(port),
      LEEWAY_ROLES: roles,
      LEEWAY_ADMIN_KEY: KEY,
      LEEWAY_DATA_DIR: folder,
      LEEWAY_LOG_LEVEL: 'error',
      DATABASE_URL: databaseUrl,
    },
    logFile: join(folder, `${port}.log`),
    readyLine: /listens/,
    readyTimeoutMs: 60_000,
  });
  processes.push(started);
  return { port, pid: started.pid };
}

const memory: number[] = [];
const results: BenchResult[] = [];
try {
  const node = await startProcess('ingest,api', cluster.url);
  const worker = await startProcess('worker', cluster.url);
  const server = new Server(node.port, [node.pid, worker.pid]);
  await server.send('PUT', '/models/bench', {
    name: 'bench',
    task: 'classification',
    grain: '1m',
    capture: { fraction: 1, maxRowsPerWindow: 100_000 },
    performance: { window: '1m', minLabelledShare: 1 },
  });
  await server.send('PUT', '/models/bench/versions/v1', { name: 'v1', columns: COLUMNS });
  const sampler = setInterval(() => memory.push(server.megabytes), 250);

  // What is measured comes when everything before it is joined, so that the worker has nothing else to do either time.
  await capture(server, 0, FIRST_ROWS);
  await observe(server, 0, FIRST_ROWS - MEASURED_ROWS);
  await settled(server, FIRST_ROWS - MEASURED_ROWS);
  const early = await observe(server, FIRST_ROWS - MEASURED_ROWS, FIRST_ROWS);
  await capture(server, FIRST_ROWS, ROWS);
  const begin = performance.now();
  const between = await observe(server, FIRST_ROWS, ROWS - MEASURED_ROWS);
  await settled(server, ROWS - MEASURED_ROWS);
  const betweenSeconds = (performance.now() - begin) / 1_000;
  const late = await observe(server, ROWS - MEASURED_ROWS, ROWS);
  const count = await settled(server, ROWS);
  clearInterval(sampler);

  console.log(
    `${count} rows joined; of ${between.length * DELIVERY_ROWS} on end, with all windows evaluated: ${((betweenSeconds * 1e6) / (between.length * DELIVERY_ROWS)).toFixed(0)} µs a row`,
  );
  console.log(
    `memory of node and worker: ${memory
      .filter((_, i) => i % Math.ceil(memory.length / 30) === 0)
      .map(Math.round)
      .join(' ')} MB`,
  );
  const peak = (from: number, to: number): number =>
    Math.max(...memory.slice(from * memory.length, to * memory.length));
  results.push(
    {
      ...{ name: `a row of ground truth, ${ROWS} predictions stored`, unit: 'µs', ours: median(late) },
      ...{ peer: median(early), peerName: `${FIRST_ROWS} stored`, ratio: median(early) / median(late) },
      target: 0.67,
    },
    {
      ...{ name: 'peak memory, last quarter of the time', unit: 'MB', ours: peak(0.75, 1) },
      ...{ peer: peak(0.25, 0.5), peerName: 'second quarter', ratio: peak(0.25, 0.5) / peak(0.75, 1) },
      target: 0.9,
    },
  );
} finally {
  for (const each of processes) await each.stop();
  await cluster.remove();
  rmSync(folder, { recursive: true, force: true });
}
// It ends the process, so it comes when everything that was started has ended.
report('ground-truth', results);
