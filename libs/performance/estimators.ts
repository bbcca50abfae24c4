import type { Instant } from '#platform';
import { epochAt, type AlignedColumn, type AlignedSample, type Baselines, type Version } from '#registry';
import {
  fitClassificationEstimator,
  fitRegressionEstimator,
  type ClassificationEstimator,
  type Fitted,
  type NamedColumn,
  type NoEstimatorReason,
  type RegressionEstimator,
} from '#stats';
import { estimationFeatures } from './feature-columns.js';
import {
  performancePlan,
  type ClassificationPlan,
  type PerformancePlan,
  type RegressionPlan,
} from './performance-plan.js';
import type { NoEstimateReason } from './performance-result.js';
import { classReader, type ReadRow } from './window-rows.js';

export type Estimator = ClassificationEstimator | RegressionEstimator;

/** What is stored with a baseline that has ground truth: an estimator, or why there is none. */
export interface StoredEstimator {
  readonly estimator: Estimator | null;
  readonly reason: NoEstimatorReason | null;
}

/** What a version's performance can be estimated with. */
export interface VersionEstimator {
  readonly baselineId: string | null;
  readonly estimator: Estimator | null;
  readonly reason: NoEstimateReason | null;
}

/**
 * Fits what estimates the performance of a version without ground truth, on rows of its baseline that have it. Null where no
 * performance can be computed of the version. Pure; see `fitClassificationEstimator` and `fitRegressionEstimator` for cost.
 */
export function fitEstimator(version: Version, sample: AlignedSample): StoredEstimator | null {
  const plan = performancePlan(version);
  switch (plan.kind) {
    case 'none':
      return null;
    case 'classification':
      return fitClassifier(plan, sample);
    case 'regression':
      return fitRegressor(version, plan, sample);
  }
}

function fitClassifier(plan: ClassificationPlan, sample: AlignedSample): StoredEstimator {
  const read = classReader(plan);
  const rows = rowsOf(sample, [plan.prediction, plan.truth, ...plan.scores])
    .map((row) => read(row, undefined))
    .filter(({ truth }) => truth !== null);
  return stored(
    fitClassificationEstimator(plan.task, {
      truth: rows.map(({ truth }) => truth ?? ''),
      predicted: rows.map(({ predicted }) => predicted),
      scores: plan.scores.map((_, at) => Float64Array.from(rows, ({ scores }) => scores[at] ?? NaN)),
    }),
  );
}

/** Cells that a regression's loss is fitted on at most, in rows evenly taken: 50,000 rows of 30 features take some four seconds. */
const MAX_FITTED_CELLS = 1_500_000;

function fitRegressor(version: Version, plan: RegressionPlan, sample: AlignedSample): StoredEstimator {
  const names = new Set(estimationFeatures(version).map(({ name }) => name));
  const features = sample.columns.filter(({ name }) => names.has(name));
  const step = Math.max(1, Math.ceil((sample.rowCount * features.length) / MAX_FITTED_CELLS));
  const numbersOf = (name: string | undefined): Float64Array => {
    const values = sample.columns.find((column) => column.name === name)?.values;
    const numbers = values instanceof Float64Array ? values : new Float64Array(sample.rowCount).fill(NaN);
    return numbers.filter((_, row) => row % step === 0);
  };
  return stored(
    fitRegressionEstimator({
      predicted: numbersOf(plan.prediction.name),
      truth: numbersOf(plan.truth?.name),
      features: features.map((column) => namedColumn(column, step)),
    }),
  );
}

function stored({ estimator, reason }: Fitted<Estimator>): StoredEstimator {
  return { estimator, reason };
}

/** Every `step`-th cell of a column. */
function namedColumn({ name, values }: AlignedColumn, step: number): NamedColumn {
  const isTaken = (_: unknown, row: number): boolean => row % step === 0;
  return {
    name,
    values:
      values instanceof Float64Array
        ? { kind: 'numeric', invalidCount: 0, values: values.filter(isTaken) }
        : { kind: 'categorical', invalidCount: 0, values: values.filter(isTaken) },
  };
}

/** The rows of a sample with some of its columns, as captured rows are read. */
function rowsOf(sample: AlignedSample, columns: readonly ({ readonly name: string } | null)[]): ReadRow[] {
  const wanted = sample.columns.filter(({ name }) => columns.some((column) => column?.name === name));
  return Array.from({ length: sample.rowCount }, (_, row) => ({
    timestamp: '',
    values: Object.fromEntries(wanted.map(({ name, values }) => [name, values[row] ?? null])),
  }));
}

/** The estimator of the baseline that counts at an instant, as far as it is of what the plan asks. */
export async function estimatorAt(
  baselines: Baselines,
  version: Version,
  plan: PerformancePlan,
  at: Instant,
): Promise<VersionEstimator> {
  const epoch = epochAt(await baselines.epochs(version.id), at);
  if (epoch === null) return { baselineId: null, estimator: null, reason: 'no-baseline' };
  const baselineId = epoch.id;
  const stored = (await baselines.estimator(baselineId)) as StoredEstimator | null;
  if (stored === null) return { baselineId, estimator: null, reason: 'no-ground-truth-in-baseline' };
  return stored.estimator === null || isOf(plan, stored.estimator)
    ? { baselineId, ...stored }
    : { baselineId, estimator: null, reason: 'task-changed' };
}

/** A model may name another positive class than it did when the baseline came. */
function isOf(plan: PerformancePlan, estimator: Estimator): boolean {
  if (plan.kind !== 'classification' || estimator.kind !== 'classification')
    return plan.kind === estimator.kind;
  return isSameTask(plan.task, estimator.task);
}

function isSameTask(a: ClassificationPlan['task'], b: ClassificationPlan['task']): boolean {
  if (a.kind === 'binary') return b.kind === 'binary' && a.positiveClass === b.positiveClass;
  return b.kind === 'multi-class' && a.classes.join('\0') === b.classes.join('\0');
}
