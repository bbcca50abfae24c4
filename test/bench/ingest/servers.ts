import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LeewayApi } from '../../../apps/demo/api-client.js';
import { freePort, SpawnedProcess } from '../../../apps/demo/spawned-process.js';
import { benchRow, COLUMNS } from './rows.js';

export const KEY = 'lw_bench_admin_key_0123456789';
export const INGEST_PATH = '/api/v1/models/bench/versions/v1/inferences';
export const DISCARD_PATH = '/discard';

/** A server under load: where it listens, and the processes that it is made of. */
export interface BenchServer {
  readonly port: number;
  readonly pids: readonly number[];
}

/** The processes that are measured, each on a port of its own. */
export class BenchServers {
  private readonly folder = mkdtempSync(join(tmpdir(), 'leeway-bench-'));
  private readonly processes: SpawnedProcess[] = [];

  constructor(private readonly databaseUrl: string) {}

  /** Leeway as it runs in production: a node that takes payloads, and a worker that compacts and evaluates what it stores. */
  async startLeeway(): Promise<BenchServer> {
    const node = await this.startRoles('../../../apps/server/main.js', 'ingest,api');
    const worker = await this.startRoles('../../../apps/server/main.js', 'worker');
    await register(node.port);
    return { port: node.port, pids: [...node.pids, ...worker.pids] };
  }

  /** The same node, whose commits go nowhere. */
  async startWithoutCommits(): Promise<BenchServer> {
    const node = await this.startRoles('./server-without-commits.js', 'ingest,api');
    await register(node.port);
    for (const pid of node.pids) process.kill(pid, 'SIGUSR2');
    return node;
  }

  /** The framework, throwing bodies away. */
  async startDiscard(): Promise<BenchServer> {
    const port = await freePort();
    return this.start('./discard-server.js', port, { PORT: String(port) });
  }

  async stop(): Promise<void> {
    for (const each of this.processes) await each.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async startRoles(script: string, roles: string): Promise<BenchServer> {
    const port = await freePort();
    return this.start(script, port, {
      LEEWAY_PORT: String(port),
      LEEWAY_ROLES: roles,
      LEEWAY_ADMIN_KEY: KEY,
      LEEWAY_DATA_DIR: this.folder,
      LEEWAY_LOG_LEVEL: 'error',
      DATABASE_URL: this.databaseUrl,
    });
  }

  private async start(
    script: string,
    port: number,
    env: Readonly<Record<string, string>>,
  ): Promise<BenchServer> {
    const started = await SpawnedProcess.start({
      script: fileURLToPath(new URL(script, import.meta.url)),
      env,
      logFile: join(this.folder, `${port}.log`),
      readyLine: /listens/,
      readyTimeoutMs: 60_000,
    });
    this.processes.push(started);
    return { port, pids: [started.pid] };
  }
}

/** The model that takes the load, with a baseline, so that rows are counted in all its cells. */
async function register(port: number): Promise<void> {
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
}
