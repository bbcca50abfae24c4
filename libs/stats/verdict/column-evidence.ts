import type { ColumnMeasures } from './column-measures.js';
import type { MeasuredEffect } from './effects.js';
import type { CategoricalGrid, NumericGrid } from '../grid/grid.js';
import type { CategoricalProfile, NumericProfile } from '../profile/profile.js';
import { hellingerDistance, jensenShannonDistance, totalVariation } from '../distance/bin-distances.js';
import { type KsInterval, ksFromCells, ksNoiseFloor } from '../distance/ks-from-cells.js';
import { finiteOrNull, wassersteinFromCells } from '../distance/wasserstein.js';
import { chiSquareTest, gTest } from '../significance/contingency.js';
import { kolmogorovTwoSampleSf } from '../significance/kolmogorov.js';
import { rankSumTest } from '../significance/rank-sum.js';
import { welchT } from '../significance/welch.js';
import { categoryBins, type CategoryBins, discreteBins } from './category-bins.js';
import { decileBins } from './decile-bins.js';
import { type LargestShareChange, largestShareChange } from './largest-share-change.js';
import { type PsiMeasures, psiMeasures } from './psi-measures.js';
import { type PooledCounts, rarePooled, rarePooledAsExpected } from './rare-pooled.js';
import type { SampleSizes } from './sample-sizes.js';
import { NO_TAILS, tailMeasures } from './tails.js';
import { expectedUnseen } from './unseen-categories.js';

/** All that was measured of a column's values: what is reported, and the effects that the verdict weighs. */
export interface MeasuredColumn {
  readonly measures: ColumnMeasures;
  readonly effects: readonly MeasuredEffect[];
}

/**
 * All distances and tests of a numeric column. Its evidence: KS, rank sum, tails, and χ² where it is discrete.
 *
 * It is judged by PSI, D and the tails; a discrete one by L∞ of its values too, which sees values between the known ones.
 */
export function numericMeasures(
  grid: NumericGrid,
  baseline: NumericProfile,
  window: NumericProfile,
  sizes: SampleSizes,
): MeasuredColumn {
  const bins = decileBins(grid, baseline, window);
  const ks = ksMeasures(grid, baseline, window, sizes);
  const tails = tailMeasures(baseline, window, sizes);
  const rankSum = rankSumTest(baseline.counts, window.counts, sizes, [baseline.count, window.count]);
  const discrete = discreteBins(grid, baseline, window, sizes);
  const categories = discrete === null ? NO_CATEGORY_TESTS : categoryTests(discrete, sizes);
  const { wasserstein, wassersteinNormalized } = wassersteinMeasures(grid, baseline, window);
  const evidence = [ks.pValue, rankSum?.pValue, tails.tailPValue, categoryPValue(discrete, sizes)];
  const psi = psiMeasures(bins.baseline, bins.window, sizes);
  const largest = largestShareChange(bins.baseline, bins.window, sizes);
  // Field by field: spreading the parts takes longer than all the distances.
  const measures = {
    psi: psi.psi,
    psiLowerBound: psi.psiLowerBound,
    psiNoiseFloor: psi.psiNoiseFloor,
    lInfinity: largest.lInfinity,
    lInfinityLowerBound: largest.lInfinityLowerBound,
    lInfinityNoiseFloor: largest.lInfinityNoiseFloor,
    jensenShannon: jensenShannonDistance(bins.baseline, bins.window),
    totalVariation: totalVariation(bins.baseline, bins.window),
    hellinger: hellingerDistance(bins.baseline, bins.window),
    ks: ks.ks,
    ksUpperBound: ks.ksUpperBound,
    ksLowerBound: ks.ksLowerBound,
    ksNoiseFloor: ks.ksNoiseFloor,
    tails: tails.tails,
    tailChange: tails.tailChange,
    tailLowerBound: tails.tailLowerBound,
    tailNoiseFloor: tails.tailNoiseFloor,
    wasserstein,
    wassersteinNormalized,
    chiSquare: categories.chiSquare,
    gTest: categories.gTest,
    welch: welchT(resized(baseline, sizes.n), resized(window, sizes.m)),
    rankSum,
    pValue: ks.pValue,
    evidencePValue: bonferroni(evidence),
    bins,
  };
  const effects: MeasuredEffect[] = [
    psiEffect(psi),
    { name: 'ks', value: ks.ks, lowerBound: ks.ksLowerBound, noiseFloor: ks.ksNoiseFloor },
    {
      name: 'tails',
      value: tails.tailChange,
      lowerBound: tails.tailLowerBound,
      noiseFloor: tails.tailNoiseFloor,
    },
  ];
  if (discrete !== null) effects.push(lInfinityEffect(largestOfValues(discrete, sizes)));
  return { measures, effects };
}

/**
 * All distances and tests of a categorical column; its evidence is that of `categoryPValue`. L∞ has rare values as one bin.
 *
 * It is judged by L∞, and by PSI with no more new values than expected, since data quality judges these.
 */
export function categoricalMeasures(
  grid: CategoricalGrid,
  baseline: CategoricalProfile,
  window: CategoricalProfile,
  sizes: SampleSizes,
): MeasuredColumn {
  const bins = categoryBins(grid, baseline, window, sizes);
  const tests = categoryTests(bins, sizes);
  const { tailPValue: _, ...noTails } = NO_TAILS;
  const largest = largestOfValues(bins, sizes);
  const measures = {
    ...NO_KS,
    ...noTails,
    ...psiMeasures(bins.baseline, bins.window, sizes),
    ...largest,
    jensenShannon: jensenShannonDistance(bins.baseline, bins.window),
    totalVariation: totalVariation(bins.baseline, bins.window),
    hellinger: hellingerDistance(bins.baseline, bins.window),
    ...tests,
    wasserstein: null,
    wassersteinNormalized: null,
    welch: null,
    rankSum: null,
    pValue: tests.chiSquare?.pValue ?? null,
    evidencePValue: categoryPValue(bins, sizes),
    bins: { labels: bins.labels, baseline: bins.baseline, window: bins.window },
  };
  return {
    measures,
    effects: [psiEffect(psiOfKnown(bins, baseline, window, sizes)), lInfinityEffect(largest)],
  };
}

/** PSI without the new values that exceed what is expected; no floor where every value is too rare to have a bin. */
function psiOfKnown(
  bins: CategoryBins,
  baseline: CategoricalProfile,
  window: CategoricalProfile,
  sizes: SampleSizes,
): PsiMeasures {
  const isAnyNew = window.unseenCount > 0 && baseline.count > 0;
  const expected = isAnyNew ? (expectedUnseen(baseline).count / baseline.count) * window.count : 0;
  const known = rarePooledAsExpected(bins, expected);
  const psi = psiMeasures(known.baseline, known.window, sizes);
  return bins.keptCount === 0 ? { ...psi, psiNoiseFloor: null } : psi;
}

/** L∞ with rare values as one bin; no floor where every value is too rare to have a bin, so that nothing could be told. */
function largestOfValues(bins: CategoryBins, sizes: SampleSizes): LargestShareChange {
  const pooled = rarePooled(bins);
  const largest = largestShareChange(pooled.baseline, pooled.window, sizes);
  return bins.keptCount === 0 ? { ...largest, lInfinityNoiseFloor: null } : largest;
}

function psiEffect({ psi, psiLowerBound, psiNoiseFloor }: PsiMeasures): MeasuredEffect {
  return { name: 'psi', value: psi, lowerBound: psiLowerBound, noiseFloor: psiNoiseFloor };
}

function lInfinityEffect(largest: LargestShareChange): MeasuredEffect {
  return {
    name: 'lInfinity',
    value: largest.lInfinity,
    lowerBound: largest.lInfinityLowerBound,
    noiseFloor: largest.lInfinityNoiseFloor,
  };
}

/** The smallest p-value times the number of tests that gave one, at most 1; valid however the tests depend on each other. */
function bonferroni(pValues: readonly (number | null | undefined)[]): number | null {
  let smallest = 1;
  let tests = 0;
  for (const p of pValues) {
    if (p === null || p === undefined) continue;
    tests++;
    smallest = Math.min(smallest, p);
  }
  return tests === 0 ? null : Math.min(1, smallest * tests);
}

const NO_CATEGORY_TESTS = { chiSquare: null, gTest: null };

function categoryTests({ baseline, window }: PooledCounts, sizes: SampleSizes) {
  return { chiSquare: chiSquareTest(baseline, window, sizes), gTest: gTest(baseline, window, sizes) };
}

/**
 * The p-value of categories, all rare ones in one bin, the new ones too: a baseline has no values that are new to it, so
 * a bin of their own would raise alarms on any new rows. The larger of χ² and G, which err in opposite tails when expected
 * counts are small. Null without categories.
 */
function categoryPValue(bins: CategoryBins | null, sizes: SampleSizes): number | null {
  if (bins === null) return null;
  const { chiSquare, gTest: g } = categoryTests(rarePooled(bins), sizes);
  return chiSquare === null || g === null ? null : Math.max(chiSquare.pValue, g.pValue);
}

const NO_KS = { ks: null, ksUpperBound: null, ksLowerBound: null, ksNoiseFloor: null };

function ksMeasures(
  grid: NumericGrid,
  baseline: NumericProfile,
  window: NumericProfile,
  { n, m }: SampleSizes,
) {
  const interval = ksFromCells(baseline.counts, window.counts, grid.isAtom, [baseline.count, window.count]);
  if (interval === null) return { ...NO_KS, pValue: null };
  const { lower, upper } = widened(interval, baseline.rankError + window.rankError);
  const noiseFloor = ksNoiseFloor(n, m);
  return {
    ks: lower,
    ksUpperBound: upper,
    ksLowerBound: Math.max(0, lower - noiseFloor),
    ksNoiseFloor: noiseFloor,
    pValue: kolmogorovTwoSampleSf(lower, n, m),
  };
}

/** The interval with the error of cumulative shares that a one-pass baseline carries. */
function widened({ lower, upper }: KsInterval, rankError: number): KsInterval {
  if (rankError === 0) return { lower, upper };
  return { lower: Math.max(0, lower - rankError), upper: Math.min(1, upper + rankError) };
}

function wassersteinMeasures(grid: NumericGrid, baseline: NumericProfile, window: NumericProfile) {
  const wasserstein = wassersteinFromCells(grid, baseline, window);
  const deviation = Math.sqrt(baseline.m2 / baseline.count);
  const isUsable = wasserstein !== null && deviation > 0;
  return { wasserstein, wassersteinNormalized: isUsable ? finiteOrNull(wasserstein / deviation) : null };
}

/** The moments as those of `size` values with the same mean and variance. */
function resized({ count, mean, m2 }: NumericProfile, size: number) {
  return count === size || count === 0 ? { count, mean, m2 } : { count: size, mean, m2: (m2 / count) * size };
}
