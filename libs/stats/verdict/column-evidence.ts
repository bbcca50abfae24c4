import type { ColumnDrift } from './column-drift.js';
import type { CategoricalGrid, NumericGrid } from '../grid/grid.js';
import type { CategoricalProfile, NumericProfile } from '../profile/profile.js';
import {
  hellingerDistance,
  jensenShannonDistance,
  lInfinity,
  populationStabilityIndex,
  totals,
  totalVariation,
} from '../distance/bin-distances.js';
import { ksFromCells, ksNoiseFloor } from '../distance/ks-from-cells.js';
import { psiLowerBound, psiNoiseFloor, usedBins } from '../distance/psi-inference.js';
import { finiteOrNull, wassersteinFromCells } from '../distance/wasserstein.js';
import { chiSquareTest } from '../significance/contingency.js';
import { kolmogorovTwoSampleSf } from '../significance/kolmogorov.js';
import { welchT } from '../significance/welch.js';
import { categoryBins, decileBins, discreteCounts } from './binning.js';

/** The measurements of a column, before any judgement. */
export type ColumnMeasures = Pick<
  ColumnDrift,
  | 'psi'
  | 'psiLowerBound'
  | 'psiNoiseFloor'
  | 'ks'
  | 'ksUpperBound'
  | 'ksLowerBound'
  | 'ksNoiseFloor'
  | 'jensenShannon'
  | 'wasserstein'
  | 'wassersteinNormalized'
  | 'totalVariation'
  | 'hellinger'
  | 'lInfinity'
  | 'chiSquare'
  | 'welch'
  | 'pValue'
  | 'bins'
>;

/** All distances and tests of a numeric column; its p-value is that of KS. */
export function numericMeasures(
  grid: NumericGrid,
  baseline: NumericProfile,
  window: NumericProfile,
): ColumnMeasures {
  const bins = decileBins(grid, baseline, window);
  const discrete = [discreteCounts(grid, baseline), discreteCounts(grid, window)] as const;
  const ks = ksFromCells(baseline.counts, window.counts, grid.isAtom);
  return {
    ...binMeasures(bins),
    ...ksMeasures(ks, baseline.count, window.count),
    ...wassersteinMeasures(grid, baseline, window),
    chiSquare: discrete[0] === null || discrete[1] === null ? null : chiSquareTest(discrete[0], discrete[1]),
    welch: welchT(baseline, window),
    pValue: ks === null ? null : kolmogorovTwoSampleSf(ks.lower, baseline.count, window.count),
    bins,
  };
}

/** All distances and tests of a categorical column; its p-value is that of the pooled χ². */
export function categoricalMeasures(
  grid: CategoricalGrid,
  baseline: CategoricalProfile,
  window: CategoricalProfile,
): ColumnMeasures {
  const bins = categoryBins(grid, baseline, window);
  const chiSquare = chiSquareTest(bins.baseline, bins.window);
  return {
    ...binMeasures(bins),
    ...ksMeasures(null, 0, 0),
    wasserstein: null,
    wassersteinNormalized: null,
    chiSquare,
    welch: null,
    pValue: chiSquare?.pValue ?? null,
    bins,
  };
}

/** PSI, its bound and its floor over a categorical column's bins but the last, `unseen`. */
export function psiOfSeen({ baseline, window }: ColumnMeasures['bins']) {
  return psiMeasures(baseline.slice(0, -1), window.slice(0, -1));
}

function psiMeasures(baseline: readonly number[], window: readonly number[]) {
  const psi = populationStabilityIndex(baseline, window);
  const [n, m] = totals(baseline, window);
  return {
    psi,
    psiLowerBound: psiLowerBound(baseline, window),
    psiNoiseFloor: psi === null ? null : psiNoiseFloor(n, m, usedBins(baseline, window) - 1),
  };
}

function binMeasures({ baseline, window }: ColumnMeasures['bins']) {
  return {
    ...psiMeasures(baseline, window),
    jensenShannon: jensenShannonDistance(baseline, window),
    totalVariation: totalVariation(baseline, window),
    hellinger: hellingerDistance(baseline, window),
    lInfinity: lInfinity(baseline, window),
  };
}

function ksMeasures(ks: ReturnType<typeof ksFromCells>, n: number, m: number) {
  if (ks === null) return { ks: null, ksUpperBound: null, ksLowerBound: null, ksNoiseFloor: null };
  const noiseFloor = ksNoiseFloor(n, m);
  return {
    ks: ks.lower,
    ksUpperBound: ks.upper,
    ksLowerBound: Math.max(0, ks.lower - noiseFloor),
    ksNoiseFloor: noiseFloor,
  };
}

function wassersteinMeasures(grid: NumericGrid, baseline: NumericProfile, window: NumericProfile) {
  const wasserstein = wassersteinFromCells(grid, baseline, window);
  const deviation = Math.sqrt(baseline.m2 / baseline.count);
  const isUsable = wasserstein !== null && deviation > 0;
  return { wasserstein, wassersteinNormalized: isUsable ? finiteOrNull(wasserstein / deviation) : null };
}
