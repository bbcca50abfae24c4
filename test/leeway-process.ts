import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, SpawnedProcess } from '../apps/demo/spawned-process.js';

const REQUEST_TIMEOUT_MS = 20_000;
const SERVER = fileURLToPath(new URL('../dist/apps/server/main.js', import.meta.url));

export interface LeewayProcessSpec {
  /** All of them when it is left out. */
  readonly roles?: string;
  /** Where its log lies, and `leeway.yaml` where it has one. */
  readonly folder: string;
  /** Null: embedded, in `folder`. */
  readonly databaseUrl: string | null;
  readonly logLevel?: 'warn' | 'error';
  readonly env?: Readonly<Record<string, string>>;
}

/** The built server as a process of its own, that can be killed and started again on its port. */
export class LeewayProcess {
  static readonly key = 'lw_process_admin_key_0123456789';
  static readonly authorization = `Bearer ${LeewayProcess.key}`;
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
    const { roles, folder, databaseUrl, logLevel = 'error', env } = this.spec;
    const config = join(folder, 'leeway.yaml');
    this.process = await SpawnedProcess.start({
      script: SERVER,
      env: {
        LEEWAY_PORT: String(this.port),
        LEEWAY_ADMIN_KEY: LeewayProcess.key,
        LEEWAY_DATA_DIR: folder,
        LEEWAY_LOG_LEVEL: logLevel,
        ...(roles === undefined ? {} : { LEEWAY_ROLES: roles }),
        ...(databaseUrl === null ? {} : { DATABASE_URL: databaseUrl }),
        ...env,
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

  /** Sends a JSON request to `/api/v1` and reads the JSON answer. @throws Error for one that is no success, with its `status` */
  async api(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: { 'content-type': 'application/json', authorization: LeewayProcess.authorization },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    const answer: unknown = await response.json();
    if (!response.ok)
      throw Object.assign(new Error(`${response.status}: ${JSON.stringify(answer)}`), {
        status: response.status,
      });
    return answer;
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
