import { deleteRows, distinctKeys, type Sql, type Transaction } from '#platform';

/**
 * Everything that is kept of a version, each table with an index that begins with `version_id`. In the order in which compaction
 * touches them, so that a deletion waits for it and not each for the other.
 */
const TABLES = [
  'profile_window',
  'window_delta',
  'rebuilt_window',
  'profile_rollup',
  'rollup_due',
  'late_window',
  'captured_half',
  'captured_row',
] as const;

/** What this room deletes of a model. */
export interface DeletedWindows {
  readonly windows: number;
  readonly capturedRows: number;
}

/** Deletes the windows of versions, all that was derived from them or waits to be counted, and their captured rows. */
export async function deleteVersionData(
  tx: Transaction,
  versionIds: readonly string[],
): Promise<DeletedWindows> {
  const counts = new Map<string, number>();
  for (const table of TABLES)
    counts.set(
      table,
      await deleteRows(tx, `delete from ${table} where version_id = any ($1::bigint[])`, [versionIds]),
    );
  return { windows: counts.get('profile_window') ?? 0, capturedRows: counts.get('captured_row') ?? 0 };
}

/** The ids of the versions that anything is kept of, whether they exist or not. */
export async function versionIdsWithData(sql: Sql): Promise<string[]> {
  const ids = new Set<string>();
  for (const table of TABLES) for (const id of await distinctKeys(sql, table, 'version_id')) ids.add(id);
  return [...ids];
}
