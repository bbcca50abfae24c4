import type { ClassificationTask, PredictedClasses } from './performance.js';

/** How many score columns rows of the task have, when they have any. */
export function scoreColumnCount(task: ClassificationTask): number {
  return task.kind === 'binary' ? 1 : task.classes.length;
}

/**
 * Checks that every array has one entry a row; returns the number of rows.
 *
 * @throws RangeError if lengths differ, or if there are score columns, but not as many as the task has
 */
export function checkedRowCount(
  task: ClassificationTask,
  batch: PredictedClasses & { readonly truth?: readonly string[] },
): number {
  const rowCount = batch.predicted.length;
  if (batch.truth !== undefined) checkLength('truth', batch.truth.length, rowCount);
  for (const [k, column] of batch.scores.entries()) checkLength(`scores[${k}]`, column.length, rowCount);
  const columns = scoreColumnCount(task);
  if (batch.scores.length > 0 && batch.scores.length !== columns) {
    throw new RangeError(`a batch has ${columns} score columns or none, not ${batch.scores.length}`);
  }
  return rowCount;
}

/** @throws RangeError if the lengths differ */
export function checkLength(name: string, length: number, rowCount: number): void {
  if (length === rowCount) return;
  throw new RangeError(`${name} has ${length} entries, predicted has ${rowCount}`);
}

/** @throws RangeError unless 0 < confidence < 1 */
export function checkConfidence(confidence: number): void {
  if (confidence > 0 && confidence < 1) return;
  throw new RangeError(`a confidence level lies between 0 and 1, not at ${confidence}`);
}

/** @throws RangeError if a class has two score columns */
export function checkTask(task: ClassificationTask): void {
  if (task.kind === 'binary') return;
  const twice = task.classes.find((name, column) => task.classes.indexOf(name) !== column);
  if (twice !== undefined) throw new RangeError(`class ${JSON.stringify(twice)} is named twice`);
}

/** @throws RangeError unless both count rows of the same task */
export function checkSameTask(one: ClassificationTask, other: ClassificationTask): void {
  if (JSON.stringify(canonical(one)) === JSON.stringify(canonical(other))) return;
  throw new RangeError('only rows of one task can be added up');
}

function canonical(task: ClassificationTask): unknown[] {
  return task.kind === 'binary'
    ? [task.kind, task.positiveClass, thresholdOf(task)]
    : [task.kind, ...task.classes];
}

/** The score from which on a row without a predicted class is predicted positive. */
const DEFAULT_THRESHOLD = 0.5;

export function thresholdOf(task: ClassificationTask & { readonly kind: 'binary' }): number {
  return task.threshold ?? DEFAULT_THRESHOLD;
}
