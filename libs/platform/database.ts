import type pg from 'pg';
import { DataSource, MigrationExecutor, type DataSourceOptions, type EntityManager } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import {
  startEmbeddedPostgres,
  EMBEDDED_MAX_CONNECTIONS,
  type EmbeddedPostgres,
} from './embedded-postgres.js';
import { LeewayError, messageOf } from './errors.js';

/** How long a query waits for a connection before the caller hears that the database is away. */
const CONNECTION_TIMEOUT_MS = 10_000;
/** The same where everything shares one connection and a long statement is waited for, not given up. */
const EMBEDDED_CONNECTION_TIMEOUT_MS = 60_000;
/** How long one statement may run. Nothing that Leeway asks should take longer; a lock that is never freed must not hang it. */
const STATEMENT_TIMEOUT_MS = 60_000;
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
  readonly manager: EntityManager;
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
  ) {}

  /** Opens the database and brings its schema up to date. */
  static async open(options: DatabaseOptions): Promise<Database> {
    const embedded = options.databaseUrl === null ? await startEmbeddedPostgres(options.dataDir) : null;
    const dataSource = new DataSource(dataSourceOptions(options, embedded));
    try {
      await dataSource.initialize();
      const database = new Database(dataSource, embedded);
      database.pool.on('error', () => undefined); // A lost idle connection is replaced; the next query reports what matters.
      await migrate(database);
      return database;
    } catch (error) {
      if (dataSource.isInitialized) await dataSource.destroy();
      await embedded?.stop();
      throw asLeewayError(error);
    }
  }

  get isEmbedded(): boolean {
    return this.embedded !== null;
  }

  /** The `pg` pool underneath, for libraries that bring their own SQL. */
  get pool(): pg.Pool {
    return (this.dataSource.driver as PostgresDriver).master as pg.Pool;
  }

  async query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    try {
      return (await this.pool.query<Row>(text, [...values])).rows;
    } catch (error) {
      throw asLeewayError(error);
    }
  }

  /** Runs `work` in one transaction: commits when it returns, rolls back when it throws. */
  async transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const runner = this.dataSource.createQueryRunner();
    try {
      const client = (await runner.connect()) as pg.PoolClient;
      await runner.startTransaction();
      const result = await work({
        manager: runner.manager,
        query: async <Row extends object>(text: string, values: readonly unknown[] = []) =>
          (await client.query<Row>(text, [...values])).rows,
      });
      await runner.commitTransaction();
      return result;
    } catch (error) {
      if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
      throw asLeewayError(error);
    } finally {
      await runner.release();
    }
  }

  async close(): Promise<void> {
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
    await this.embedded?.stop();
  }
}

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
      statement_timeout: embedded === null ? STATEMENT_TIMEOUT_MS : undefined,
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

/** SQLSTATE classes that mean "the server is away or going away", not "the statement is wrong". */
const UNAVAILABLE_STATES = /^(08|57P|53)/;
const UNAVAILABLE_MESSAGES =
  /ECONNREFUSED|ECONNRESET|ENOENT|EPIPE|ETIMEDOUT|Connection terminated|timeout exceeded when trying to connect|Cannot use a pool|Client has encountered a connection error|not queryable|socket/i;

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

/** SQLSTATE of a row that refers to one that is not there: what refers to a thing in Leeway is a part of it. */
const FOREIGN_KEY_VIOLATION = '23503';

/**
 * The error as it is, or as what the caller can act on: `database-unavailable` when the server could not be reached, `not-found` when
 * what is added belongs to something that was deleted since it was looked up.
 */
function asLeewayError(error: unknown): unknown {
  const state = (error as { code?: unknown }).code;
  if (state === FOREIGN_KEY_VIOLATION)
    return new LeewayError('not-found', 'what this belongs to has been deleted meanwhile', { cause: error });
  const isAway =
    !(error instanceof LeewayError) &&
    ((typeof state === 'string' && UNAVAILABLE_STATES.test(state)) ||
      UNAVAILABLE_MESSAGES.test(`${String(state)} ${messageOf(error)}`));
  if (!isAway) return error;
  return new LeewayError(
    'database-unavailable',
    'the database cannot be reached; nothing was stored, try again',
    {
      retryAfterSeconds: 2,
      cause: error,
    },
  );
}
