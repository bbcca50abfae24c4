export type { CategoricalValues, ColumnValues, NamedColumn, NumericValues, TextValues } from './columns.js';
export { StatsFormatError } from './bytes/stats-format-error.js';
export type {
  CategoricalGrid,
  ColumnGrid,
  Grid,
  NamedColumnGrid,
  NumericGrid,
  TextGrid,
} from './grid/grid.js';
export { buildGrid, ColumnGridBuilder } from './grid/build-grid.js';
export { categoryKey } from './grid/category-key.js';
export { deserializeGrid, gridOfColumns, serializeGrid } from './grid/grid-codec.js';
export { BaselineStream, type StreamedBaseline } from './grid/stream/baseline-stream.js';
export type {
  CategoricalProfile,
  ColumnProfile,
  NumericProfile,
  Profile,
  TextProfile,
} from './profile/profile.js';
export { emptyProfile } from './profile/profile.js';
export { foldColumns, foldSomeColumns } from './profile/fold-columns.js';
export type {
  CategoricalColumnSummary,
  NamedColumnSummary,
  NumericColumnSummary,
  NumericSummary,
  ProfileSummary,
  SummaryProblem,
  TextColumnSummary,
} from './summary/profile-summary.js';
export { profileOfSummary } from './summary/profile-of-summary.js';
export { summaryOfProfile } from './summary/summary-of-profile.js';
export { summaryProblems } from './summary/summary-problems.js';
export { mergeProfiles } from './profile/merge-profiles.js';
export { regrid, type RegriddedProfile } from './profile/regrid.js';
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
export { ksOfSorted, twoSampleKs, type TwoSampleKs } from './significance/two-sample-ks.js';
export {
  chiSquareTest,
  type EffectiveSizes,
  gTest,
  type HomogeneityTest,
} from './significance/contingency.js';
export { rankSumTest, type RankSumTest } from './significance/rank-sum.js';
export { fisherRise, fisherTest } from './significance/fisher.js';
export {
  chiSquareQuantile,
  chiSquareSf,
  chiSquareUpperQuantile,
  normalSf,
  normalTwoSidedSf,
} from './significance/special-functions.js';
export { normalQuantile } from './significance/normal-quantile.js';
export { studentTwoSidedSf } from './significance/student.js';
export { type SampleMoments, welchT, type WelchTest } from './significance/welch.js';
export { benjaminiHochberg } from './significance/benjamini-hochberg.js';
export { shareChange, type ShareChange, wilsonInterval } from './significance/proportions.js';
export { type Margin, marginExcess, type MarginExcess } from './significance/share-margin.js';
export { ridits, type ScoreDirection, ScoreEvidence } from './sequential/score-evidence.js';
export { type ShareDirection, ShareEvidence } from './sequential/share-evidence.js';
export { meanEvidence } from './sequential/tilts.js';
export type { BinComparison } from './raw/bin-comparison.js';
export {
  type CategoricalSampleDistances,
  categoricalSampleDistances,
  type PoolingOptions,
} from './raw/categorical-sample-distances.js';
export {
  type DecileBins,
  type NumericSampleDistances,
  numericSampleDistances,
} from './raw/numeric-sample-distances.js';
export { type ColumnDesignEffects, type DesignEffects, INDEPENDENT_ROWS } from './span/design-effect.js';
export { SPAN_PIECES, type SpanWindow, spanDesignEffects } from './span/span-effects.js';
export { type Reference, REFERENCES, referenceSpan, type Span } from './span/reference-span.js';
export { DEFAULT_DRIFT_THRESHOLDS, type DriftThresholds } from './verdict/drift-thresholds.js';
export type { DriftReason, Verdict } from './verdict/column-verdict.js';
export type { ColumnDrift, QualityChanges } from './verdict/column-drift.js';
export type { Effect, EffectName } from './verdict/effects.js';
export type { BinnedDistributions, ColumnMeasures } from './verdict/column-measures.js';
export { compareProfiles, type ComparisonOptions } from './verdict/compare-profiles.js';
export type { ColumnChange } from './verdict/changes/column-change.js';
export { changeWords, explanation } from './verdict/changes/change-words.js';
export type { TailChanges } from './verdict/tails.js';
export { neededSampleSizes, type NeededSampleSizes } from './verdict/needed-sample-size.js';
export { detectScaleShift, type ScaleShift } from './verdict/scale-shift.js';
export {
  modelVerdict,
  type ModelVerdict,
  type ModelVerdictInput,
  type ModelVerdictReason,
} from './verdict/model-verdict.js';
export { discreteCounts } from './verdict/category-bins.js';
export { profileQuantile } from './verdict/quantiles.js';
export type {
  BinaryConfusion,
  BinaryPerformance,
  ClassificationPerformance,
  ClassificationRows,
  ClassificationTask,
  ClassPerformance,
  ConfidenceInterval,
  Confusion,
  IntervalMethod,
  LabelledClasses,
  LabelledNumbers,
  MacroMetric,
  Metric,
  MultiClassPerformance,
  PerformanceOptions,
  PredictedClasses,
  RankedMetric,
  RegressionPerformance,
  UndefinedReason,
} from './performance/performance.js';
export type {
  BinaryEstimate,
  ClassificationEstimate,
  ClassificationEstimator,
  Fitted,
  IsotonicCalibrator,
  LabelledFeatures,
  LossSkill,
  MultiClassEstimate,
  NoEstimatorReason,
  PredictedNumbers,
  RegressionEstimate,
  RegressionEstimator,
} from './performance/estimate/estimate.js';
export {
  type AccumulatorLimits,
  ClassificationAccumulator,
} from './performance/classification-accumulator.js';
export { RegressionAccumulator } from './performance/regression-accumulator.js';
export {
  ClassificationEstimateAccumulator,
  fitClassificationEstimator,
} from './performance/estimate/classification-estimate.js';
export { fitRegressionEstimator } from './performance/estimate/regression-estimator.js';
export { RegressionEstimateAccumulator } from './performance/estimate/regression-estimate.js';
