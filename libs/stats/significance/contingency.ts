import { type BinCounts, totals } from '../distance/bin-distances.js';
import { chiSquareSf } from './special-functions.js';

/** A two-sample test of homogeneity; `cramersV`, 0 to 1, is its effect size √(statistic/(n+m)). */
export interface HomogeneityTest {
  readonly statistic: number;
  readonly degreesOfFreedom: number;
  readonly pValue: number;
  readonly cramersV: number;
}

/**
 * Pearson's χ² test that two histograms come from one distribution; null when a side is empty.
 *
 * Bins that are empty on both sides are left out; a single bin left gives statistic 0 and p = 1. No continuity
 * correction. Golden values: SciPy 1.10.1, `chi2_contingency(correction=False)`.
 * @throws RangeError if the histograms do not have the same number of bins
 */
export function chiSquareTest(baseline: BinCounts, window: BinCounts): HomogeneityTest | null {
  return homogeneityTest(baseline, window, (observed, expected) => (observed - expected) ** 2 / expected);
}

/** The likelihood-ratio (G) test of homogeneity, with the same edges as `chiSquareTest`; SciPy's `lambda_="log-likelihood"`. */
export function gTest(baseline: BinCounts, window: BinCounts): HomogeneityTest | null {
  return homogeneityTest(baseline, window, (observed, expected) =>
    observed > 0 ? 2 * observed * Math.log(observed / expected) : 0,
  );
}

function homogeneityTest(
  baseline: BinCounts,
  window: BinCounts,
  term: (observed: number, expected: number) => number,
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
  const statistic = Math.max(0, sum);
  const degreesOfFreedom = bins - 1;
  return {
    statistic,
    degreesOfFreedom,
    pValue: chiSquareSf(statistic, degreesOfFreedom),
    cramersV: Math.min(1, Math.sqrt(statistic / (n + m))),
  };
}
