import type { Sql } from './database.js';

/** Runs a `delete` and returns how many rows it took, which stay in the database. */
export async function deleteRows(sql: Sql, statement: string, values: readonly unknown[]): Promise<number> {
  const [row] = await sql.query<{ count: string }>(
    `with gone as (${statement} returning 1) select count(*) as count from gone`,
    values,
  );
  return Number(row?.count ?? 0);
}

/**
 * The distinct values of a column that an index begins with, ascending: one look into the index for each of them, however many rows
 * have it. (`select distinct` reads every row.)
 */
export async function distinctKeys(sql: Sql, table: string, column: string): Promise<string[]> {
  const rows = await sql.query<{ key: string }>(
    `with recursive present as (
       (select min(${column}) as key from ${table})
       union all
       select (select min(${column}) from ${table} where ${column} > present.key) from present where present.key is not null
     ) select key from present where key is not null`,
  );
  return rows.map(({ key }) => key);
}
