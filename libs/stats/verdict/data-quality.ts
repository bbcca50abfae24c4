import type { ColumnGrid, NumericGrid } from '../grid/grid.js';
import type { ColumnProfile, NumericProfile } from '../profile/profile.js';
import { fisherRise } from '../significance/fisher.js';
import { shareChange, type ShareChange } from '../significance/proportions.js';
import type { ColumnDesignEffects } from '../span/design-effect.js';
import type { QualityChanges } from './column-drift.js';
import type { DriftReason, ReasonedVerdict } from './column-verdict.js';
import type { DriftThresholds } from './drift-thresholds.js';
import type { Occurrences } from './occurrences.js';
import { hasSurelyRisen } from './sure-rise.js';
import { expectedUnseen } from './unseen-categories.js';
import { unseenTokenOccurrences } from './unseen-tokens.js';

/** How often each kind of unusable or unexpected cell occurs in baseline and window. */
export interface QualityInput {
  readonly grid: ColumnGrid;
  readonly baseline: ColumnProfile;
  readonly window: ColumnProfile;
  readonly baselineRows: number;
  readonly windowRows: number;
  readonly baselineEffects: ColumnDesignEffects;
  readonly windowEffects: ColumnDesignEffects;
}

/** The changes of a column's shares, with the p-value that any of them rose (Bonferroni over those that occur at all). */
export interface QualityEvidence {
  readonly changes: QualityChanges;
  readonly pValue: number | null;
}

/**
 * The changes of the shares.
 *
 * A baseline never holds values that are unseen or out of its own range, but new rows of the same distribution do: out of
 * range 2 of n + 1 on average (one beyond each end), unseen as often as the baseline has singletons (Good 1953). Those
 * expected counts stand in for the baseline's zeros, so that a small baseline raises no false alarm.
 */
export function qualityEvidence(input: QualityInput, outOfRangeCount: number): QualityEvidence {
  const occurrences = {
    missing: rows(input, 'missing', input.baseline.missingCount, input.window.missingCount),
    invalid: rows(input, 'invalid', input.baseline.invalidCount, input.window.invalidCount),
    unseen: unseenOccurrences(input),
    outOfRange: outOfRangeOccurrences(input, outOfRangeCount),
    empty: emptyOccurrences(input),
  };
  const found = Object.values(occurrences).filter((o): o is Occurrences => o !== null && o.n > 0 && o.m > 0);
  const rises = found.filter(({ y }) => y > 0).map(({ x, n, y, m }) => fisherRise(x, n, y, m));
  return {
    changes: {
      missing: changeOf(occurrences.missing),
      invalid: changeOf(occurrences.invalid),
      unseen: changeOf(occurrences.unseen),
      outOfRange: changeOf(occurrences.outOfRange),
      empty: changeOf(occurrences.empty),
    },
    pValue: found.length === 0 ? null : Math.min(1, Math.max(1, rises.length) * Math.min(1, ...rises)),
  };
}

function changeOf(occurrences: Occurrences | null): ShareChange | null {
  return occurrences === null
    ? null
    : shareChange(occurrences.x, occurrences.n, occurrences.y, occurrences.m);
}

function rows(
  { baselineRows, windowRows, baselineEffects, windowEffects }: QualityInput,
  kind: 'missing' | 'invalid' | 'values',
  x: number,
  y: number,
): Occurrences {
  const [b, w] = [baselineEffects[kind], windowEffects[kind]];
  return { x: x / b, n: baselineRows / b, y: y / w, m: windowRows / w };
}

function unseenOccurrences(input: QualityInput): Occurrences | null {
  const { grid, baseline, window, windowRows, windowEffects } = input;
  if (grid.kind === 'text' && window.kind === 'text')
    return unseenTokenOccurrences(grid, window, windowEffects.unseen);
  if (baseline.kind !== 'categorical' || window.kind !== 'categorical' || baseline.count === 0) return null;
  const expected = expectedUnseen(baseline);
  const effect = windowEffects.unseen;
  return {
    ...{ x: expected.count / expected.effect, n: baseline.count / expected.effect },
    ...{ y: window.unseenCount / effect, m: windowRows / effect },
  };
}

function outOfRangeOccurrences(input: QualityInput, outside: number): Occurrences | null {
  const { baseline, window, windowRows, windowEffects } = input;
  if (baseline.kind !== 'numeric' || window.kind !== 'numeric') return null;
  if (baseline.count === 0 || !(baseline.min <= baseline.max)) return null;
  const effect = windowEffects.values;
  return {
    x: Math.min(2, baseline.count),
    n: baseline.count + 1,
    y: outside / effect,
    m: windowRows / effect,
  };
}

function emptyOccurrences(input: QualityInput): Occurrences | null {
  const { baseline, window } = input;
  if (baseline.kind !== 'text' || window.kind !== 'text') return null;
  return rows(input, 'values', baseline.emptyCount, window.emptyCount);
}

/** Window values below the baseline's minimum or above its maximum; exact when the baseline is the one the grid was built from. */
export function outOfRangeCount(grid: NumericGrid, baseline: NumericProfile, window: NumericProfile): number {
  if (baseline.count === 0) return 0;
  const { edges } = grid;
  const { counts } = window;
  let outside = 0;
  for (let k = 0; k < edges.length && edges[k]! < baseline.min; k++) outside += counts[k]!;
  for (let k = edges.length; k > 0 && edges[k - 1]! >= baseline.max; k--) outside += counts[k]!;
  return outside;
}

const REASONS: Record<keyof QualityChanges, DriftReason> = {
  missing: 'missing-share-increased',
  invalid: 'invalid-share-increased',
  unseen: 'unseen-categories',
  outOfRange: 'values-out-of-range',
  empty: 'empty-share-increased',
};

/** What is judged of data quality. */
export interface QualityJudged {
  readonly kind: ColumnGrid['kind'];
  readonly changes: QualityChanges;
  readonly correctedPValue: number | null;
  readonly windowRows: number;
}

/**
 * The verdict on data quality from `minCount` rows on, where the corrected p-value says that a share rose: `drifted` when
 * its rise is at least `qualityDrifted` by the 95% lower bound, `warning` when it is `qualityWarning` and surely half of it.
 */
export function qualityVerdict(
  { kind, changes, correctedPValue, windowRows }: QualityJudged,
  limits: DriftThresholds,
): ReasonedVerdict {
  if (windowRows < limits.minCount) return { verdict: 'insufficient', reason: 'too-few-values' };
  const isSure = (correctedPValue ?? 1) < limits.qualityFalseDiscoveryRate;
  const worst = isSure ? worstRise(changes, limits.qualityWarning) : null;
  if (worst === null) return { verdict: 'ok', reason: 'no-notable-change' };
  const reason = worst.share === 'unseen' && kind === 'text' ? 'unseen-tokens' : REASONS[worst.share];
  return { verdict: worst.bound >= limits.qualityDrifted ? 'drifted' : 'warning', reason };
}

/** The notable rise with the highest lower bound. */
function worstRise(changes: QualityChanges, least: number): QualityRise | null {
  let worst: QualityRise | null = null;
  for (const share of ['missing', 'invalid', 'unseen', 'outOfRange', 'empty'] as const) {
    const change = changes[share];
    if (change === null || !hasSurelyRisen(change, least)) continue;
    if (worst === null || change.lowerBound > worst.bound) worst = { share, bound: change.lowerBound };
  }
  return worst;
}

interface QualityRise {
  readonly share: keyof QualityChanges;
  readonly bound: number;
}
