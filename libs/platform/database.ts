import type pg from 'pg';
import { DataSource, MigrationExecutor, type DataSourceOptions } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { ConnectionWatch } from './connection-watch.js';
import { asLeewayError, type Progress } from './database-errors.js';
import {
  startEmbeddedPostgres,
  EMBEDDED_MAX_CONNECTIONS,
  type EmbeddedPostgres,
} from './embedded-postgres.js';
import { LeewayError, messageOf } from './errors.js';

/** How long a query waits for a connection before the caller hears that the database is away. */
const CONNECTION_TIMEOUT_MS = 5_000;
/** The same where everything shares one connection and a long statement is waited for, not given up. */
const EMBEDDED_CONNECTION_TIMEOUT_MS = 60_000;
/** How long one statement may run. Nothing that Leeway asks should take longer; a lock that is never freed must not hang it. */
const STATEMENT_TIMEOUT_MS = 60_000;
/** How long the answer to a statement is waited for: the server ends it before, unless the server is not there. See `ConnectionWatch`. */
const ANSWER_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 5_000;
/**
 * How long a session may stand still in a transaction, with its locks. Shorter ends those of a process that computes or collects garbage;
 * longer lets one that was stopped hold up the payloads whose ids it was storing, and compaction.
 */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 15_000;
/** How long a connection is idle before the system asks whether its other end is there; ten questions, a second apart, unanswered close it. */
const KEEP_ALIVE_AFTER_MS = 10_000;
/** Connections to a real server. Unmeasured: ingest uses one, requests and the evaluation share the rest. */
const POOL_SIZE = 20;
/** The key of the transaction-scoped advisory lock that migrations run under. */
const MIGRATION_LOCK = 7_239_001;

/** Something that runs SQL: the pool, or one open transaction. */
export interface Sql {
  query<Row extends object = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<Row[]>;
}

/** One open transaction. The embedded database has one session: never use `Database` while a transaction is open. */
export interface Transaction extends Sql {
  readonly isTransaction: true;
}

type Classes = readonly (new () => unknown)[];

export interface DatabaseOptions {
  /** A PostgreSQL server, or null for the embedded one in `dataDir`. */
  readonly databaseUrl: string | null;
  readonly dataDir: string;
  readonly entities: Classes;
  readonly migrations: Classes;
}

/** Leeway's PostgreSQL: the embedded one or a server, the same SQL on both. */
export class Database implements Sql {
  private constructor(
    readonly dataSource: DataSource,
    private readonly embedded: EmbeddedPostgres | null,
    private readonly watch: ConnectionWatch | null,
  ) {}

  /** Opens the database and brings its schema up to date. */
  static async open(options: DatabaseOptions): Promise<Database> {
    const embedded = options.databaseUrl === null ? await startEmbeddedPostgres(options.dataDir) : null;
    const dataSource = new DataSource(dataSourceOptions(options, embedded));
    try {
      await dataSource.initialize();
      const { databaseUrl } = options;
      const watch = databaseUrl === null ? null : new ConnectionWatch(databaseUrl);
      const database = new Database(dataSource, embedded, watch);
      database.pool.on('error', () => undefined); // A lost idle connection is replaced; the next query reports what matters.
      await migrate(database);
      return database;
    } catch (error) {
      if (dataSource.isInitialized) await dataSource.destroy();
      await embedded?.stop();
      throw asLeewayError(error, 'nothing-sent');
    }
  }

  get isEmbedded(): boolean {
    return this.embedded !== null;
  }

  async query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.run<Row>(text, values)).rows;
  }

  /** Runs one statement and returns the answer of `pg`, for libraries that bring their own SQL. */
  async run<Row extends object>(text: string, values: readonly unknown[]): Promise<pg.QueryResult<Row>> {
    return this.withClient(async (client, progressed) => {
      progressed('sent');
      return this.ask<Row>(client, { text, values });
    });
  }

  /**
   * Runs `work` in one transaction: commits when it returns, rolls back when it throws. One that `isLong` has statements that may
   * take any time.
   */
  async transaction<T>(
    work: (tx: Transaction) => Promise<T>,
    { isLong = false }: { readonly isLong?: boolean } = {},
  ): Promise<T> {
    return this.withClient(async (client, progressed) => {
      const timeoutMs = isLong ? 0 : ANSWER_TIMEOUT_MS;
      await this.ask(client, { text: 'begin' });
      if (isLong) await this.ask(client, { text: 'set local statement_timeout = 0' });
      progressed('not-committed');
      try {
        const result = await work({
          isTransaction: true,
          query: async <Row extends object>(text: string, values: readonly unknown[] = []) =>
            (await this.ask<Row>(client, { text, values, timeoutMs })).rows,
        });
        progressed('sent');
        await this.ask(client, { text: 'commit', timeoutMs });
        return result;
      } catch (error) {
        // One that was lost is rolled back by the server, and asking it would wait for nothing.
        if (!isUnusable(error, 'not-committed'))
          await this.ask(client, { text: 'rollback' }).catch(() => undefined);
        throw error;
      }
    });
  }

  async close(): Promise<void> {
    this.watch?.close();
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
    await this.embedded?.stop();
  }

  private get pool(): pg.Pool {
    return (this.dataSource.driver as PostgresDriver).master as pg.Pool;
  }

  /** Lends a connection, and keeps none that may have failed. What it throws says what is known of the outcome. */
  private async withClient<T>(
    work: (client: pg.PoolClient, progressed: (to: Progress) => void) => Promise<T>,
  ): Promise<T> {
    let progress: Progress = 'nothing-sent';
    let client: pg.PoolClient | null = null;
    try {
      client = await this.pool.connect();
      // A connection that is lost while it is lent fails its statement; without a listener it would end the process.
      client.on('error', ignore);
      const result = await work(client, (to) => (progress = to));
      giveBack(client, false);
      return result;
    } catch (error) {
      if (client !== null) giveBack(client, isUnusable(error, progress));
      throw asLeewayError(error, progress);
    }
  }

  private ask<Row extends object>(
    client: pg.PoolClient,
    { text, values = [], timeoutMs = ANSWER_TIMEOUT_MS }: Statement,
  ): Promise<pg.QueryResult<Row>> {
    if (this.watch === null) return client.query<Row>(text, [...values]);
    const config = { text, values: [...values], query_timeout: timeoutMs };
    return this.watch.during(client, () => client.query<Row>(config));
  }
}

interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[];
  /** How long its answer is waited for; 0 is for ever. */
  readonly timeoutMs?: number;
}

function ignore(): void {
  // The statement that runs reports it.
}

function giveBack(client: pg.PoolClient, isUnusable: boolean): void {
  client.removeListener('error', ignore);
  client.release(isUnusable);
}

/** Whether the connection that this came from may be lost, or lead to a server that can no longer be written to. */
function isUnusable(error: unknown, progress: Progress): boolean {
  const known = asLeewayError(error, progress);
  return known !== error && known instanceof LeewayError && known.code === 'database-unavailable';
}

const SERVER_SETTINGS = {
  statement_timeout: STATEMENT_TIMEOUT_MS,
  idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
  keepAlive: true,
  keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
};

function dataSourceOptions(options: DatabaseOptions, embedded: EmbeddedPostgres | null): DataSourceOptions {
  const address =
    embedded === null
      ? { url: options.databaseUrl ?? '' }
      : { host: embedded.host, port: embedded.port, username: 'postgres', database: 'postgres' };
  return {
    type: 'postgres',
    ...address,
    entities: options.entities as never,
    migrations: options.migrations as never,
    migrationsTableName: 'schema_migration',
    synchronize: false,
    installExtensions: false,
    uuidExtension: 'pgcrypto',
    connectTimeoutMS: embedded === null ? CONNECTION_TIMEOUT_MS : EMBEDDED_CONNECTION_TIMEOUT_MS,
    poolSize: embedded === null ? POOL_SIZE : EMBEDDED_MAX_CONNECTIONS,
    extra: {
      ...(embedded === null ? SERVER_SETTINGS : {}),
      application_name: 'leeway',
    },
    logging: false,
  };
}

/**
 * Runs the open migrations in one transaction under a transaction-scoped advisory lock, so that replicas that start
 * together migrate once. (Session locks exclude nobody on the embedded database.)
 */
async function migrate(database: Database): Promise<void> {
  const runner = database.dataSource.createQueryRunner();
  try {
    await runner.startTransaction();
    await runner.query('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    const executor = new MigrationExecutor(database.dataSource, runner);
    executor.transaction = 'none';
    await executor.executePendingMigrations();
    await runner.commitTransaction();
  } catch (error) {
    if (runner.isTransactionActive) await runner.rollbackTransaction();
    throw error;
  } finally {
    await runner.release();
  }
}

/** SQLSTATEs of statements that lost to others at the same time, and succeed when they are run again. */
const CONFLICT_STATES = new Set(['40001', '40P01']);
/** The same for the server's own tables, which has no state of its own: two partitions made at once. */
const CONFLICT_MESSAGE = 'tuple concurrently updated';
const MAX_TRIES = 5;

/**
 * Runs `work` again when it lost a deadlock or a race to another transaction, five times at the most. `work` must be one
 * statement, or one transaction from its begin on: what it did is undone when it is run again.
 */
export async function withRetries<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries === MAX_TRIES || !isConflict(error)) throw error;
    }
  }
}

function isConflict(error: unknown): boolean {
  return (
    CONFLICT_STATES.has(String((error as { code?: unknown }).code)) ||
    messageOf(error).includes(CONFLICT_MESSAGE)
  );
}
