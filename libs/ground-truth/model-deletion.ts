import { deleteRows, distinctKeys, type Sql, type Transaction } from '#platform';

/** Deletes the ground truth of a model; returns how many inferences it was of. */
export function deleteGroundTruthOf(tx: Transaction, modelId: string): Promise<number> {
  return deleteRows(tx, 'delete from ground_truth where model_id = $1', [modelId]);
}

/** The ids of the models that ground truth is kept of, whether they exist or not. Served by the primary key. */
export function modelIdsWithGroundTruth(sql: Sql): Promise<string[]> {
  return distinctKeys(sql, 'ground_truth', 'model_id');
}
