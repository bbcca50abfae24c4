import { deleteRows, type Sql, type Transaction } from '#platform';
import { unknownModel } from './models.js';

/** A model that is about to be deleted, as other rooms know it: by name, by id, or by its versions. */
export interface LockedModel {
  readonly id: string;
  readonly name: string;
  readonly versionIds: readonly string[];
}

/**
 * Locks a model and its versions until the transaction ends: who adds something to one of them waits, and finds it gone.
 *
 * @throws LeewayError `not-found`
 */
export async function lockModel(tx: Transaction, name: string): Promise<LockedModel> {
  const [model] = await tx.query<{ id: string }>('select id from model where name = $1 for update', [name]);
  if (model === undefined) throw unknownModel(name);
  const versions = await tx.query<{ id: string }>(
    'select id from version where model_id = $1 order by id for update',
    [model.id],
  );
  return { id: model.id, name, versionIds: versions.map(({ id }) => id) };
}

/** What this room deletes of a model. */
export interface DeletedRegistry {
  readonly versions: number;
  readonly baselines: number;
  readonly deployments: number;
}

/** Deletes a model with its versions, baselines and deployments; other rooms must have deleted what refers to them. */
export async function deleteRegistryOf(
  tx: Transaction,
  { id, versionIds }: LockedModel,
): Promise<DeletedRegistry> {
  const deployments = await deleteRows(tx, 'delete from deployment where model_id = $1', [id]);
  await tx.query('delete from version_sighting where model_id = $1', [id]);
  const baselines = await deleteBaselines(tx, versionIds);
  const versions = await deleteRows(tx, 'delete from version where model_id = $1', [id]);
  await tx.query('delete from model where id = $1', [id]);
  return { versions, baselines, deployments };
}

/** A grid may serve baselines of other models, and stays then. */
async function deleteBaselines(tx: Transaction, versionIds: readonly string[]): Promise<number> {
  for (const table of ['baseline_upload', 'baseline_epoch'])
    await tx.query(`delete from ${table} where version_id = any ($1::bigint[])`, [versionIds]);
  const baselines = await tx.query<{ grid_hash: string }>(
    'delete from baseline where version_id = any ($1::bigint[]) returning grid_hash',
    [versionIds],
  );
  const hashes = [...new Set(baselines.map(({ grid_hash }) => grid_hash))];
  // Locked first: a baseline that is being registered on one of them is then seen by the next statement, or waits for it.
  await tx.query('select 1 from grid where hash = any ($1::text[]) order by hash for update', [hashes]);
  await tx.query(
    `delete from grid g where hash = any ($1::text[]) and not exists (select 1 from baseline b where b.grid_hash = g.hash)`,
    [hashes],
  );
  return baselines.length;
}

/** Of these ids, those that no version has. */
export async function goneVersions(sql: Sql, ids: readonly string[]): Promise<string[]> {
  const rows = await sql.query<{ id: string }>(
    'select id from unnest($1::bigint[]) as given (id) where id not in (select id from version)',
    [ids],
  );
  return rows.map(({ id }) => id);
}

/** Of these ids, those that no model has. */
export async function goneModels(sql: Sql, ids: readonly string[]): Promise<string[]> {
  const rows = await sql.query<{ id: string }>(
    'select id from unnest($1::bigint[]) as given (id) where id not in (select id from model)',
    [ids],
  );
  return rows.map(({ id }) => id);
}

/** Of these names, those that no model has. */
export async function goneModelNames(sql: Sql, names: readonly string[]): Promise<string[]> {
  const rows = await sql.query<{ name: string }>(
    'select name from unnest($1::text[]) as given (name) where name not in (select name from model)',
    [names],
  );
  return rows.map(({ name }) => name);
}
