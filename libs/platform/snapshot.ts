import type { Sql } from './database.js';

/** What a transaction that reads now sees, as PostgreSQL writes it, and when that was by its clock. */
export interface Snapshot {
  readonly seen: string;
  readonly at: string;
}

/**
 * What is seen now. Take it before rows are read: what is seen in it is in what was read, so a result that lacks a row is never
 * taken for one that holds it.
 */
export async function currentSnapshot(sql: Sql): Promise<Snapshot> {
  const [row] = await sql.query<{ seen: string; at: string }>(
    'select pg_current_snapshot()::text as seen, clock_timestamp()::text as at',
  );
  if (row === undefined) throw new Error('the statement returned no row');
  return row;
}
