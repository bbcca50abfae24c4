export type { CategoricalValues, ColumnValues, NamedColumn, NumericValues } from './columns.js';
export { StatsFormatError } from './bytes/stats-format-error.js';
export type { CategoricalGrid, ColumnGrid, Grid, NamedColumnGrid, NumericGrid } from './grid/grid.js';
export { buildGrid } from './grid/build-grid.js';
export { deserializeGrid, serializeGrid } from './grid/grid-codec.js';
export type { CategoricalProfile, ColumnProfile, NumericProfile, Profile } from './profile/profile.js';
export { emptyProfile } from './profile/profile.js';
export { foldColumns } from './profile/fold-columns.js';
export { mergeProfiles } from './profile/merge-profiles.js';
export { deserializeProfile, serializeProfile } from './profile/profile-codec.js';
export { type FrequentValue, frequentValues, type SpaceSaving } from './profile/space-saving.js';
export type { BinCounts, PsiOptions } from './distance/bin-distances.js';
export {
  hellingerDistance,
  jensenShannonDistance,
  lInfinity,
  populationStabilityIndex,
  totalVariation,
} from './distance/bin-distances.js';
export { psiLowerBound, psiNoiseFloor } from './distance/psi-inference.js';
export { ksFromCells, type KsInterval, ksNoiseFloor } from './distance/ks-from-cells.js';
export { wasserstein1, wassersteinFromCells } from './distance/wasserstein.js';
export { kolmogorovSf, kolmogorovTwoSampleSf } from './significance/kolmogorov.js';
export { twoSampleKs, type TwoSampleKs } from './significance/two-sample-ks.js';
export { chiSquareTest, gTest, type HomogeneityTest } from './significance/contingency.js';
export { type SampleMoments, welchT, type WelchTest } from './significance/welch.js';
export { benjaminiHochberg } from './significance/benjamini-hochberg.js';
export { shareChange, type ShareChange, wilsonInterval } from './significance/proportions.js';
export { DEFAULT_DRIFT_THRESHOLDS, type DriftThresholds } from './verdict/drift-thresholds.js';
export type { DriftReason, Verdict } from './verdict/column-verdict.js';
export type { BinnedDistributions, ColumnDrift, QualityChanges } from './verdict/column-drift.js';
export { compareProfiles } from './verdict/compare-profiles.js';
export { detectScaleShift, type ScaleShift } from './verdict/scale-shift.js';
export {
  modelVerdict,
  type ModelVerdict,
  type ModelVerdictInput,
  type ModelVerdictReason,
} from './verdict/model-verdict.js';
export { discreteCounts } from './verdict/binning.js';
export { profileQuantile } from './verdict/quantiles.js';
