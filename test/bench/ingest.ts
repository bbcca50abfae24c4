/**
 * How many rows a second one ingest node makes durable, beside the same node with commits switched off, `JSON.parse` alone on the same
 * bytes, and the HTTP framework throwing the body away. Load generator, node, worker and PostgreSQL (fsync on) share the machine.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { median } from 'simple-statistics';
import { startClusterOrExit } from './cluster.js';
import type { LoadOrder, LoadResult } from './ingest/load.js';
import { residentMegabytes } from './ingest/memory.js';
import { benchRow, bodyOf, FEATURE_COUNT, FORMS, type BenchBody, type Form } from './ingest/rows.js';
import { BenchServers, DISCARD_PATH, INGEST_PATH, KEY, type BenchServer } from './ingest/servers.js';
import { report, type BenchResult } from './report.js';

const SIZES = [1, 100, 1_000] as const;
type Size = (typeof SIZES)[number];
/** Rows of a request from which on its rows are what counts: below, it is the request, which costs the same in every form. */
const PACKED_SIZE: Size = 1_000;
/** Enough to keep every process busy: a sender waits for its commit before it sends again. */
const CONNECTIONS: Readonly<Record<Size, number>> = { 1: 512, 100: 64, 1_000: 24 };
/**
 * Everything is measured in turn, this often, and a ratio is of two figures of the same round, since a machine that is shared may run at
 * half its speed for minutes. What is reported are medians of the rounds.
 */
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3);
const WARM_UP_MS = 1_500;
const WARM_UP = { warmUpMs: WARM_UP_MS, measureMs: 1_000 };
const MEASURE_MS = Number(process.env['BENCH_SECONDS'] ?? 4) * 1_000;
/** What memory is watched over: so many rows, and so long at the least, since a heap takes its time to find its size. */
const MEMORY_ROWS = Number(process.env['BENCH_MEMORY_ROWS'] ?? 10_000_000);
const MEMORY_MS = 90_000;

/** What one round measured of rows of one form and size. */
interface Cell extends LoadResult {
  readonly rowsPerSecond: number;
  readonly memoryMb: number;
}

interface Round {
  readonly durable: ReadonlyMap<string, Cell>;
  readonly withoutCommits: ReadonlyMap<Size, Cell>;
  readonly discarded: ReadonlyMap<Size, Cell>;
  /** Rows a second. */
  readonly parsed: ReadonlyMap<Size, number>;
}

const keyOf = (form: Form, size: Size): string => `${form}/${size}`;

function bodiesOf(form: Form, size: Size): BenchBody[] {
  return Array.from({ length: size === 1 ? 64 : 8 }, (_, index) =>
    bodyOf(
      form,
      Array.from({ length: size }, (_, row) => benchRow(index * size + row, new Date())),
    ),
  );
}

let runs = 0;

async function measure(
  server: BenchServer,
  form: Form,
  size: Size,
  { path = INGEST_PATH, measureMs = MEASURE_MS, warmUpMs = WARM_UP_MS } = {},
): Promise<Cell> {
  const child = fork(fileURLToPath(new URL('./ingest/load.js', import.meta.url)));
  const order: LoadOrder = {
    port: server.port,
    path,
    key: KEY,
    requests: bodiesOf(form, size).map(({ headers, body }) => ({ headers, body: body.toString('base64') })),
    connections: CONNECTIONS[size],
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
  return {
    ...result,
    rowsPerSecond: (result.requests * size) / result.seconds,
    memoryMb: memoryOf(server),
  };
}

function memoryOf({ pids }: BenchServer): number {
  return pids.reduce((sum, pid) => sum + residentMegabytes(pid), 0);
}

/** Rows a second of `JSON.parse` alone, in this process, from the bytes as they come from the network. */
function parseRate(size: Size): number {
  const bodies = bodiesOf('JSON rows', size);
  const until = performance.now() + 3_000;
  let parsed = 0;
  let seconds = 0;
  while (performance.now() < until) {
    const start = performance.now();
    for (const { body } of bodies) if (JSON.parse(body.toString('utf8')) === null) throw new Error('no rows');
    // The first third warms up.
    if (until - performance.now() > 2_000) continue;
    seconds += (performance.now() - start) / 1_000;
    parsed += size * bodies.length;
  }
  return parsed / seconds;
}

/** Until every way is compiled: what a server does in its first seconds is not what it can do. */
async function warmUp(durable: BenchServer, free: BenchServer, discard: BenchServer): Promise<void> {
  for (const size of SIZES) {
    for (const form of FORMS) await measure(durable, form, size, WARM_UP);
    await measure(free, 'JSON rows', size, WARM_UP);
    await measure(discard, 'JSON rows', size, { ...WARM_UP, path: DISCARD_PATH });
  }
}

async function measureRound(durable: BenchServer, free: BenchServer, discard: BenchServer): Promise<Round> {
  const round = {
    durable: new Map<string, Cell>(),
    withoutCommits: new Map<Size, Cell>(),
    discarded: new Map<Size, Cell>(),
    parsed: new Map<Size, number>(),
  };
  for (const size of SIZES) {
    // JSON rows last, beside what they are compared with: minutes apart the machine may be another one.
    for (const form of FORMS.toReversed())
      round.durable.set(keyOf(form, size), await measure(durable, form, size));
    round.withoutCommits.set(size, await measure(free, 'JSON rows', size));
    round.discarded.set(size, await measure(discard, 'JSON rows', size, { path: DISCARD_PATH }));
    round.parsed.set(size, parseRate(size));
  }
  return round;
}

const medianOf = <T>(items: readonly T[], value: (item: T) => number | undefined): number =>
  median(items.map((item) => value(item) ?? NaN));

function printRounds(rounds: readonly Round[]): void {
  console.log(
    `rows of ${FEATURE_COUNT} features, with id, time and score; medians of ${rounds.length} rounds of ${MEASURE_MS / 1_000} s; memory of node and worker`,
  );
  console.table(
    SIZES.flatMap((size) =>
      FORMS.map((form) => {
        const of = (value: (cell: Cell) => number): number =>
          medianOf(rounds, ({ durable }) => {
            const cell = durable.get(keyOf(form, size));
            return cell && value(cell);
          });
        return {
          form,
          'rows/request': size,
          connections: CONNECTIONS[size],
          'requests/s': Math.round(of(({ requests, seconds }) => requests / seconds)),
          'rows/s': Math.round(of(({ rowsPerSecond }) => rowsPerSecond)),
          'p50 ms': Number(of(({ p50Ms }) => p50Ms).toPrecision(3)),
          'p99 ms': Number(of(({ p99Ms }) => p99Ms).toPrecision(3)),
          'refused (429)': of(({ refused }) => refused),
          'memory MB': Math.round(of(({ memoryMb }) => memoryMb)),
        };
      }),
    ),
  );
  console.log('bounds, JSON rows');
  console.table(
    SIZES.map((size) => ({
      'rows/request': size,
      'JSON.parse alone, rows/s': Math.round(medianOf(rounds, ({ parsed }) => parsed.get(size))),
      'without commits, rows/s': Math.round(
        medianOf(rounds, ({ withoutCommits }) => withoutCommits.get(size)?.rowsPerSecond),
      ),
      'framework discarding, requests/s': Math.round(
        medianOf(rounds, ({ discarded }) => (discarded.get(size)?.rowsPerSecond ?? NaN) / size),
      ),
    })),
  );
}

/** The median over the rounds of the ratio within each. */
function compare(
  rounds: readonly Round[],
  name: string,
  ours: (round: Round) => number | undefined,
  [peerName, peer]: readonly [string, (round: Round) => number | undefined],
  target: number | null,
): BenchResult {
  return {
    name,
    unit: 'rows/s',
    ours: medianOf(rounds, ours),
    peer: medianOf(rounds, peer),
    peerName,
    ratio: medianOf(rounds, (round) => (ours(round) ?? NaN) / (peer(round) ?? NaN)),
    target,
  };
}

function comparisons(rounds: readonly Round[]): BenchResult[] {
  const rowsOf =
    (form: Form, size: Size) =>
    ({ durable }: Round): number | undefined =>
      durable.get(keyOf(form, size))?.rowsPerSecond;
  const results = ([100, 1_000] as const).flatMap((size) => [
    compare(
      rounds,
      `durable JSON rows, ${size} a request`,
      rowsOf('JSON rows', size),
      ['without commits', ({ withoutCommits }) => withoutCommits.get(size)?.rowsPerSecond],
      0.8,
    ),
    compare(
      rounds,
      `durable JSON rows, ${size} a request`,
      rowsOf('JSON rows', size),
      ['JSON.parse alone', ({ parsed }) => parsed.get(size)],
      size === PACKED_SIZE ? 0.35 : null,
    ),
    compare(
      rounds,
      `V2 binary, ${size} rows a request`,
      rowsOf('V2 binary', size),
      ['JSON rows', rowsOf('JSON rows', size)],
      size === PACKED_SIZE ? 2 : null,
    ),
  ]);
  const single = compare(
    rounds,
    'single-row requests',
    rowsOf('JSON rows', 1),
    ['the framework discarding', ({ discarded }) => discarded.get(1)?.rowsPerSecond],
    0.35,
  );
  return [...results, single];
}

/** Sends ten million rows or more, and compares the peak of memory at the end with that of the second quarter: by then every buffer has its size. */
async function measureMemory(server: BenchServer): Promise<BenchResult> {
  const memory: number[] = [];
  const sampler = setInterval(() => memory.push(memoryOf(server)), 500);
  const start = performance.now();
  let sent = 0;
  while (sent < MEMORY_ROWS || performance.now() - start < MEMORY_MS) {
    const { requests } = await measure(server, 'V2 binary', 1_000, { warmUpMs: 0, measureMs: 10_000 });
    sent += requests * 1_000;
  }
  clearInterval(sampler);
  const peak = (from: number, to: number): number =>
    Math.max(...memory.slice(from * memory.length, to * memory.length));
  const millions = (sent / 1e6).toFixed(1);
  console.log(
    `memory over ${millions} million rows: ${memory
      .filter((_, i) => i % 10 === 0)
      .map(Math.round)
      .join(' ')} MB`,
  );
  const [early, late] = [peak(0.25, 0.5), peak(0.75, 1)];
  return {
    name: `peak memory of the last quarter of ${millions} million rows`,
    unit: 'MB',
    ours: late,
    peer: early,
    peerName: 'second quarter',
    ratio: early / late,
    target: 0.9,
  };
}

const cluster = await startClusterOrExit();
const results: BenchResult[] = [];
let servers = new BenchServers(cluster.url);
try {
  const durable = await servers.startLeeway();
  const withoutCommits = await servers.startWithoutCommits();
  const discard = await servers.startDiscard();
  await warmUp(durable, withoutCommits, discard);
  const rounds: Round[] = [];
  while (rounds.length < ROUNDS) rounds.push(await measureRound(durable, withoutCommits, discard));
  printRounds(rounds);
  results.push(...comparisons(rounds));
  await servers.stop();
  servers = new BenchServers(cluster.url);
  results.push(await measureMemory(await servers.startLeeway()));
} finally {
  await servers.stop();
  await cluster.remove();
}
report('ingest', results);
