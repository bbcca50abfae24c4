import type { HomogeneityTest } from '../significance/contingency.js';
import type { ShareChange } from '../significance/proportions.js';
import type { WelchTest } from '../significance/welch.js';
import type { DriftReason, Verdict } from './column-verdict.js';
import type { ScaleShift } from './scale-shift.js';
import type { DriftThresholds } from './drift-thresholds.js';

/** The counts per bin that PSI and the other distances of bins used, with a label for each bin. */
export interface BinnedDistributions {
  readonly labels: readonly string[];
  readonly baseline: readonly number[];
  readonly window: readonly number[];
}

/** How the shares of missing, invalid, unseen and out-of-range rows changed; null where a side has no rows. */
export interface QualityChanges {
  readonly missing: ShareChange | null;
  readonly invalid: ShareChange | null;
  readonly unseen: ShareChange | null;
  readonly outOfRange: ShareChange | null;
}

/**
 * How far one column of a window is from the baseline, and what follows from it.
 *
 * `baselineCount` n and `windowCount` m are the finite values or strings that entered the distances; a distance is
 * null when n or m is 0, when it is not defined for the kind, or when it exceeds a double. PSI is in nats, Wasserstein in the
 * column's unit (`wassersteinNormalized`: in baseline standard deviations), all else 0 to 1. No field is ever NaN.
 * The exact KS statistic lies in [`ks`, `ksUpperBound`]; lower bounds have 95% confidence, noise floors are the 95%
 * quantile without drift. `pValue` is that of KS (numeric) or pooled χ² (categorical), `correctedPValue`
 * Benjamini and Hochberg's over the columns compared together. Shares are of rows, those of out-of-range too.
 */
export interface ColumnDrift {
  readonly column: string;
  readonly kind: 'numeric' | 'categorical';
  readonly verdict: Verdict;
  readonly reason: DriftReason;
  /** What the distances alone say, data quality left out. */
  readonly distributionVerdict: Verdict;
  /** What data quality alone says; it never waits for the noise floor. */
  readonly qualityVerdict: Verdict;
  readonly baselineCount: number;
  readonly windowCount: number;
  readonly psi: number | null;
  readonly psiLowerBound: number | null;
  readonly psiNoiseFloor: number | null;
  readonly ks: number | null;
  readonly ksUpperBound: number | null;
  readonly ksLowerBound: number | null;
  readonly ksNoiseFloor: number | null;
  readonly jensenShannon: number | null;
  readonly wasserstein: number | null;
  readonly wassersteinNormalized: number | null;
  readonly totalVariation: number | null;
  readonly hellinger: number | null;
  readonly lInfinity: number | null;
  readonly chiSquare: HomogeneityTest | null;
  readonly welch: WelchTest | null;
  readonly pValue: number | null;
  readonly correctedPValue: number | null;
  readonly missingShare: number;
  readonly invalidShare: number;
  readonly unseenShare: number;
  readonly outOfRangeShare: number;
  readonly baselineMissingShare: number;
  readonly baselineInvalidShare: number;
  readonly baselineUnseenShare: number;
  readonly quality: QualityChanges;
  readonly bins: BinnedDistributions;
  readonly thresholds: DriftThresholdsUsed;
  readonly gridHash: string;
  readonly explanation: string;
  readonly scale: ScaleShift | null;
}

/** The thresholds that were applied, for the record. */
export type DriftThresholdsUsed = Readonly<DriftThresholds>;
