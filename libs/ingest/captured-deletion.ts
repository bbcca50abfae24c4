import type { Transaction } from '#platform';

/**
 * Deletes everything that was captured of one inference, in all versions of a model, and returns how many rows it was.
 *
 * Halves that wait to be paired go first: the statement waits for a worker that is pairing one of them, and the next statement
 * sees the row that the worker made. Served by captured_half_inference and captured_row_inference.
 */
export async function deleteCapturedInference(
  tx: Transaction,
  modelId: string,
  inferenceId: string,
): Promise<number> {
  let count = 0;
  for (const table of ['captured_half', 'captured_row']) {
    const deleted = await tx.query(
      `delete from ${table} where version_id in (select id from version where model_id = $1) and inference_id = $2 returning 1`,
      [modelId, inferenceId],
    );
    count += deleted.length;
  }
  return count;
}
