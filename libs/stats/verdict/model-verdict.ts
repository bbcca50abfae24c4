import type { Verdict } from './column-verdict.js';

/** A column's verdict with its role and, for a feature, its importance (any non-negative scale; 1 when absent). */
export interface ModelVerdictInput {
  readonly column: string;
  readonly role: 'feature' | 'prediction' | 'score' | 'groundTruth' | 'segment';
  readonly verdict: Verdict;
  readonly importance?: number;
}

/** Why a model has its verdict. */
export type ModelVerdictReason =
  | 'prediction-drifted'
  | 'features-drifted'
  | 'prediction-warning'
  | 'some-features-drifted'
  | 'features-warning'
  | 'no-sufficient-column'
  | 'no-notable-change';

/** A model's verdict; `driftedShare` is the share of features drifted, 0 to 1, weighted by importance. */
export interface ModelVerdict {
  readonly verdict: Verdict;
  readonly reason: ModelVerdictReason;
  readonly driftedShare: number;
}

/**
 * The verdict on a model from those on its columns, the first that holds:
 * `drifted` when a prediction or score is, or at least `driftedShareThreshold` of the features by weight;
 * `insufficient` when no feature, prediction or score could be judged; `warning` when any is `warning` or `drifted`; `ok`.
 *
 * Features that are `insufficient` count in the weight but not as drifted. Without any feature the share is 0.
 * Ground truth and segments do not count. Importances that are negative or not finite count as 0; if all are 0, each is 1.
 */
export function modelVerdict(
  columns: readonly ModelVerdictInput[],
  driftedShareThreshold = 0.3,
): ModelVerdict {
  const outputs = columns.filter(({ role }) => role === 'prediction' || role === 'score');
  const features = columns.filter(({ role }) => role === 'feature');
  const driftedShare = weightedDriftedShare(features);
  const has = (list: readonly ModelVerdictInput[], verdict: Verdict): boolean =>
    list.some((column) => column.verdict === verdict);
  if (has(outputs, 'drifted')) return { verdict: 'drifted', reason: 'prediction-drifted', driftedShare };
  if (has(features, 'drifted') && driftedShare >= driftedShareThreshold) {
    return { verdict: 'drifted', reason: 'features-drifted', driftedShare };
  }
  if ([...outputs, ...features].every(({ verdict }) => verdict === 'insufficient')) {
    return { verdict: 'insufficient', reason: 'no-sufficient-column', driftedShare };
  }
  if (has(outputs, 'warning')) return { verdict: 'warning', reason: 'prediction-warning', driftedShare };
  if (has(features, 'drifted')) return { verdict: 'warning', reason: 'some-features-drifted', driftedShare };
  if (has(features, 'warning')) return { verdict: 'warning', reason: 'features-warning', driftedShare };
  return { verdict: 'ok', reason: 'no-notable-change', driftedShare };
}

function weightedDriftedShare(features: readonly ModelVerdictInput[]): number {
  const given = features.map(({ importance = 1 }) =>
    Number.isFinite(importance) ? Math.max(0, importance) : 0,
  );
  const weights = given.some((weight) => weight > 0) ? given : given.map(() => 1);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const drifted = features.reduce(
    (sum, { verdict }, i) => sum + (verdict === 'drifted' ? weights[i]! : 0),
    0,
  );
  return total > 0 ? drifted / total : 0;
}
