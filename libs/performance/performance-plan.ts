import type { ColumnSpec, Version } from '#registry';
import type { ClassificationTask } from '#stats';

/** Why no performance can be computed of a version. */
export type NoPerformanceReason = 'no-task' | 'no-prediction' | 'prediction-redacted';

/** The columns that hold what was predicted and what really happened, as they are captured. */
export interface ClassificationPlan {
  readonly kind: 'classification';
  readonly task: ClassificationTask;
  /** The only classes that a truth may be, where nobody named them: another one is no truth. Null where any class may be. */
  readonly truthClasses: readonly string[] | null;
  /** Null where the class follows from the scores. */
  readonly prediction: ColumnSpec | null;
  /** In the order of the task's classes; one for a binary task, or none. */
  readonly scores: readonly ColumnSpec[];
  readonly truth: ColumnSpec | null;
}

export interface RegressionPlan {
  readonly kind: 'regression';
  readonly prediction: ColumnSpec;
  readonly truth: ColumnSpec | null;
}

/** What is computed of a version, or why nothing is. */
export type PerformancePlan =
  ClassificationPlan | RegressionPlan | { readonly kind: 'none'; readonly reason: NoPerformanceReason };

/** The columns of a version that are captured. */
export function capturedColumns({ columns, model }: Version): ColumnSpec[] {
  return columns.filter(({ name }) => !model.capture.redactedColumns.includes(name));
}

/** Decides what the performance of a version is, by its model's task, its columns and what is captured of them. Pure. */
export function performancePlan(version: Version): PerformancePlan {
  const { task } = version.model;
  if (task === 'other') return { kind: 'none', reason: 'no-task' };
  const captured = capturedColumns(version);
  const prediction = captured.find((column) => isPrediction(column, task)) ?? null;
  const truth = captured.find(({ role }) => role === 'groundTruth') ?? null;
  if (task === 'regression')
    return prediction === null ? missingPrediction(version) : { kind: 'regression', prediction, truth };
  const scores = captured.filter(({ role, type }) => role === 'score' && type === 'numeric');
  if (prediction === null && scores.length === 0) return missingPrediction(version);
  const chosen = classificationTask(version, prediction, scores, truth);
  if (prediction === null && chosen.scores.length === 0) return missingPrediction(version);
  return { kind: 'classification', prediction, truth, ...chosen };
}

function isPrediction({ role, type }: ColumnSpec, task: 'classification' | 'regression'): boolean {
  return role === 'prediction' && (task === 'regression' ? type === 'numeric' : type !== 'text');
}

function missingPrediction({ columns, model }: Version): PerformancePlan {
  const { redactedColumns } = model.capture;
  const isRedacted = columns.some(
    ({ name, role }) => (role === 'prediction' || role === 'score') && redactedColumns.includes(name),
  );
  return { kind: 'none', reason: isRedacted ? 'prediction-redacted' : 'no-prediction' };
}

/**
 * Binary where the positive class is known: named by the model, by the only score, or by columns of truth values. Otherwise
 * multi-class, with the scores that name their classes.
 */
function classificationTask(
  version: Version,
  prediction: ColumnSpec | null,
  scores: readonly ColumnSpec[],
  truth: ColumnSpec | null,
): Pick<ClassificationPlan, 'task' | 'scores' | 'truthClasses'> {
  const isSingle = scores.length <= 1;
  const named = version.model.performance.positiveClass ?? (isSingle ? scores[0]?.class : undefined);
  const usual = isSingle ? usualPositiveClass(prediction ?? truth, scores.length > 0) : undefined;
  const positiveClass = named ?? usual;
  if (positiveClass === undefined) return multiClassTask(scores);
  const score = isSingle ? scores[0] : scores.find((each) => each.class === positiveClass);
  return {
    task: { kind: 'binary', positiveClass },
    scores: score === undefined ? [] : [score],
    truthClasses: named === undefined ? (TRUTH_VALUES[positiveClass] ?? null) : null,
  };
}

function multiClassTask(
  scores: readonly ColumnSpec[],
): Pick<ClassificationPlan, 'task' | 'scores' | 'truthClasses'> {
  const named = scores.filter((score) => score.class !== undefined);
  const classes = named.flatMap((score) => score.class ?? []);
  return classes.length > 1
    ? { task: { kind: 'multi-class', classes }, scores: named, truthClasses: null }
    : { task: { kind: 'multi-class', classes: [] }, scores: [], truthClasses: null };
}

const TRUTH_VALUES: Readonly<Record<string, readonly string[]>> = {
  true: ['true', 'false'],
  '1': ['1', '0'],
};

/** What a column of truth values calls true; undefined where classes have names of their own. */
function usualPositiveClass(column: ColumnSpec | null, hasScore: boolean): string | undefined {
  if (column?.type === 'boolean') return 'true';
  return hasScore && (column === null || column.type === 'numeric') ? '1' : undefined;
}

const DIGITS: Readonly<Record<string, string>> = { true: '1', false: '0' };
const WORDS: Readonly<Record<string, string>> = { '1': 'true', '0': 'false' };

/**
 * A class in the words of the version's own: where its classes are truth values, `true` and `1` are one, and so are `false` and `0`,
 * since what serves a model and what knows the truth are rarely one program.
 */
export function classNamer({ task, prediction }: ClassificationPlan): (given: string) => string {
  const own = task.kind === 'binary' ? task.positiveClass : '';
  const type = prediction?.type;
  if (type === 'boolean' || (type !== 'numeric' && own in DIGITS)) return (given) => WORDS[given] ?? given;
  if (type === 'numeric' || own in WORDS) return (given) => DIGITS[given] ?? given;
  return (given) => given;
}
