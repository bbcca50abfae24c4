import type { NamedColumn } from '../../columns.js';
import type { Feature } from './boosting/features.js';
import type { Tree } from './boosting/tree.js';
import type {
  BinaryPerformance,
  ClassificationPerformance,
  ClassificationRows,
  ClassificationTask,
  Metric,
  MultiClassPerformance,
  RegressionPerformance,
} from '../performance.js';

/** Of the JSON form of estimators; one that this code does not know is refused, not guessed at. */
export const ESTIMATOR_VERSION = 1;

/** Why there is no estimator, or none of this baseline. */
export type NoEstimatorReason = 'too-few-rows' | 'no-scores' | 'one-class' | 'no-predictions';

/**
 * An increasing function from a score to a probability, by isotonic regression: straight lines between its knots.
 *
 * `scores` strictly increase and `probabilities` do not decrease, both within 0 to 1, at most 200 knots; beyond the ends it is constant.
 * Example: `{ scores: [0.2, 0.6], probabilities: [0.1, 0.5] }` maps 0.4 to 0.3 and 0.9 to 0.5.
 */
export interface IsotonicCalibrator {
  readonly scores: readonly number[];
  readonly probabilities: readonly number[];
}

/**
 * What the performance of a classifier without ground truth is estimated with; plain JSON, at most about 1 MB at 1,000 classes.
 *
 * `calibrators` is null where the raw scores are as well calibrated, give or take chance; otherwise one, or one a class, in the order of
 * the task's. The two calibration errors are what that was decided on, of the raw scores and of calibrated ones: means over five folds of
 * the baseline, each calibrated by the other four.
 */
export interface ClassificationEstimator {
  readonly kind: 'classification';
  readonly version: typeof ESTIMATOR_VERSION;
  readonly task: ClassificationTask;
  /** Rows of the baseline with a truth and a usable score. */
  readonly rowCount: number;
  readonly calibrators: readonly IsotonicCalibrator[] | null;
  readonly calibrationErrorBefore: number;
  readonly calibrationErrorAfter: number;
  /** The baseline's own, from its ground truth: what an estimate is compared with. */
  readonly baseline: ClassificationPerformance;
}

/** Either an estimator, or why there is none. */
export type Fitted<Estimator> =
  | { readonly estimator: Estimator; readonly reason: null }
  | { readonly estimator: null; readonly reason: NoEstimatorReason };

/**
 * Performance of a window as the scores imply it, without ground truth (CBPE).
 *
 * Every metric is the expected value if each row's calibrated probabilities are right; of a ratio, the ratio of expected values.
 * Intervals hold what these very rows' metrics turn out to be once their truth arrives, with chance in the window's labels and in
 * those of the baseline; not a change of what the scores mean (concept drift), which no estimate from scores can see.
 */
export type BinaryEstimate = ClassificationRows &
  Pick<
    BinaryPerformance,
    | 'kind'
    | 'positiveClass'
    | 'accuracy'
    | 'precision'
    | 'recall'
    | 'f1'
    | 'rocAuc'
    | 'logLoss'
    | 'brierScore'
  > & {
    /** Expected rows, not whole; they add up to the rows with a usable score. */
    readonly confusion: BinaryPerformance['confusion'];
  };

/** The same for several classes. */
export type MultiClassEstimate = ClassificationRows &
  Pick<
    MultiClassPerformance,
    'kind' | 'accuracy' | 'precision' | 'recall' | 'f1' | 'rocAuc' | 'logLoss' | 'brierScore'
  >;

export type ClassificationEstimate = BinaryEstimate | MultiClassEstimate;

/**
 * Rows of a regression without their truth: its features, numeric and categorical, and what was predicted.
 *
 * Columns are found by name; one that is absent counts as missing in all rows, and one that the estimator does not know is ignored.
 */
export interface PredictedNumbers {
  readonly features: readonly NamedColumn[];
  readonly predicted: Float64Array;
}

/** The baseline that a loss estimator is fitted on. */
export interface LabelledFeatures extends PredictedNumbers {
  readonly truth: Float64Array;
}

/**
 * How the losses of held-out rows of the baseline were predicted, beside the constant estimate, the baseline's mean loss.
 *
 * `skill` is 1 − D(predicted)/D(constant), D the Poisson deviance Σ (loss·ln(loss/predicted) − loss + predicted), which the trees are fitted
 * by and which a few huge losses do not rule: at most 1, 0 is as good as the constant, below it worse. It beats the constant where it is
 * above 0 beyond chance (one-sided test of the rows' differences, 5%).
 */
export interface LossSkill {
  readonly heldOutCount: number;
  readonly skill: number;
  /** False: the features say nothing of the loss, and the estimate is the baseline's mean whatever the window holds. */
  readonly beatsConstant: boolean;
}

/** How one loss is predicted: `scale`·exp(Σ trees); `scale` is the baseline's mean loss. */
export interface LossModel {
  readonly scale: number;
  /** Empty where they do not beat the constant. */
  readonly trees: readonly Tree[];
  readonly skill: LossSkill;
  /** Of held-out rows, Σ(loss − predicted)²/Σ predicted²: the variance of a row's loss is this times the square of its prediction. */
  readonly relativeVariance: number;
}

/**
 * What the losses of a regression without ground truth are estimated with; plain JSON, at most 200 kB.
 *
 * Splits of the trees name features by their place here, and bins by the features' edges; only features and edges that occur in a split
 * are kept.
 */
export interface RegressionEstimator {
  readonly kind: 'regression';
  readonly version: typeof ESTIMATOR_VERSION;
  /** Rows of the baseline with a finite truth and prediction. */
  readonly rowCount: number;
  readonly features: readonly Feature[];
  readonly absolute: LossModel;
  readonly squared: LossModel;
  /** The baseline's own, from its ground truth: what an estimate is compared with. */
  readonly baseline: RegressionPerformance;
}

/**
 * Mean absolute and root mean squared error as the features imply them, without ground truth (direct loss estimation).
 *
 * Bias, R² and MAPE are not estimated: the trees know how large an error is likely to be, not its sign, and nothing of the truth itself.
 * Intervals hold what these very rows' errors turn out to be, where rows with the same features err as they did in the baseline.
 */
export interface RegressionEstimate {
  readonly kind: 'regression';
  readonly rowCount: number;
  /** Rows whose prediction is NaN or infinite; they are not estimated. */
  readonly unusableCount: number;
  readonly meanAbsoluteError: Metric;
  readonly rootMeanSquaredError: Metric;
  /** Whether the two above follow the window's rows, or are the baseline's mean loss. */
  readonly absoluteSkill: LossSkill;
  readonly squaredSkill: LossSkill;
}
