/**
 * What the clients of a FastAPI service feel of the middleware in `examples/fastapi`: the service's own latency with Leeway up, down and
 * hanging, beside the same service without the middleware. The bare service runs twice: what differs between the two is noise.
 *
 * All services are called in turn, a short block each, and compared within each round: what else the machine does meets all of them
 * alike. Services, Leeway and the load generator share the machine.
 */
import { ChurnLeeway, HungServer, KEY } from '../examples/churn-leeway.js';
import { ChurnService } from '../examples/churn-service.js';
import { freePort } from '../../apps/demo/spawned-process.js';
import { median } from 'simple-statistics';
import { findPython } from '../find-server.js';
import { Caller } from './clients/caller.js';
import { report, type BenchResult } from './report.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 60);
const CALLS_A_BLOCK = 50;
/** Between a client's calls: some 200 calls a second, which is a third of what one process of the service can take. */
const PAUSE_MS = 3;
/** Clients of the saturated service, which call without a pause. */
const CLIENTS = 8;
const WARM_UP_CALLS = 500;
/** How much longer a call may take at the median, beyond noise. */
const ALLOWED = 0.1;

const SETUPS = ['bare', 'bare again', 'Leeway up', 'Leeway down', 'Leeway hanging'] as const;
type Setup = (typeof SETUPS)[number];

/** What one block measured of a setup: latencies in milliseconds, calls a second. */
interface Block {
  readonly calm: readonly number[];
  readonly saturated: readonly number[];
  readonly callsPerSecond: number;
}
type Round = ReadonlyMap<Setup, Block>;

function quantile(times: readonly number[], q: number): number {
  return times.toSorted((a, b) => a - b)[Math.floor(q * (times.length - 1))] ?? NaN;
}

function start(python: string, url: string, middleware: 'on' | 'off'): Promise<ChurnService> {
  return ChurnService.python(
    python,
    // Connections idle while it is the turn of others.
    { folder: 'test/python', name: 'bench_app:app', options: ['--timeout-keep-alive', '600'] },
    { LEEWAY_URL: url, LEEWAY_KEY: KEY, BENCH_MIDDLEWARE: middleware },
  );
}

async function measure(services: ReadonlyMap<Setup, ChurnService>): Promise<Round[]> {
  const callers = new Map<Setup, Caller[]>();
  for (const [setup, { port }] of services) {
    const opened = await Promise.all(
      Array.from({ length: CLIENTS }, () => Caller.to(port, '/predict', { age: 41, country: 'DE' })),
    );
    callers.set(setup, opened);
    await opened[0]?.calls(WARM_UP_CALLS, 0);
  }
  const rounds: Round[] = [];
  while (rounds.length < ROUNDS) {
    const round = new Map<Setup, Block>();
    for (const turn of SETUPS.keys()) {
      // Each setup is as often first as last.
      const setup = SETUPS[(turn + rounds.length) % SETUPS.length] ?? 'bare';
      round.set(setup, await measureBlock(callers.get(setup) ?? []));
    }
    rounds.push(round);
  }
  for (const each of [...callers.values()].flat()) each.close();
  return rounds;
}

async function measureBlock(callers: readonly Caller[]): Promise<Block> {
  const calm = (await callers[0]?.calls(CALLS_A_BLOCK, PAUSE_MS)) ?? [];
  const startedAt = performance.now();
  const saturated = (await Promise.all(callers.map((each) => each.calls(CALLS_A_BLOCK / 2, 0)))).flat();
  const seconds = (performance.now() - startedAt) / 1_000;
  return { calm, saturated, callsPerSecond: saturated.length / seconds };
}

/** A figure of a setup over some rounds; `isRate`: more is better. */
interface Measure {
  readonly name: string;
  readonly unit: string;
  readonly isRate: boolean;
  readonly of: (blocks: readonly Block[]) => number;
}
const MEASURES: readonly Measure[] = [
  {
    name: 'p50',
    unit: 'ms',
    isRate: false,
    of: (blocks) =>
      quantile(
        blocks.flatMap(({ calm }) => calm),
        0.5,
      ),
  },
  {
    name: 'p99',
    unit: 'ms',
    isRate: false,
    of: (blocks) =>
      quantile(
        blocks.flatMap(({ calm }) => calm),
        0.99,
      ),
  },
  {
    name: 'p50 of a saturated service',
    unit: 'ms',
    isRate: false,
    of: (blocks) =>
      quantile(
        blocks.flatMap(({ saturated }) => saturated),
        0.5,
      ),
  },
  {
    name: 'what a saturated service takes',
    unit: 'calls/s',
    isRate: true,
    of: (blocks) => median(blocks.map(({ callsPerSecond }) => callsPerSecond)),
  },
];

/** How much better `ours` is than `peer`: the median of what each round says, or of all together where one round has too few calls. */
function ratioOf(rounds: readonly Round[], measure: Measure, ours: Setup, peers: readonly Setup[]): number {
  const figure = (some: readonly Round[], setups: readonly Setup[]): number =>
    measure.of(some.flatMap((round) => setups.flatMap((setup) => round.get(setup) ?? [])));
  const groups = measure.name === 'p99' ? [rounds] : rounds.map((round) => [round]);
  return median(
    groups.map((group) => {
      const [a, b] = [figure(group, [ours]), figure(group, peers)];
      return measure.isRate ? a / b : b / a;
    }),
  );
}

function compare(rounds: readonly Round[]): BenchResult[] {
  const bare: readonly Setup[] = ['bare', 'bare again'];
  const blocksOf = (setups: readonly Setup[]): Block[] =>
    rounds.flatMap((round) => setups.flatMap((setup) => round.get(setup) ?? []));
  return MEASURES.flatMap((measure) => {
    const noise = Math.abs(ratioOf(rounds, measure, 'bare again', ['bare']) - 1);
    console.log(`noise of ${measure.name}: ${(100 * noise).toFixed(1)}% between the two bare services`);
    return SETUPS.slice(2).map((setup) => ({
      name: `${measure.name}, ${setup}`,
      unit: measure.unit,
      ours: measure.of(blocksOf([setup])),
      peer: measure.of(blocksOf(bare)),
      peerName: 'without the middleware',
      ratio: ratioOf(rounds, measure, setup, bare),
      target: measure.name === 'p50' ? 1 / (1 + ALLOWED + noise) : null,
    }));
  });
}

const python = findPython();
if (python === null) {
  console.error(
    'this benchmark needs .venv-test: python3 -m venv .venv-test && .venv-test/bin/pip install -r test/python/requirements.txt',
  );
  process.exit(2);
}
const leeway = await ChurnLeeway.start();
const hungPort = await freePort();
const hung = await HungServer.start(hungPort);
const services = new Map<Setup, ChurnService>();
let measured: BenchResult[];
try {
  await leeway.register();
  services.set('bare', await start(python, leeway.url, 'off'));
  services.set('bare again', await start(python, leeway.url, 'off'));
  services.set('Leeway up', await start(python, leeway.url, 'on'));
  services.set('Leeway down', await start(python, `http://127.0.0.1:${await freePort()}`, 'on'));
  services.set('Leeway hanging', await start(python, `http://127.0.0.1:${hungPort}`, 'on'));
  measured = compare(await measure(services));
  for (const setup of SETUPS.slice(2)) {
    const stats = await services
      .get(setup)
      ?.json<{ taken_rows: number; acknowledged_rows: number }>('GET', '/leeway-stats');
    console.log(`${setup}: ${stats?.taken_rows} rows taken, ${stats?.acknowledged_rows} acknowledged`);
  }
} finally {
  for (const service of services.values()) await service.stop();
  await hung.close();
  await leeway.close();
}
report('clients', measured);
