import type { ColumnGrid } from '../grid/grid.js';
import type { Profile } from '../profile/profile.js';
import { benjaminiHochberg } from '../significance/benjamini-hochberg.js';
import { INDEPENDENT_ROWS, type DesignEffects } from '../span/design-effect.js';
import type { ColumnDrift } from './column-drift.js';
import { measuredPair, type ColumnPair, type MeasuredPair } from './column-pair.js';
import { combinedVerdict, distributionVerdict, furthestEffect } from './column-verdict.js';
import type { ColumnChange } from './changes/column-change.js';
import { columnChanges } from './changes/column-changes.js';
import { explanation } from './changes/change-words.js';
import { qualityVerdict } from './data-quality.js';
import { DEFAULT_DRIFT_THRESHOLDS, type DriftThresholds } from './drift-thresholds.js';
import { type Effect, limitedEffects } from './effects.js';
import { scaleShiftOf } from './scale-shift.js';

/** How two profiles are compared. */
export interface ComparisonOptions {
  /** Those that differ from `DEFAULT_DRIFT_THRESHOLDS`. */
  readonly thresholds?: Partial<DriftThresholds>;
  /** The columns to compare; all when left out. */
  readonly onlyColumns?: readonly string[];
  /** How much rows of the baseline cluster, by column; columns without an entry have independent rows. */
  readonly baselineEffects?: DesignEffects;
  /** How much rows of the window cluster. */
  readonly windowEffects?: DesignEffects;
}

const NO_EFFECTS: DesignEffects = new Map();

/**
 * How far each column of the window is from the baseline, in the grid's order.
 *
 * P-values are corrected over the columns compared in this call, so the set matters. Nothing throws on odd data, and no
 * number is NaN. Cost: about 15 µs a column without a notable change, 0.1 to 1.2 ms with one.
 * @throws RangeError if the profiles were counted on different grids
 */
export function compareProfiles(
  baseline: Profile,
  window: Profile,
  options: ComparisonOptions = {},
): ColumnDrift[] {
  if (baseline.grid.hash !== window.grid.hash) {
    throw new RangeError(
      `profiles on different grids cannot be compared: ${baseline.grid.hash} and ${window.grid.hash}`,
    );
  }
  const limits = { ...DEFAULT_DRIFT_THRESHOLDS, ...options.thresholds };
  const measured = columnPairs(baseline, window, options).map(measuredPair);
  const corrected = benjaminiHochberg(measured.map(({ measures }) => measures.evidencePValue));
  const onQuality = benjaminiHochberg(measured.map(({ quality }) => quality.pValue));
  return measured.map((pair, i) =>
    columnDrift(pair, { distribution: corrected[i] ?? null, quality: onQuality[i] ?? null }, limits),
  );
}

function columnPairs(baseline: Profile, window: Profile, options: ComparisonOptions): ColumnPair[] {
  const { onlyColumns, baselineEffects = NO_EFFECTS, windowEffects = NO_EFFECTS } = options;
  const only = onlyColumns === undefined ? null : new Set(onlyColumns);
  const pairs: ColumnPair[] = [];
  baseline.grid.columns.forEach(({ name, grid }, i) => {
    if (only?.has(name) === false) return;
    pairs.push({
      name,
      grid,
      gridHash: baseline.grid.hash,
      baseline: baseline.columns[i]!,
      baselineRows: baseline.rowCount,
      window: window.columns[i]!,
      windowRows: window.rowCount,
      baselineEffects: baselineEffects.get(name) ?? INDEPENDENT_ROWS,
      windowEffects: windowEffects.get(name) ?? INDEPENDENT_ROWS,
    });
  });
  return pairs;
}

interface CorrectedPValues {
  readonly distribution: number | null;
  readonly quality: number | null;
}

function columnDrift(
  measured: MeasuredPair,
  corrected: CorrectedPValues,
  limits: DriftThresholds,
): ColumnDrift {
  const { pair, sizes, measures, quality, shares } = measured;
  const effects = limitedEffects(measured.effects, limits);
  const { grid, baseline, window, windowRows } = pair;
  const onQuality = qualityVerdict(
    { kind: grid.kind, changes: quality.changes, correctedPValue: corrected.quality, windowRows },
    limits,
  );
  const onDistribution = distributionVerdict(
    { n: baseline.count, m: window.count, correctedPValue: corrected.distribution, effects },
    limits,
  );
  const { verdict, reason } = combinedVerdict(onDistribution, onQuality);
  const found = columnChanges(measured, limits);
  const isUnnamed = found.length === 0 && (verdict === 'warning' || verdict === 'drifted');
  const changes = isUnnamed ? unnamedChange(grid.kind, effects) : found;
  // Field by field: spreading the parts takes longer than all the distances.
  return {
    column: pair.name,
    kind: grid.kind,
    verdict,
    reason,
    distributionVerdict: onDistribution.verdict,
    qualityVerdict: onQuality.verdict,
    baselineCount: baseline.count,
    windowCount: window.count,
    effectiveBaselineCount: sizes.n,
    effectiveWindowCount: sizes.m,
    psi: measures.psi,
    psiLowerBound: measures.psiLowerBound,
    psiNoiseFloor: measures.psiNoiseFloor,
    ks: measures.ks,
    ksUpperBound: measures.ksUpperBound,
    ksLowerBound: measures.ksLowerBound,
    ksNoiseFloor: measures.ksNoiseFloor,
    tails: measures.tails,
    tailChange: measures.tailChange,
    tailLowerBound: measures.tailLowerBound,
    tailNoiseFloor: measures.tailNoiseFloor,
    jensenShannon: measures.jensenShannon,
    wasserstein: measures.wasserstein,
    wassersteinNormalized: measures.wassersteinNormalized,
    totalVariation: measures.totalVariation,
    hellinger: measures.hellinger,
    lInfinity: measures.lInfinity,
    lInfinityLowerBound: measures.lInfinityLowerBound,
    lInfinityNoiseFloor: measures.lInfinityNoiseFloor,
    chiSquare: measures.chiSquare,
    gTest: measures.gTest,
    welch: measures.welch,
    rankSum: measures.rankSum,
    pValue: measures.pValue,
    evidencePValue: measures.evidencePValue,
    bins: measures.bins,
    correctedPValue: corrected.distribution,
    missingShare: shares.missingShare,
    invalidShare: shares.invalidShare,
    unseenShare: shares.unseenShare,
    outOfRangeShare: shares.outOfRangeShare,
    baselineMissingShare: shares.baselineMissingShare,
    baselineInvalidShare: shares.baselineInvalidShare,
    baselineUnseenShare: shares.baselineUnseenShare,
    effects,
    quality: quality.changes,
    qualityCorrectedPValue: corrected.quality,
    thresholds: limits,
    gridHash: pair.gridHash,
    changes,
    explanation: explanation(pair.name, changes),
    scale: scaleShiftOf(changes),
  };
}

/** The effect behind a verdict, for changes that have no other name. */
function unnamedChange(kind: ColumnGrid['kind'], effects: readonly Effect[]): ColumnChange[] {
  const furthest = furthestEffect(effects);
  if (furthest === null) return [];
  const change = { kind: 'distribution-moved', effect: furthest.name, value: furthest.value } as const;
  return [kind === 'text' ? { kind: 'length-changed', change } : change];
}
