import type { StoredTruth } from '#ground-truth';
import type { StoredCapturedRow } from '#ingest';
import { classNamer, type ClassificationPlan, type RegressionPlan } from './performance-plan.js';

/** What is read of a captured row. */
export type ReadRow = Pick<StoredCapturedRow, 'timestamp' | 'values'>;

/** One captured row as performance sees it. `null` is "not there", NaN a number that is not. */
export interface PerformanceRow<Value> {
  readonly truth: Value | null;
  readonly predicted: Value | null;
  /** In the order of the plan's scores; NaN where there is none. */
  readonly scores: readonly number[];
  /** How long after the row its truth was observed, milliseconds; null where it came with the row, or not at all. */
  readonly delayMs: number | null;
  readonly values: StoredCapturedRow['values'];
}

/** Reads captured rows of a classifier, with the truths that came on their own; those win over one that came with the row. */
export function classReader(
  plan: ClassificationPlan,
): (row: ReadRow, truth: StoredTruth | undefined) => PerformanceRow<string> {
  const nameOf = classNamer(plan);
  const classOf = (value: unknown): string | null =>
    typeof value === 'string' || typeof value === 'number' ? nameOf(String(value)) : null;
  const truthOf = (value: unknown): string | null => {
    const name = classOf(value);
    return name === null || plan.truthClasses?.includes(name) !== false ? name : null;
  };
  return (row, truth) => ({
    truth: truthOf(truth === undefined ? valueAt(row, plan.truth) : truth.value),
    predicted: classOf(valueAt(row, plan.prediction)),
    scores: plan.scores.map((column) => numberOf(valueAt(row, column))),
    delayMs: delayOf(row, truth),
    values: row.values,
  });
}

/** The same of a regression; a truth that is not a number is none. */
export function numberReader(
  plan: RegressionPlan,
): (row: ReadRow, truth: StoredTruth | undefined) => PerformanceRow<number> {
  return (row, truth) => {
    const known = truth === undefined ? numberOf(valueAt(row, plan.truth)) : Number(truth.value);
    const predicted = numberOf(valueAt(row, plan.prediction));
    return {
      truth: Number.isFinite(known) ? known : null,
      predicted: Number.isFinite(predicted) ? predicted : null,
      scores: [],
      delayMs: delayOf(row, truth),
      values: row.values,
    };
  };
}

function valueAt({ values }: ReadRow, column: { readonly name: string } | null): unknown {
  return column === null ? undefined : values[column.name];
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : NaN;
}

function delayOf({ timestamp }: ReadRow, truth: StoredTruth | undefined): number | null {
  return truth === undefined ? null : truth.observedAt - Date.parse(timestamp);
}
