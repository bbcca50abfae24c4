import type { Instant } from './clock.js';
import { withRetries, type Sql } from './database.js';

const DAY_MS = 86_400_000;
/** SQLSTATEs of two processes that create the same partition at once: the other one did it. */
const ALREADY_THERE = new Set(['42P07', '23505', '42710']);

/** A table that is partitioned by day, so that what has aged out is dropped whole instead of row by row. */
export class DailyPartitions {
  /** Nobody drops the newest day. An older one may have been dropped by another process, and is asked for each time. */
  private newestKnown = -Infinity;

  constructor(private readonly table: string) {}

  /**
   * Makes sure that the partitions of these instants exist. Call it outside any transaction.
   *
   * It costs nothing for the newest day that it has seen, and for any other one statement that locks nothing when the
   * partition is there.
   */
  async ensure(sql: Sql, instants: Iterable<Instant>): Promise<void> {
    const days = new Set<number>();
    for (const at of instants) days.add(Math.floor(at / DAY_MS));
    for (const day of days) {
      if (day === this.newestKnown) continue;
      const name = this.nameOf(day);
      const [from, to] = [day, day + 1].map((each) => new Date(each * DAY_MS).toISOString());
      try {
        // Making a partition locks its table for a moment, which commits that are under way may deadlock with.
        await withRetries(() =>
          sql.query(
            `create table if not exists ${name} partition of ${this.table} for values from ('${from}') to ('${to}')`,
          ),
        );
      } catch (error) {
        if (!ALREADY_THERE.has(String((error as { code?: unknown }).code))) throw error;
      }
      this.newestKnown = Math.max(this.newestKnown, day);
    }
  }

  /** Drops the partitions whose every row is older than `before`. Returns their names. */
  async dropBefore(sql: Sql, before: Instant): Promise<string[]> {
    const rows = await sql.query<{ name: string }>(
      `select inhrelid::regclass::text as name from pg_inherits where inhparent = $1::regclass`,
      [this.table],
    );
    const oldest = this.nameOf(Math.floor(before / DAY_MS));
    const expired = rows.map((row) => row.name).filter((name) => name < oldest);
    for (const name of expired) await sql.query(`drop table if exists ${name}`);
    if (this.newestKnown < Math.floor(before / DAY_MS)) this.newestKnown = -Infinity;
    return expired;
  }

  private nameOf(day: number): string {
    return `${this.table}_${new Date(day * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '')}`;
  }
}
