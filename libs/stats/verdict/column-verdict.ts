import type { DriftThresholds } from './drift-thresholds.js';
import type { Effect, EffectName } from './effects.js';

/** What is concluded of a column or a model. `insufficient` is no conclusion: it never says that all is well. */
export type Verdict = 'ok' | 'warning' | 'drifted' | 'insufficient';

/** Why a column has its verdict. */
export type DriftReason =
  | 'psi-above-threshold'
  | 'ks-above-threshold'
  | 'psi-and-ks-above-threshold'
  | 'tails-above-threshold'
  | 'category-share-above-threshold'
  | 'lower-bound-below-threshold'
  | 'above-warning-threshold'
  | 'no-baseline-values'
  | 'no-window-values'
  | 'too-few-values'
  | 'noise-floor-above-threshold'
  | 'change-not-significant'
  | 'no-notable-change'
  | 'missing-share-increased'
  | 'invalid-share-increased'
  | 'unseen-categories'
  | 'unseen-tokens'
  | 'values-out-of-range'
  | 'empty-share-increased';

/** A verdict with its reason. */
export interface ReasonedVerdict {
  readonly verdict: Verdict;
  readonly reason: DriftReason;
}

/** What the distribution of one column's values says. */
export interface DistributionEvidence {
  readonly n: number;
  readonly m: number;
  readonly correctedPValue: number | null;
  readonly effects: readonly Effect[];
}

/**
 * The verdict on a column's distribution, the first that holds:
 * 1. `drifted`: corrected p < q, an effect passes its threshold and so does its 95% lower bound, at m ≥ minCount;
 * 2. `insufficient`: no values, too few, or every effect's noise floor is above its warning threshold (an effect whose lower
 *    bound passes that threshold at corrected p < q counts all the same);
 * 3. `warning`: corrected p < q and an effect that 2. does not leave out passes its warning threshold;
 * 4. `ok`.
 */
export function distributionVerdict(
  evidence: DistributionEvidence,
  thresholds: DriftThresholds,
): ReasonedVerdict {
  const { n, m, effects } = evidence;
  if (n === 0) return { verdict: 'insufficient', reason: 'no-baseline-values' };
  if (m === 0) return { verdict: 'insufficient', reason: 'no-window-values' };
  if (m < thresholds.minCount) return { verdict: 'insufficient', reason: 'too-few-values' };
  const isSignificant = (evidence.correctedPValue ?? 1) < thresholds.falseDiscoveryRate;
  const drifted = effects.filter(
    ({ value, lowerBound, drifted }) => value >= drifted && lowerBound >= drifted,
  );
  if (isSignificant && drifted.length > 0) return { verdict: 'drifted', reason: driftedReason(drifted) };
  const audible = effects.filter((effect) => isAudible(effect, isSignificant));
  if (audible.length === 0) return { verdict: 'insufficient', reason: 'noise-floor-above-threshold' };
  const raised = audible.filter(({ value, warning }) => value >= warning);
  if (raised.length === 0) return { verdict: 'ok', reason: 'no-notable-change' };
  if (!isSignificant) return { verdict: 'ok', reason: 'change-not-significant' };
  const isUnsure = raised.some(({ value, drifted }) => value >= drifted);
  return { verdict: 'warning', reason: isUnsure ? 'lower-bound-below-threshold' : 'above-warning-threshold' };
}

/** Whether a change of the size of the warning threshold would stand out, or one did where chance is ruled out. */
function isAudible({ noiseFloor, lowerBound, warning }: Effect, isSignificant: boolean): boolean {
  return noiseFloor <= warning || (isSignificant && lowerBound >= warning);
}

/** The effect behind a verdict of `warning` or `drifted`: the one furthest above its warning threshold; null without any. */
export function furthestEffect(effects: readonly Effect[]): Effect | null {
  let furthest: Effect | null = null;
  for (const effect of effects) {
    if (!isAudible(effect, true) || effect.value < effect.warning) continue;
    if (furthest === null || effect.value / effect.warning > furthest.value / furthest.warning)
      furthest = effect;
  }
  return furthest;
}

const ONE_EFFECT: Record<EffectName, DriftReason> = {
  psi: 'psi-above-threshold',
  ks: 'ks-above-threshold',
  tails: 'tails-above-threshold',
  lInfinity: 'category-share-above-threshold',
};

function driftedReason(effects: readonly Effect[]): DriftReason {
  const names = new Set(effects.map(({ name }) => name));
  if (names.has('psi') && names.has('ks')) return 'psi-and-ks-above-threshold';
  return ONE_EFFECT[effects[0]?.name ?? 'psi'];
}

const SEVERITY: Record<Verdict, number> = { ok: 0, insufficient: 1, warning: 2, drifted: 3 };

/** The more severe of both: a confirmed problem outranks "not enough data", which outranks `ok`; the first wins a tie. */
export function combinedVerdict(distribution: ReasonedVerdict, quality: ReasonedVerdict): ReasonedVerdict {
  if (quality.verdict === 'ok' || quality.verdict === 'insufficient') return distribution;
  return SEVERITY[quality.verdict] > SEVERITY[distribution.verdict] ? quality : distribution;
}
