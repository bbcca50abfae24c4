import { type BinCounts, totals } from '../distance/bin-distances.js';
import { chiSquareSf } from './special-functions.js';
import { log1pMinus } from './stirling.js';

/** A two-sample test of homogeneity; `cramersV`, 0 to 1, is its effect size √(statistic/(n+m)) at the counted n and m. */
export interface HomogeneityTest {
  readonly statistic: number;
  readonly degreesOfFreedom: number;
  readonly pValue: number;
  readonly cramersV: number;
}

/** Sizes that count for chance, at most those of the counts. */
export interface EffectiveSizes {
  readonly n: number;
  readonly m: number;
}

/**
 * Pearson's χ² test that two histograms come from one distribution; null when a side is empty.
 *
 * Bins that are empty on both sides are left out; a single bin left gives statistic 0 and p = 1. No continuity
 * correction. Golden values: SciPy 1.17.1, `chi2_contingency(correction=False)`. `effective` sizes, where rows come in
 * clusters, divide the statistic by the design effect (Rao and Scott 1981, first order).
 * @throws RangeError if the histograms do not have the same number of bins
 */
export function chiSquareTest(
  baseline: BinCounts,
  window: BinCounts,
  effective?: EffectiveSizes,
): HomogeneityTest | null {
  return homogeneityTest(baseline, window, pearsonTerm, effective);
}

/** The likelihood-ratio (G) test of homogeneity, with the same edges as `chiSquareTest`; SciPy's `lambda_="log-likelihood"`. */
export function gTest(
  baseline: BinCounts,
  window: BinCounts,
  effective?: EffectiveSizes,
): HomogeneityTest | null {
  return homogeneityTest(baseline, window, likelihoodTerm, effective);
}

function pearsonTerm(observed: number, expected: number): number {
  return ((observed - expected) / expected) * (observed - expected);
}

/** 2·(O·ln(O/E) − O + E), never negative: the differences add up to 0, and without them near-equal counts lose their digits. */
function likelihoodTerm(observed: number, expected: number): number {
  return observed > 0 ? -2 * observed * log1pMinus((expected - observed) / observed) : 2 * expected;
}

function homogeneityTest(
  baseline: BinCounts,
  window: BinCounts,
  term: (observed: number, expected: number) => number,
  effective?: EffectiveSizes,
): HomogeneityTest | null {
  const [n, m] = totals(baseline, window);
  if (n === 0 || m === 0) return null;
  let sum = 0;
  let bins = 0;
  for (let i = 0; i < baseline.length; i++) {
    const both = baseline[i]! + window[i]!;
    if (both === 0) continue;
    bins++;
    sum += term(baseline[i]!, (both * n) / (n + m)) + term(window[i]!, (both * m) / (n + m));
  }
  const deflation = effective === undefined ? 1 : harmonic(effective.n, effective.m) / harmonic(n, m);
  const statistic = Math.max(0, sum) * deflation;
  const degreesOfFreedom = bins - 1;
  return {
    statistic,
    degreesOfFreedom,
    pValue: chiSquareSf(statistic, degreesOfFreedom),
    cramersV: Math.min(1, Math.sqrt(Math.max(0, sum) / (n + m))),
  };
}

function harmonic(n: number, m: number): number {
  return 1 / (1 / n + 1 / m);
}
