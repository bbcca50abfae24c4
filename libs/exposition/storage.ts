import type { Sql } from '#platform';

/** What the database takes on its disk. */
export interface Storage {
  readonly sizeBytes: number;
  /** Partitions of a day each, by the table that they are of. */
  readonly partitions: ReadonlyMap<string, number>;
}

/** Reads sizes from the catalogue: no table is scanned. */
export async function readStorage(sql: Sql): Promise<Storage> {
  const [size] = await sql.query<{ size: string }>('select pg_database_size(current_database()) as size');
  const rows = await sql.query<{ name: string; count: string }>(
    `select p.relname as name, count(i.inhrelid) as count
       from pg_class p join pg_namespace n on n.oid = p.relnamespace left join pg_inherits i on i.inhparent = p.oid
      where p.relkind = 'p' and n.nspname = current_schema() group by p.relname`,
  );
  return {
    sizeBytes: Number(size?.size ?? 0),
    partitions: new Map(rows.map(({ name, count }) => [name, Number(count)])),
  };
}
