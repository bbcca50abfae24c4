/** From when a column's change counts; PSI in nats, D, L∞ and shares 0 to 1, counts in values. */
export interface DriftThresholds {
  psiWarningNats: number;
  psiDriftedNats: number;
  ksWarning: number;
  ksDrifted: number;
  /** Change of the share of rows in one of the baseline's outer twentieths. */
  tailWarning: number;
  tailDrifted: number;
  /** Change of one category's share. */
  lInfinityWarning: number;
  lInfinityDrifted: number;
  /** Rise of the share of missing, invalid, unseen, empty or out-of-range rows; see `qualityVerdict`. */
  qualityWarning: number;
  qualityDrifted: number;
  /** The q of Benjamini and Hochberg over the columns' distributions. */
  falseDiscoveryRate: number;
  /** The q of Benjamini and Hochberg over the columns' data quality. */
  qualityFalseDiscoveryRate: number;
  /** Window values, or rows for data quality, below which nothing is judged. */
  minCount: number;
}

/**
 * PSI: the usual limits of credit scoring (0.1 and 0.2). D of 0.05 and 0.1 moves about as many rows, and a category's
 * share is D of "is it this category". A tail that grows from 5% to 8% is what a variance of 1.5 times does (4 points),
 * which PSI and D hardly see (0.075 and 0.049). Quality: 1% of rows (`statistics.md`); 10% as for D.
 * The two rates together keep evaluations without any change quiet in 95% of cases: quality faults are large, so a
 * strict 1% costs nothing there.
 */
export const DEFAULT_DRIFT_THRESHOLDS: DriftThresholds = {
  psiWarningNats: 0.1,
  psiDriftedNats: 0.2,
  ksWarning: 0.05,
  ksDrifted: 0.1,
  tailWarning: 0.03,
  tailDrifted: 0.1,
  lInfinityWarning: 0.05,
  lInfinityDrifted: 0.1,
  qualityWarning: 0.01,
  qualityDrifted: 0.1,
  falseDiscoveryRate: 0.05,
  qualityFalseDiscoveryRate: 0.01,
  minCount: 20,
};
