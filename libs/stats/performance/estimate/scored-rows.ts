import { checkedRowCount, scoreColumnCount } from '../checked-batch.js';
import type { ClassificationTask, LabelledClasses } from '../performance.js';
import { readScores } from '../score-losses.js';

/** The rows of a baseline that have a usable score: their scores by column, and the column of their truth, −1 for none. */
export interface ScoredRows {
  readonly scores: readonly Float64Array[];
  readonly truthColumns: Int32Array;
}

/** Column 0 of a binary task is the positive class. */
export function scoredRows(task: ClassificationTask, rows: LabelledClasses): ScoredRows {
  const rowCount = checkedRowCount(task, rows);
  const classes = task.kind === 'binary' ? [task.positiveClass] : task.classes;
  const columnOf = new Map(classes.map((name, column) => [name, column]));
  const scores = Array.from({ length: scoreColumnCount(task) }, () => new Float64Array(rowCount));
  const truthColumns = new Int32Array(rowCount);
  const row = new Float64Array(rows.scores.length);
  let count = 0;
  for (let i = 0; i < rowCount; i++) {
    if (readScores(rows.scores, i, row) === null) continue;
    for (let k = 0; k < row.length; k++) scores[k]![count] = row[k]!;
    truthColumns[count++] = columnOf.get(rows.truth[i]!) ?? -1;
  }
  return {
    scores: scores.map((column) => column.subarray(0, count)),
    truthColumns: truthColumns.subarray(0, count),
  };
}

/** Some of the rows, in their order. */
export function selectedRows(
  { scores, truthColumns }: ScoredRows,
  isSelected: (row: number) => boolean,
): ScoredRows {
  const rows = Uint32Array.from(truthColumns.keys()).filter(isSelected);
  return {
    scores: scores.map((column) => Float64Array.from(rows, (row) => column[row]!)),
    truthColumns: Int32Array.from(rows, (row) => truthColumns[row]!),
  };
}

/** 1 where the truth is the column's class, else 0. */
export function hitsOf(truthColumns: Int32Array, column: number): Uint8Array {
  return Uint8Array.from(truthColumns, (truth) => (truth === column ? 1 : 0));
}
