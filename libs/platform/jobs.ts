import { PgBoss, type Db as IDatabase } from 'pg-boss';
import type { Database, Transaction } from './database.js';
import type { Logger } from './logging.js';

/** How long a job may run before another worker takes it over. A killed process holds its jobs no longer than this. */
const JOB_EXPIRES_SECONDS = 20;
const POLLING_SECONDS = 0.5;
const SUPERVISE_SECONDS = 5;

/** What a queue promises: `every` job runs, or `latest`: one waits and one runs at the most, so that a tick adds no backlog. */
export type QueuePolicy = 'every' | 'latest';

/** Jobs of one queue by state; `deferred` ones wait for their time, as a message does between its tries. */
export interface QueueDepth {
  readonly queue: string;
  readonly counts: Readonly<Record<'ready' | 'deferred' | 'active' | 'failed', number>>;
}

/**
 * The job queue, pg-boss on Leeway's own connection pool: retried, kept in PostgreSQL, and sendable inside a
 * transaction, so that a decision and its side effect are committed together.
 */
export class Jobs {
  private readonly boss: PgBoss;
  private readonly workers = new Map<string, string>();

  constructor(database: Database, logger: Logger) {
    this.boss = new PgBoss({
      db: { executeSql: async (text, values) => asResult(await database.run(text, values ?? [])) },
      schema: 'pgboss',
      schedule: false,
      superviseIntervalSeconds: SUPERVISE_SECONDS,
      monitorIntervalSeconds: SUPERVISE_SECONDS,
    });
    this.boss.on('error', (error) => logger.warn({ err: error }, 'job queue'));
  }

  async start(): Promise<void> {
    await this.boss.start();
  }

  async stop(): Promise<void> {
    await this.boss.stop({ graceful: true, timeout: 10_000, close: false });
  }

  async createQueue(name: string, policy: QueuePolicy): Promise<void> {
    const options = { expireInSeconds: JOB_EXPIRES_SECONDS, deleteAfterSeconds: 3_600 };
    await (policy === 'latest'
      ? this.boss.createQueue(name, { ...options, policy: 'stately', retryLimit: 0 })
      : // The outbox counts and ends its own attempts; this limit only covers processes that die in the middle.
        this.boss.createQueue(name, { ...options, policy: 'standard', retryLimit: 1_000, retryDelay: 1 }));
  }

  /** Adds a job; inside `tx` it exists exactly when the transaction commits. */
  async send(
    name: string,
    data: object,
    options: { tx?: Transaction; afterSeconds?: number } = {},
  ): Promise<void> {
    const { tx, afterSeconds } = options;
    await this.boss.send(name, data, {
      ...(afterSeconds === undefined ? {} : { startAfter: afterSeconds }),
      ...(tx === undefined ? {} : { db: transactionSql(tx) }),
    });
  }

  /** How many jobs each queue holds, as the supervisor counted them up to a few seconds ago. */
  async depths(): Promise<QueueDepth[]> {
    const queues = await this.boss.getQueues();
    return queues.map(({ name, readyCount, deferredCount, activeCount, failedCount }) => ({
      queue: name,
      counts: { ready: readyCount, deferred: deferredCount, active: activeCount, failed: failedCount },
    }));
  }

  /** Looks for work of this queue now instead of at the next poll. */
  wake(name: string): void {
    const worker = this.workers.get(name);
    if (worker !== undefined) this.boss.notifyWorker(worker);
  }

  /** Runs `handle` for each job. What it throws fails that try of the job. */
  async work<Data extends object>(name: string, handle: (data: Data) => Promise<void>): Promise<void> {
    const id = await this.boss.work<Data>(
      name,
      { pollingIntervalSeconds: POLLING_SECONDS, batchSize: 1 },
      async (jobs) => {
        for (const job of jobs) await handle(job.data);
      },
    );
    this.workers.set(name, id);
  }
}

function transactionSql(tx: Transaction): IDatabase {
  return { executeSql: async (text, values) => ({ rows: await tx.query(text, values ?? []) }) };
}

/** `pg` answers a text of several statements with a list of results; what one of them returns may stand before a COMMIT. */
function asResult(result: { rows: unknown[] } | { rows: unknown[] }[]): { rows: unknown[] } {
  return Array.isArray(result) ? { rows: result.flatMap((each) => each.rows) } : result;
}
