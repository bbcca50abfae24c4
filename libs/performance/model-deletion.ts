import { deleteRows, distinctKeys, type Sql, type Transaction } from '#platform';

/** Deletes the performance of versions; returns how many results it was. */
export async function deletePerformanceOf(tx: Transaction, versionIds: readonly string[]): Promise<number> {
  await deleteRows(tx, 'delete from performance_window where version_id = any ($1::bigint[])', [versionIds]);
  return deleteRows(tx, 'delete from performance_result where version_id = any ($1::bigint[])', [versionIds]);
}

/** The ids of the versions that performance is kept of, whether they exist or not. Served by the primary keys. */
export async function versionIdsWithPerformance(sql: Sql): Promise<string[]> {
  return [
    ...new Set([
      ...(await distinctKeys(sql, 'performance_window', 'version_id')),
      ...(await distinctKeys(sql, 'performance_result', 'version_id')),
    ]),
  ];
}
