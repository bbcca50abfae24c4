import { deleteRows, type Sql, type Transaction } from '#platform';

/**
 * Deletes the signals of a model with their samples; with `sources`, only those that they wrote. Signals are locked in the order in
 * which they are written, so that a writer and this wait for each other in one order.
 */
export async function deleteSignalsOf(
  tx: Transaction,
  model: string,
  sources?: readonly string[],
): Promise<number> {
  const signals = await tx.query<{ id: string }>(
    `select id from signal where model = $1 and ($2::text[] is null or source = any ($2::text[])) order by name, labels_key for update`,
    [model, sources ?? null],
  );
  const ids = signals.map(({ id }) => id);
  await tx.query(
    'delete from signal_problem where model = $1 and ($2::text[] is null or source = any ($2::text[]))',
    [model, sources ?? null],
  );
  await tx.query('delete from signal_sample where signal_id = any ($1::bigint[])', [ids]);
  return deleteRows(tx, 'delete from signal where id = any ($1::bigint[])', [ids]);
}

/** The models that these sources wrote signals of. */
export async function modelsWithSignals(sql: Sql, sources: readonly string[]): Promise<string[]> {
  const rows = await sql.query<{ model: string }>(
    'select distinct model from signal where source = any ($1::text[])',
    [sources],
  );
  return rows.map(({ model }) => model);
}
