/**
 * What it costs to collect: 500 targets, each with 20 signals and more, every 15 seconds, by one worker on PostgreSQL. CPU and memory are
 * those of the worker's process; the targets and PostgreSQL run beside it.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { freePort, SpawnedProcess } from '../../apps/demo/spawned-process.js';
import { startClusterOrExit } from './cluster.js';
import { peakMegabytes } from './ingest/memory.js';
import { report, type BenchResult } from './report.js';

const TARGETS = Number(process.env['BENCH_TARGETS'] ?? 500);
const MODELS = 50;
const INTERVAL_SECONDS = 15;
/** Until rates exist, the rings have found their size, and the code is compiled. */
const WARM_UP_SECONDS = 60;
const MEASURED_SECONDS = Number(process.env['BENCH_SECONDS'] ?? 120);
const MIN_SIGNALS = 20;
const MAX_CORES = 1;
const MAX_MEGABYTES = 512;
/** Linux counts the time of a process in hundredths of a second. */
const TICKS_PER_SECOND = 100;

/** Seconds of CPU that a process has used, in user and kernel mode. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

const cluster = await startClusterOrExit();
const folder = mkdtempSync(join(tmpdir(), 'leeway-bench-'));
const processes: SpawnedProcess[] = [];
const results: BenchResult[] = [];

async function start(
  script: string,
  env: Record<string, string>,
  readyLine: RegExp,
): Promise<SpawnedProcess> {
  const started = await SpawnedProcess.start({
    ...{ script: fileURLToPath(new URL(script, import.meta.url)), env, readyLine },
    ...{ logFile: join(folder, `${processes.length}.log`), readyTimeoutMs: 60_000 },
  });
  processes.push(started);
  return started;
}

try {
  const port = await freePort();
  await start('./collectors/targets.js', { TARGETS_PORT: String(port) }, /ready/);
  const collectors = Array.from({ length: TARGETS }, (_, target) => ({
    ...{ name: `target-${target}`, model: `model-${target % MODELS}`, kind: 'scrape' },
    targets: [`http://127.0.0.1:${port}/${target}/metrics`],
    presets: [{ preset: 'fastapi' }],
  }));
  const configFile = join(folder, 'leeway.yaml');
  writeFileSync(configFile, JSON.stringify({ collectors }));
  const worker = await start(
    '../../apps/server/main.js',
    {
      ...{ LEEWAY_PORT: String(await freePort()), LEEWAY_ROLES: 'worker', LEEWAY_CONFIG: configFile },
      ...{ LEEWAY_ADMIN_KEY: 'lw_bench_admin_key_0123456789', LEEWAY_DATA_DIR: folder },
      ...{ LEEWAY_LOG_LEVEL: 'error', DATABASE_URL: cluster.url },
    },
    /listens/,
  );
  await sleep(WARM_UP_SECONDS * 1_000);
  const client = new pg.Client({ connectionString: cluster.url });
  await client.connect();
  const samplesUntil = async (): Promise<number> => {
    const { rows } = await client.query<{ count: string }>('select count(*) from signal_sample');
    return Number(rows[0]?.count);
  };
  const [samplesBefore, cpuBefore, begin] = [await samplesUntil(), cpuSeconds(worker.pid), performance.now()];
  await sleep(MEASURED_SECONDS * 1_000);
  const seconds = (performance.now() - begin) / 1_000;
  const cores = (cpuSeconds(worker.pid) - cpuBefore) / seconds;
  const samples = (await samplesUntil()) - samplesBefore;
  const { rows } = await client.query<{ signals: string; perTarget: string; failing: string }>(
    `select count(*) as signals, min(per.count) as "perTarget", count(*) filter (where last_at < now() - interval '45 s') as failing
       from signal, lateral (select count(*) from signal s where s.source = signal.source) as per`,
  );
  await client.end();
  const [{ signals, perTarget, failing } = { signals: '0', perTarget: '0', failing: '0' }] = rows;
  const expected = (Number(signals) * seconds) / INTERVAL_SECONDS;
  const megabytes = peakMegabytes(worker.pid);
  console.log(
    `${TARGETS} targets, ${signals} signals (${perTarget} or more a target), ${failing} of them without a sample in the last 45 s`,
  );
  console.log(
    `${cores.toFixed(3)} cores, ${megabytes.toFixed(0)} MB at most, ${(samples / seconds).toFixed(0)} samples/s`,
  );
  results.push(
    {
      ...{ name: `CPU of ${TARGETS} targets every ${INTERVAL_SECONDS} s`, unit: 'cores', ours: cores },
      ...{ peer: MAX_CORES, peerName: 'at most', ratio: MAX_CORES / cores, target: 1 },
    },
    {
      ...{ name: 'most memory', unit: 'MB', ours: megabytes },
      ...{ peer: MAX_MEGABYTES, peerName: 'at most', ratio: MAX_MEGABYTES / megabytes, target: 1 },
    },
    {
      ...{ name: 'signals of the target with the fewest', unit: 'signals', ours: Number(perTarget) },
      ...{ peer: MIN_SIGNALS, peerName: 'at least', ratio: Number(perTarget) / MIN_SIGNALS, target: 1 },
    },
    {
      // A round at the edge of the time is in it or not.
      ...{ name: 'samples that were written', unit: 'samples', ours: samples, peer: expected },
      ...{ peerName: 'a sample each interval', ratio: samples / expected, target: 0.98 },
    },
  );
} finally {
  for (const each of processes) await each.stop();
  await cluster.remove();
  rmSync(folder, { recursive: true, force: true });
}
report('collectors', results);
