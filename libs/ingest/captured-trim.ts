import type { Transaction } from '#platform';

/**
 * Keeps the captured rows of a window with the smallest sample ranks. Call it in the transaction that adds rows or counts their deltas:
 * afterwards nobody may look at the window again. Served by captured_row_version.
 *
 * One at a time for each window: two that do not see each other's rows would leave more than the bound. The bound is looked up
 * once: `id in (select … offset k)` is planned as a scan per row where the day's partition has no statistics yet, and took minutes.
 */
export async function trimCaptured(
  tx: Transaction,
  window: { readonly version_id: string; readonly window_start: Date },
  maxRows: number,
): Promise<void> {
  await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `captured/${window.version_id}/${window.window_start.getTime()}`,
  ]);
  await tx.query(
    `delete from captured_row
      where version_id = $1 and window_start = $2 and (sample_rank, id) > (
        select sample_rank, id from captured_row where version_id = $1 and window_start = $2
         order by sample_rank, id offset $3 limit 1)`,
    [window.version_id, window.window_start, Math.max(0, maxRows - 1)],
  );
}
