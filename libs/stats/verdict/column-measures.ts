import type { HomogeneityTest } from '../significance/contingency.js';
import type { RankSumTest } from '../significance/rank-sum.js';
import type { WelchTest } from '../significance/welch.js';
import type { TailChanges } from './tails.js';

/** The counts per bin that PSI and the other distances of bins used, with a label for each bin. */
export interface BinnedDistributions {
  readonly labels: readonly string[];
  readonly baseline: readonly number[];
  readonly window: readonly number[];
}

/**
 * The distances and tests of one column, before any judgement.
 *
 * A distance is null when a side is empty, when it is not defined for the kind, or when it exceeds a double. PSI is in
 * nats, Wasserstein in the column's unit (`wassersteinNormalized`: in baseline standard deviations), all else 0 to 1.
 * The exact KS statistic lies in [`ks`, `ksUpperBound`]; lower bounds have 95% confidence, noise floors are the 95%
 * quantile without drift. Of texts, all but the shares are those of their lengths.
 */
export interface ColumnMeasures {
  readonly psi: number | null;
  readonly psiLowerBound: number | null;
  readonly psiNoiseFloor: number | null;
  readonly ks: number | null;
  readonly ksUpperBound: number | null;
  readonly ksLowerBound: number | null;
  readonly ksNoiseFloor: number | null;
  readonly tails: TailChanges;
  readonly tailChange: number | null;
  readonly tailLowerBound: number | null;
  readonly tailNoiseFloor: number | null;
  readonly jensenShannon: number | null;
  readonly wasserstein: number | null;
  readonly wassersteinNormalized: number | null;
  readonly totalVariation: number | null;
  readonly hellinger: number | null;
  readonly lInfinity: number | null;
  readonly lInfinityLowerBound: number | null;
  readonly lInfinityNoiseFloor: number | null;
  /** Of categories and discrete values, rare ones pooled. */
  readonly chiSquare: HomogeneityTest | null;
  readonly gTest: HomogeneityTest | null;
  readonly welch: WelchTest | null;
  readonly rankSum: RankSumTest | null;
  /** That of KS (numeric), or of the pooled χ² (categorical). */
  readonly pValue: number | null;
  /** The smallest p-value of the column's tests times their number (Bonferroni): what the verdict rests on. */
  readonly evidencePValue: number | null;
  readonly bins: BinnedDistributions;
}
