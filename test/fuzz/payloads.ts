/**
 * Sends mutated payloads to a running server: 200,000, or `FUZZ_PAYLOADS`, from the seed `FUZZ_SEED` or a new one.
 *
 * A finding is an answer of 500, none at all, a process that ended, memory that grows or has a peak beyond its bound, or files that
 * stay in the temporary folder. The exit code is 1 then; a finding is made again by its seed.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from 'simple-statistics';
import { LeewayApi } from '../../apps/demo/api-client.js';
import { freePort, SpawnedProcess } from '../../apps/demo/spawned-process.js';
import { residentMegabytes } from '../bench/ingest/memory.js';
import { benchRow, COLUMNS } from '../bench/ingest/rows.js';
import { mutatedRequest } from './payload-mutations.js';

const KEY = 'lw_fuzz_admin_key_0123456789';
const CONCURRENCY = 16;
/** Memory may typically grow by this much between the third tenth and the last one: caches fill, heaps wait for their collection. */
const MAX_GROWTH_MB = 300;
/** Peak of the whole process: four Parquet files of 512 MB in DuckDB each, the bodies that may be held, and the heap. */
const MAX_PEAK_MB = 3_500;
/** How long an answer may take: the large bodies of several connections are decoded one after another. */
const ANSWER_TIMEOUT_MS = 120_000;
const count = Number(process.env['FUZZ_PAYLOADS'] ?? 200_000);
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 30);

const folder = mkdtempSync(join(tmpdir(), 'leeway-fuzz-'));
const temporary = mkdtempSync(join(tmpdir(), 'leeway-fuzz-'));
const port = await freePort();
const server = await SpawnedProcess.start({
  script: fileURLToPath(new URL('../../apps/server/main.js', import.meta.url)),
  env: {
    LEEWAY_PORT: String(port),
    LEEWAY_ADMIN_KEY: KEY,
    LEEWAY_DATA_DIR: folder,
    TMPDIR: temporary,
    LEEWAY_LOG_LEVEL: 'error',
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
await api.send('PUT', '/models/m', { name: 'm' });
await api.send('PUT', '/models/m/versions/v1', { name: 'v1', columns: COLUMNS });
const rows = Array.from({ length: 200 }, (_, index) => benchRow(index, new Date()).values);
await api.send('POST', '/models/m/versions/v1/baselines', { rows });

const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY });
const statuses = new Map<number, number>();
const findings: { readonly seed: number; readonly finding: string }[] = [];

/** The status of the answer to one mutated request, 0 where there was none. */
function send(oneSeed: number): Promise<number> {
  const { path, headers, body } = mutatedRequest(oneSeed);
  const where =
    path === 'events'
      ? `/api/v1/ingest/${KEY}/models/m/versions/v1/events`
      : '/api/v1/models/m/versions/v1/inferences';
  return new Promise((resolve) => {
    const safe = Object.entries(headers).filter(([, value]) => /^[\x20-\x7e]*$/.test(value));
    const request = httpRequest(
      {
        port,
        host: '127.0.0.1',
        path: where,
        method: 'POST',
        agent,
        headers: {
          ...Object.fromEntries(safe),
          authorization: `Bearer ${KEY}`,
          'content-length': body.length,
        },
      },
      (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
        response.on('error', () => resolve(0));
      },
    );
    request.on('error', () => resolve(0));
    request.setTimeout(ANSWER_TIMEOUT_MS, () => request.destroy());
    request.end(body);
  });
}

let next = 0;
/** Resident memory, by tenths of the payloads. */
const memoryMb: number[][] = Array.from({ length: 10 }, () => []);
let slowestMs = 0;
const watch = setInterval(() => {
  const mb = residentMegabytes(server.pid);
  if (!Number.isNaN(mb)) memoryMb[Math.min(9, Math.floor((10 * next) / count))]?.push(mb);
}, 20);
async function sendAll(): Promise<void> {
  while (next < count && findings.length < 10 && server.isRunning) {
    const oneSeed = (seed + 7_919 * (next += 1)) % 2 ** 31;
    const startedAt = performance.now();
    let status = await send(oneSeed);
    slowestMs = Math.max(slowestMs, performance.now() - startedAt);
    // A connection that the server closed after a refused body may end under the next request: that one is sent again.
    if (status === 0) status = await send(oneSeed);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (status === 500 || status === 0) {
      findings.push({ seed: oneSeed, finding: `answer ${status}` });
      console.log(`seed ${oneSeed}: answer ${status}`);
    }
  }
}
await Promise.all(Array.from({ length: CONCURRENCY }, sendAll));
clearInterval(watch);
// Of a moment it says little: a body of the largest may be in it, and Parquet files.
const typicalMb = memoryMb.map((each) => (each.length === 0 ? NaN : median(each)));
const [, , earlyMb = NaN] = typicalMb;
const lateMb = typicalMb.at(-1) ?? NaN;
const peakMb = memoryMb.flat().reduce((most, each) => Math.max(most, each), 0);
if (!server.isRunning) findings.push({ seed, finding: 'the server ended' });
if (lateMb > earlyMb + MAX_GROWTH_MB)
  findings.push({ seed, finding: `memory grew from ${earlyMb} to ${lateMb} MB` });
if (peakMb > MAX_PEAK_MB) findings.push({ seed, finding: `memory had a peak of ${peakMb} MB` });
const left = readdirSync(temporary, { recursive: true })
  .map(String)
  .filter((name) => name.includes('upload'));
if (left.length > 0) findings.push({ seed, finding: `files were left: ${left.join(', ')}` });
for (const { finding } of findings) console.log(finding);
agent.destroy();
await server.stop();
for (const each of [folder, temporary]) rmSync(each, { recursive: true, force: true });
console.log(
  JSON.stringify({
    fuzz: 'payloads',
    seed,
    payloads: next,
    statuses: Object.fromEntries([...statuses].sort(([a], [b]) => a - b)),
    memoryMb: { typical: typicalMb.map(Math.round), peak: Math.round(peakMb) },
    slowestMs: Math.round(slowestMs),
    findings: findings.length,
  }),
);
process.exit(findings.length === 0 ? 0 : 1);
