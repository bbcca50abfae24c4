import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PROJECT_ROOT } from '../../apps/demo/project-root.js';
import { freePort, SpawnedProcess } from '../../apps/demo/spawned-process.js';

/** A service of `examples/` in a process of its own, as its users call it. */
export class ChurnService {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 8 });

  private constructor(
    private readonly process: SpawnedProcess,
    readonly port: number,
  ) {}

  /** The FastAPI service under uvicorn, in a folder of `examples` or of the tests. */
  static async python(
    python: string,
    app: { readonly folder: string; readonly name?: string; readonly options?: readonly string[] },
    env: Readonly<Record<string, string>>,
  ): Promise<ChurnService> {
    const port = await freePort();
    const folder = join(PROJECT_ROOT, app.folder);
    const process = await SpawnedProcess.start({
      script: 'uvicorn',
      command: [
        python,
        ...['-u', '-m', 'uvicorn', app.name ?? 'app:app', '--app-dir', folder],
        ...['--host', '127.0.0.1', '--port', String(port), '--no-access-log', ...(app.options ?? [])],
      ],
      env: { PYTHONDONTWRITEBYTECODE: '1', ...env },
      logFile: '/dev/null',
      readyLine: /Uvicorn running on/,
    });
    return new ChurnService(process, port);
  }

  /** A Node server. */
  static async node(script: string, env: Readonly<Record<string, string>>): Promise<ChurnService> {
    const port = await freePort();
    const process = await SpawnedProcess.start({
      script: join(PROJECT_ROOT, script),
      env: { PORT: String(port), ...env },
      logFile: '/dev/null',
      readyLine: /listens/,
    });
    return new ChurnService(process, port);
  }

  get log(): string {
    return this.process.endOfLog();
  }

  async call(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly status: number; readonly text: string }> {
    const content = body === undefined ? '' : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const outgoing = request({
        ...{ host: '127.0.0.1', port: this.port, method, path, agent: this.agent },
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(content),
          ...headers,
        },
      });
      outgoing.on('error', reject);
      outgoing.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
        );
      });
      outgoing.end(content);
    });
  }

  async json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const { status, text } = await this.call(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path}: ${status}: ${text}`);
    return JSON.parse(text) as T;
  }

  /** Asks it to end, as an orchestrator does, and waits. */
  async stop(): Promise<void> {
    this.agent.destroy();
    await this.process.stop();
  }
}

export interface Customer {
  readonly age: number;
  readonly country: string;
}

/** The service's model, to know the right answer. */
export function scoreOf({ age, country }: Customer): number {
  return 1 / (1 + Math.exp(-(1.5 - age / 30 - (country === 'DE' ? 0.7 : 0))));
}

export function customer(index: number): Customer {
  return { age: 20 + (index % 60), country: index % 3 === 0 ? 'DE' : 'FR' };
}

/**
 * Calls a service steadily until `isOver`, from several clients, and counts the rows it has predicted. Every answer is checked:
 * `wrong` lists those that are not what the model says, and failures.
 */
export class Traffic {
  rows = 0;
  calls = 0;
  readonly wrong: string[] = [];
  private isOver = false;
  private readonly clients: Promise<void>[];

  constructor(
    private readonly service: ChurnService,
    { clients = 4, pauseMs = 0 }: { clients?: number; pauseMs?: number } = {},
  ) {
    this.clients = Array.from({ length: clients }, () => this.run(pauseMs));
  }

  async end(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.clients);
  }

  private async run(pauseMs: number): Promise<void> {
    while (!this.isOver) {
      await sleep(pauseMs);
      const first = this.rows;
      // Every fourth call brings a list, which is a row each.
      const isMany = this.calls % 4 === 0;
      const customers = Array.from({ length: isMany ? 5 : 1 }, (_, i) => customer(first + i));
      this.calls += 1;
      this.rows += customers.length;
      try {
        await (isMany
          ? this.check('/predict-many', customers, customers)
          : this.check('/predict', customers[0], customers));
      } catch (error) {
        this.wrong.push(String(error));
      }
    }
  }

  private async check(path: string, body: unknown, customers: readonly Customer[]): Promise<void> {
    const { status, text } = await this.service.call('POST', path, body);
    const answer = status === 200 ? ([JSON.parse(text)].flat() as { score: number }[]) : [];
    const isRight =
      answer.length === customers.length &&
      customers.every((each, i) => Math.abs((answer[i]?.score ?? NaN) - scoreOf(each)) < 1e-12);
    if (!isRight) this.wrong.push(`${path}: ${status}: ${text.slice(0, 200)}`);
  }
}
