import type { Instant } from './clock.js';
import { withRetries, type Sql } from './database.js';
import { LeewayError } from './errors.js';

const DAY_MS = 86_400_000;
/** SQLSTATEs of two processes that create the same partition at once: the other one did it. */
const ALREADY_THERE = new Set(['42P07', '23505', '42710']);
/** SQLSTATE of a lock that was not free in time. */
const LOCK_NOT_AVAILABLE = '55P03';
/** How long making a partition waits for others that change the table, as its vacuum or analysis does. Writers wait behind nobody here. */
const ATTACH_TIMEOUT_MS = 5_000;
/** How long dropping a partition waits for those that read its table. Writers wait behind it, so it gives up and is tried again later. */
const DROP_TIMEOUT_MS = 500;

/** A table that is partitioned by day, so that what has aged out is dropped whole instead of row by row. */
export class DailyPartitions {
  /** Nobody drops the newest day. An older one may have been dropped by another process, and is asked for each time. */
  private newestKnown = -Infinity;

  constructor(private readonly table: string) {}

  /**
   * Makes sure that the partitions of these instants exist. Call it outside any transaction.
   *
   * It costs nothing for the newest day that it has seen, and one question for all others, which locks nothing.
   *
   * @throws LeewayError `database-unavailable` when the table is being changed by others for long
   */
  async ensure(sql: Sql, instants: Iterable<Instant>): Promise<void> {
    const days = new Set<number>();
    for (const at of instants) days.add(Math.floor(at / DAY_MS));
    days.delete(this.newestKnown);
    if (days.size === 0) return;
    const attached = new Set(await this.attached(sql));
    for (const day of days) {
      if (!attached.has(this.nameOf(day))) await this.make(sql, day);
      this.newestKnown = Math.max(this.newestKnown, day);
    }
  }

  /**
   * Drops the partitions whose every row is older than `before`, and returns their names. It stops at one whose table is read for
   * long, as by a dump, and leaves what is left for the next time.
   */
  async dropBefore(sql: Sql, before: Instant): Promise<string[]> {
    const oldest = this.nameOf(Math.floor(before / DAY_MS));
    const expired = (await this.attached(sql)).filter((name) => name < oldest).sort();
    const dropped: string[] = [];
    try {
      for (const name of expired) {
        await sql.query(atomically(DROP_TIMEOUT_MS, `drop table if exists ${name}`));
        dropped.push(name);
      }
    } catch (error) {
      if (!isBusy(error)) throw error;
    }
    if (this.newestKnown < Math.floor(before / DAY_MS)) this.newestKnown = -Infinity;
    return dropped;
  }

  private async attached(sql: Sql): Promise<string[]> {
    const rows = await sql.query<{ name: string }>(
      `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = $1::regclass`,
      [this.table],
    );
    return rows.map(({ name }) => name);
  }

  /**
   * Made as a table of its own and then attached, which neither readers nor writers of the other days wait for: one that is created in
   * place locks them out, and waits for every reader before that. Its rows get their ids from the whole table.
   */
  private async make(sql: Sql, day: number): Promise<void> {
    const name = this.nameOf(day);
    const [from, to] = [day, day + 1].map((each) => new Date(each * DAY_MS).toISOString());
    const statements = `create table ${name} (like ${this.table} including all excluding identity);
      alter table ${this.table} attach partition ${name} for values from ('${from}') to ('${to}')`;
    try {
      await withRetries(() => sql.query(atomically(ATTACH_TIMEOUT_MS, statements)));
    } catch (error) {
      if (isBusy(error))
        throw new LeewayError(
          'database-unavailable',
          `the table ${this.table} is being changed; nothing was stored, try again`,
          { retryAfterSeconds: 2, cause: error },
        );
      if (!ALREADY_THERE.has(String((error as { code?: unknown }).code))) throw error;
    }
  }

  private nameOf(day: number): string {
    return `${this.table}_${new Date(day * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '')}`;
  }
}

/** All of it or nothing, as one statement: what waits for a lock for longer than `timeoutMs` fails. */
function atomically(timeoutMs: number, statements: string): string {
  return `do $do$ begin perform set_config('lock_timeout', '${timeoutMs}', true); ${statements}; end $do$`;
}

function isBusy(error: unknown): boolean {
  return (error as { code?: unknown }).code === LOCK_NOT_AVAILABLE;
}
