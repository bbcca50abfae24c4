import type { Sql } from './database.js';

/** What a transaction that reads now sees, as PostgreSQL writes it. */
export type Snapshot = string;

/**
 * What is seen now. Take it before rows are read: what is seen in it is in what was read, so a result that lacks a row is never
 * taken for one that holds it.
 */
export async function currentSnapshot(sql: Sql): Promise<Snapshot> {
  const [row] = await sql.query<{ snapshot: Snapshot }>('select pg_current_snapshot()::text as snapshot');
  if (row === undefined) throw new Error('the statement returned no row');
  return row.snapshot;
}
