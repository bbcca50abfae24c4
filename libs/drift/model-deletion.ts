import { deleteRows, distinctKeys, type Sql, type Transaction } from '#platform';

/** What this room deletes of a model. */
export interface DeletedDrift {
  readonly monitors: number;
  readonly driftResults: number;
}

/** Deletes the monitors of a model and their results. */
export async function deleteDriftOf(tx: Transaction, modelId: string): Promise<DeletedDrift> {
  return {
    monitors: await deleteRows(tx, 'delete from monitor where model_id = $1', [modelId]),
    driftResults: await deleteRows(tx, 'delete from drift_result where model_id = $1', [modelId]),
  };
}

/** The ids of the models that have drift results, whether they exist or not. Served by drift_result_model. */
export function modelIdsWithDrift(sql: Sql): Promise<string[]> {
  return distinctKeys(sql, 'drift_result', 'model_id');
}
