import pg from 'pg';

/** How long a statement may go unanswered before it is asked whether it still runs. Shorter asks about healthy ones more often. */
const SILENCE_MS = 5_000;
const LOOK_EVERY_MS = 1_000;
/** How long opening a connection of its own and the question on it may take, each. With the two above: ten seconds in all. */
const PROBE_TIMEOUT_MS = 2_000;

/** What is known of connections that do not answer: the states of their sessions, or that the server does not answer either. */
type Finding =
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'sessions'; readonly working: ReadonlySet<number> };

/** The parts of a `pg` client that its types leave out. */
interface OpenedClient {
  readonly processID: number | null;
  readonly connection: { readonly stream: { destroy(error: Error): void } };
}

/** The message of the error that statements end with whose connection was given up. */
export const UNANSWERED = 'the database does not answer on this connection';

/**
 * Gives up connections on which an answer will never come: the server is cut off, or was replaced by another one, or the network forgot
 * the connection.
 *
 * Nothing tells a client of TCP that what it sent was not received: the system repeats it for a quarter of an hour, and Node cannot set that
 * time. A deadline for each statement would end long ones that are healthy. So a statement that goes unanswered is looked for on a
 * new connection: when the server cannot be reached, or does not know its session as one that works, its connection is closed, and
 * what waits on it fails within ten seconds. Behind a pooler, where sessions have other numbers, only the first is known.
 */
export class ConnectionWatch {
  private readonly waitingSince = new Map<OpenedClient, number>();
  private readonly timer: NodeJS.Timeout;
  private isLooking = false;

  constructor(private readonly connectionString: string) {
    this.timer = setInterval(() => void this.look(), LOOK_EVERY_MS);
    this.timer.unref();
  }

  /** Runs one statement under watch. */
  async during<T>(client: pg.PoolClient, statement: () => Promise<T>): Promise<T> {
    const opened = client as unknown as OpenedClient;
    this.waitingSince.set(opened, performance.now());
    try {
      return await statement();
    } finally {
      this.waitingSince.delete(opened);
    }
  }

  close(): void {
    clearInterval(this.timer);
  }

  private async look(): Promise<void> {
    const before = performance.now() - SILENCE_MS;
    const silent = [...this.waitingSince].filter(([, since]) => since <= before);
    if (silent.length === 0 || this.isLooking) return;
    this.isLooking = true;
    try {
      const finding = await this.find(silent.flatMap(([{ processID }]) => processID ?? []));
      for (const [client, since] of silent) {
        // It may have been answered meanwhile, and have sent its next statement.
        if (this.waitingSince.get(client) === since && isLost(client, finding))
          client.connection.stream.destroy(new Error(UNANSWERED));
      }
    } finally {
      this.isLooking = false;
    }
  }

  private async find(sessions: readonly number[]): Promise<Finding> {
    const probe = new pg.Client({
      connectionString: this.connectionString,
      connectionTimeoutMillis: PROBE_TIMEOUT_MS,
      query_timeout: PROBE_TIMEOUT_MS,
      application_name: 'leeway-watch',
    });
    probe.on('error', () => undefined);
    try {
      await probe.connect();
      const { rows } = await probe.query<{ own: number; working: number[] }>(
        `select pg_backend_pid() as own,
                array(select pid from pg_stat_activity
                       where pid = any($1::int[]) and coalesce(state, 'disabled') in ('active', 'disabled')) as working`,
        [sessions],
      );
      const [row] = rows;
      if (row?.own !== (probe as pg.Client & { processID?: number }).processID) return { kind: 'unknown' };
      return { kind: 'sessions', working: new Set(row?.working) };
    } catch (error) {
      // A server that refuses, as one with too many connections does, is there.
      const isAnswer = error instanceof pg.DatabaseError && !String(error.code).startsWith('57P');
      return { kind: isAnswer ? 'unknown' : 'unreachable' };
    } finally {
      // Not awaited: a connection that does not answer does not close either.
      void probe.end().catch(() => undefined);
    }
  }
}

function isLost({ processID }: OpenedClient, finding: Finding): boolean {
  if (finding.kind === 'unreachable') return true;
  return finding.kind === 'sessions' && processID !== null && !finding.working.has(processID);
}
