import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { builtFile } from '../../apps/demo/project-root.js';
import { freePort, SpawnedProcess } from '../../apps/demo/spawned-process.js';
import { createTestPlace, type TestPlace } from '../database.js';

export const KEY = 'lw_examples_admin_key_0123456789';

/** Columns of what `examples/` serve. */
export const CHURN_COLUMNS = [
  { name: 'age', role: 'feature', type: 'numeric' },
  { name: 'country', role: 'feature', type: 'categorical' },
  { name: 'score', role: 'score', type: 'numeric' },
] as const;

/** What listens on Leeway's port. `hung`: connections are accepted and nothing is ever answered. */
type State = 'up' | 'down' | 'hung';

/** A process of Leeway with the model `churn` that the examples send to; it can be killed, and replaced by one that hangs. */
export class ChurnLeeway {
  private process: SpawnedProcess | null = null;
  private hung: HungServer | null = null;

  private constructor(
    private readonly place: TestPlace,
    readonly port: number,
  ) {}

  static async start(): Promise<ChurnLeeway> {
    const leeway = new ChurnLeeway(await createTestPlace(), await freePort());
    await leeway.turn('up');
    return leeway;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Registers the model and its version; a baseline too, as it is what windows count on. */
  async register(): Promise<void> {
    const capture = { fraction: 1, maxRowsPerWindow: 100_000 };
    await this.send('POST', '/models', { name: 'churn', task: 'classification', grain: '5m', capture });
    await this.send('POST', '/models/churn/versions', { name: 'v1', columns: CHURN_COLUMNS });
    const rows = Array.from({ length: 500 }, (_, i) => ({
      age: 20 + (i % 60),
      country: i % 3 === 0 ? 'DE' : 'FR',
      score: (i % 100) / 100,
    }));
    await this.send('POST', '/models/churn/versions/v1/baselines', { rows });
  }

  /** Kills what listens, without a chance to tidy up, and starts what `state` says in its place. */
  async turn(state: State): Promise<void> {
    await this.process?.kill();
    await this.hung?.close();
    this.process = null;
    this.hung = null;
    if (state === 'hung') this.hung = await HungServer.start(this.port);
    if (state === 'up') this.process = await this.spawn();
  }

  /** Rows in all windows of the version: counted, and refused. */
  async counts(): Promise<{ readonly rowCount: number; readonly rejectedCount: number }> {
    const sum = { rowCount: 0, rejectedCount: 0 };
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${cursor}`;
      const path = `/models/churn/versions/v1/windows?limit=1000${query}`;
      const page = (await this.send('GET', path)) as {
        items: { rowCount: number; rejectedCount: number }[];
        nextCursor: string | null;
      };
      for (const { rowCount, rejectedCount } of page.items) {
        sum.rowCount += rowCount;
        sum.rejectedCount += rejectedCount;
      }
      cursor = page.nextCursor;
    } while (cursor !== null);
    return sum;
  }

  /** Sends a JSON request to `/api/v1`. @throws Error with the answer when it is no success */
  async send(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status}: ${text}`);
    return JSON.parse(text);
  }

  async close(): Promise<void> {
    await this.turn('down');
    await this.place.remove();
  }

  private spawn(): Promise<SpawnedProcess> {
    const { dataDir, databaseUrl } = this.place;
    return SpawnedProcess.start({
      script: builtFile('apps/server/main.js'),
      env: {
        LEEWAY_PORT: String(this.port),
        LEEWAY_ADMIN_KEY: KEY,
        LEEWAY_DATA_DIR: dataDir,
        LEEWAY_LOG_LEVEL: 'error',
        ...(databaseUrl === null ? {} : { DATABASE_URL: databaseUrl }),
      },
      logFile: join(dataDir, 'leeway.log'),
      readyLine: /^Leeway listens on /,
      readyTimeoutMs: 60_000,
    });
  }
}

/** Accepts connections, reads what comes, and never says anything. */
export class HungServer {
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.sockets.delete(socket));
      socket.resume();
    });
  }

  static async start(port: number): Promise<HungServer> {
    const server = createServer();
    const hung = new HungServer(server);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    return hung;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
