import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, SpawnedProcess } from '../apps/demo/spawned-process.js';

const ADMIN_KEY = 'lw_process_admin_key_0123456789';
const SERVER = fileURLToPath(new URL('../dist/apps/server/main.js', import.meta.url));

export interface LeewayProcessSpec {
  readonly roles: string;
  /** Where its log lies, and `leeway.yaml` where it has one. */
  readonly folder: string;
  readonly databaseUrl: string;
  readonly logLevel?: 'warn' | 'error';
}

/** The built server as a process of its own, that can be killed and started again on its port. */
export class LeewayProcess {
  static readonly authorization = `Bearer ${ADMIN_KEY}`;
  private process: SpawnedProcess | null = null;

  private constructor(
    private readonly spec: LeewayProcessSpec,
    readonly port: number,
  ) {}

  /** A process that is not started yet. */
  static async of(spec: LeewayProcessSpec): Promise<LeewayProcess> {
    return new LeewayProcess(spec, await freePort());
  }

  async start(): Promise<void> {
    const { roles, folder, databaseUrl, logLevel = 'error' } = this.spec;
    const config = join(folder, 'leeway.yaml');
    this.process = await SpawnedProcess.start({
      script: SERVER,
      env: {
        LEEWAY_ROLES: roles,
        LEEWAY_PORT: String(this.port),
        LEEWAY_ADMIN_KEY: ADMIN_KEY,
        LEEWAY_DATA_DIR: folder,
        LEEWAY_LOG_LEVEL: logLevel,
        DATABASE_URL: databaseUrl,
        ...(existsSync(config) ? { LEEWAY_CONFIG: config } : {}),
      },
      logFile: join(folder, `${this.port}.log`),
      readyLine: /^Leeway listens on /,
      readyTimeoutMs: 60_000,
    });
  }

  get pid(): number {
    return this.process?.pid ?? -1;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async kill(): Promise<void> {
    await this.process?.kill();
  }

  async stop(): Promise<void> {
    await this.process?.stop();
  }

  /** A metric of its own, summed over its labels. */
  async metric(name: string): Promise<number> {
    const response = await fetch(`${this.url}/metrics`, {
      headers: { authorization: LeewayProcess.authorization },
    });
    return metricIn(await response.text(), name);
  }
}

/** A metric in Prometheus' text format, summed over its labels; NaN where there is none. */
export function metricIn(text: string, name: string): number {
  const values = text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .map((line) => Number(line.split(' ').at(-1)));
  return values.length === 0 ? NaN : values.reduce((sum, value) => sum + value, 0);
}
