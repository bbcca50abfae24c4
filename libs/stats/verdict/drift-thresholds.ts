/** From when a column's change counts as drift; PSI in nats, D and rates 0 to 1, counts in values. */
export interface DriftThresholds {
  psiWarningNats: number;
  psiDriftedNats: number;
  ksWarning: number;
  ksDrifted: number;
  /** The q of Benjamini and Hochberg. */
  falseDiscoveryRate: number;
  /** Window values, or rows for data quality, below which nothing is judged. */
  minCount: number;
}

/** The usual PSI limits of credit scoring (0.1 and 0.2); D of 0.05 and 0.1 moves about as many rows. */
export const DEFAULT_DRIFT_THRESHOLDS: DriftThresholds = {
  psiWarningNats: 0.1,
  psiDriftedNats: 0.2,
  ksWarning: 0.05,
  ksDrifted: 0.1,
  falseDiscoveryRate: 0.05,
  minCount: 20,
};
