import { toRfc3339, type Instant, type Sql } from '#platform';

/** Something that is decided or has arrived, and waits for a worker. */
export interface Waiting {
  readonly count: number;
  /** How long the oldest of them has been waiting, 0 where nothing waits. */
  readonly oldestSeconds: number;
}

/** What waits in the database. */
export interface Backlog {
  readonly outbox: ReadonlyMap<string, Waiting>;
  readonly monitors: Waiting;
  readonly performanceWindows: Waiting;
  readonly deltas: number;
  readonly halves: number;
}

const NOTHING: Waiting = { count: 0, oldestSeconds: 0 };

/** Counts what waits; of the channels and triggers that are configured also that nothing does. */
export async function readBacklog(sql: Sql, now: Instant, receivers: readonly string[]): Promise<Backlog> {
  const outbox = await sql.query<WaitingRow & { channel: string }>(
    `select channel, count(*) as count, min(created_at) as since from outbox where status = 'pending' group by channel`,
  );
  const monitors = await due(
    sql,
    'select count(*) as count, min(greatest(next_due_at, created_at)) as since from monitor where next_due_at <= $1',
    now,
  );
  const windows = await due(
    sql,
    'select count(*) as count, min(due_at) as since from performance_window where due_at <= $1',
    now,
  );
  const [counts] = await sql.query<{ deltas: string; halves: string }>(
    'select (select count(*) from window_delta) as deltas, (select count(*) from captured_half) as halves',
  );
  return {
    outbox: new Map([
      ...receivers.map((receiver) => [receiver, NOTHING] as const),
      ...outbox.map((row) => [row.channel, waitingOf(row, now)] as const),
    ]),
    monitors,
    performanceWindows: windows,
    deltas: Number(counts?.deltas ?? 0),
    halves: Number(counts?.halves ?? 0),
  };
}

interface WaitingRow {
  count: string;
  since: Date | null;
}

async function due(sql: Sql, statement: string, now: Instant): Promise<Waiting> {
  const [row] = await sql.query<WaitingRow>(statement, [toRfc3339(now)]);
  return row === undefined ? NOTHING : waitingOf(row, now);
}

function waitingOf({ count, since }: WaitingRow, now: Instant): Waiting {
  return {
    count: Number(count),
    oldestSeconds: since === null ? 0 : Math.max(0, (now - since.getTime()) / 1_000),
  };
}
