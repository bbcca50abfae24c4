/**
 * What a classifier decides.
 *
 * `binary` asks one question, "is it the positive class?": any other class, whatever its name, answers no. A row without a
 * predicted class is predicted positive where its score is at least `threshold`, ½ by default.
 * `multi-class` names the classes of the score columns, in their order; it may be empty when there are no scores. A row
 * without a predicted class is predicted to be the class of its highest score, the first of equal ones.
 */
export type ClassificationTask =
  | { readonly kind: 'binary'; readonly positiveClass: string; readonly threshold?: number }
  | { readonly kind: 'multi-class'; readonly classes: readonly string[] };

/**
 * Rows of a classifier without their truth; every array has one entry a row.
 *
 * `scores` has no array when the version has no scores, one for `binary` (the probability of the positive class), and one a
 * class for `multi-class`, in the order of the task's classes. A row has a usable score when all its scores lie within 0 to 1.
 * Example, binary: `{ predicted: ['yes', null], scores: [Float64Array.of(0.9, NaN)] }`; the second row has neither.
 */
export interface PredictedClasses {
  readonly predicted: readonly (string | null)[];
  readonly scores: readonly Float64Array[];
}

/** Rows of a classifier with what really happened; a row without a usable truth is not given. */
export interface LabelledClasses extends PredictedClasses {
  readonly truth: readonly string[];
}

/** Rows of a regression with what really happened; a row where one of the two is not finite is only counted, as unusable. */
export interface LabelledNumbers {
  readonly truth: Float64Array;
  readonly predicted: Float64Array;
}

/**
 * Why a metric has no value.
 *
 * - `no-rows`: not one row was given
 * - `no-predictions`: no row has a predicted class, nor scores to take one from; of a regression, no row has two finite numbers
 * - `no-scores`: no row has a usable score
 * - `one-class`: a curve needs rows of the class and others, and there is only one kind
 * - `no-predicted-positives`: precision divides by the rows that were predicted to be of the class
 * - `no-positives`: recall divides by the rows that are of the class
 * - `class-absent`: the class neither is the truth nor the prediction of any row, so that F1 is 0/0
 * - `zero-truth`: a relative error divides by the truth, which is 0 in some rows, or in all of them
 * - `constant-truth`: R² divides by the variance of the truth, which is 0
 * - `overflow`: the value is beyond the largest double
 */
export type UndefinedReason =
  | 'no-rows'
  | 'no-predictions'
  | 'no-scores'
  | 'one-class'
  | 'no-predicted-positives'
  | 'no-positives'
  | 'class-absent'
  | 'zero-truth'
  | 'constant-truth'
  | 'overflow';

/**
 * How an interval was computed; `docs/statistics.md`, Performance, has the measured coverage of each.
 *
 * - `wilson`: Wilson's (1927) score interval of a share
 * - `wilson-f1`: the same for TP/(TP + FP + FN) = J, of which F1 = 2J/(1 + J) is an increasing function
 * - `mover`: a mean of independent shares from Wilson's interval of each (Zou and Donner 2008)
 * - `macro-f1`: the wider, at each end, of `mover` and the multinomial delta method (Takahashi et al. 2022)
 * - `delong`: DeLong's (1988) variance on the logit scale (Qin and Hotilovac 2008)
 * - `newcombe`: Newcombe's (2006) method 5, where DeLong's variance is 0
 * - `student`: mean ± t·s/√n of a loss that each row has; of log loss and Brier, s is what was seen or what the scores imply, the larger
 * - `log-delta`: delta method on the logarithm: RMSE, and 1 − R²
 * - `scheffe`: simultaneous bounds of all bins of the calibration error (Scheffé 1953)
 * - `label-noise`: of an estimate: normal, from the variance that the calibrated probabilities say the labels have
 * - `residual`: of an estimate: normal, from the variance of held-out losses around their predicted means
 */
export type IntervalMethod =
  | 'wilson'
  | 'wilson-f1'
  | 'mover'
  | 'macro-f1'
  | 'delong'
  | 'newcombe'
  | 'student'
  | 'log-delta'
  | 'scheffe'
  | 'label-noise'
  | 'residual';

/** A confidence interval; its ends are finite, and lie within the metric's range. */
export interface ConfidenceInterval {
  readonly lowerBound: number;
  readonly upperBound: number;
  readonly method: IntervalMethod;
}

/**
 * One metric: a finite value, or null and the reason; never NaN, and never 0 by convention.
 *
 * `rowCount` is the number of rows that the value was computed from: its denominator, where it is a share. `interval` is null
 * without a value, and where the rows say nothing of their spread: one row, or all rows with the same loss.
 */
export type Metric =
  | {
      readonly value: number;
      readonly reason: null;
      readonly rowCount: number;
      readonly interval: ConfidenceInterval | null;
    }
  | {
      readonly value: null;
      readonly reason: UndefinedReason;
      readonly rowCount: number;
      readonly interval: null;
    };

/**
 * The area under the ROC curve, with how far it may be off.
 *
 * `maxError` is 0 where all scores were ranked. Beyond 2 million scores they are counted in 65,536 cells, and the exact area
 * lies within `maxError` of the value, whatever the scores: pairs in one cell count as ties, and that is the only error.
 */
export type RankedMetric = Metric & { readonly maxError: number };

/** A mean over classes: of those that have a value of their own, `classCount` in all. */
export type MacroMetric = Metric & { readonly classCount: number };

/** How much there is to judge; the counts are of rows. */
export interface ClassificationRows {
  readonly rowCount: number;
  /** Rows that have neither a predicted class nor a usable score. */
  readonly unpredictedCount: number;
  /** Rows without a usable score. */
  readonly unscoredCount: number;
}

/** The four kinds of rows of a binary classifier; they add up to the rows that have a prediction. */
export interface BinaryConfusion {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
  readonly trueNegatives: number;
}

/**
 * Metrics of a binary classifier; precision, recall and F1 are of the positive class.
 *
 * Where scikit-learn answers otherwise: with the default `zero_division`, precision, recall and F1 are 0 there and null here;
 * `roc_auc_score` of one class is NaN with a warning. Log loss is in nats.
 */
export interface BinaryPerformance extends ClassificationRows {
  readonly kind: 'binary';
  readonly positiveClass: string;
  /** Rows whose truth is the positive class, with or without a prediction. */
  readonly positiveCount: number;
  readonly confusion: BinaryConfusion;
  readonly accuracy: Metric;
  readonly precision: Metric;
  readonly recall: Metric;
  readonly f1: Metric;
  readonly rocAuc: RankedMetric;
  readonly logLoss: Metric;
  readonly brierScore: Metric;
  readonly expectedCalibrationError: Metric;
}

/**
 * Counts of (truth, prediction), bounded whatever the input.
 *
 * `classes` are the most frequent classes of truths and predictions together, at most 50, ties by name; when there are more, the last
 * row and column are the others, together. `counts[i][j]` are rows of class i that were predicted to be of class j.
 */
export interface Confusion {
  readonly classes: readonly string[];
  readonly hasOthers: boolean;
  readonly counts: readonly (readonly number[])[];
}

/** What one class of several is worth, judged against all others. */
export interface ClassPerformance {
  readonly name: string;
  /** Rows of this class, and rows that were predicted to be of it; both among the rows that have a prediction. */
  readonly truthCount: number;
  readonly predictedCount: number;
  readonly precision: Metric;
  readonly recall: Metric;
  readonly f1: Metric;
  /** One against the rest; null with `no-scores` for a class without a score column. */
  readonly rocAuc: RankedMetric;
}

/**
 * Metrics of a classifier of several classes; precision, recall, F1 and ROC AUC are macro averages.
 *
 * A macro average leaves out the classes that have no value, as scikit-learn does with `zero_division=np.nan`; by default it
 * counts them as 0. ROC AUC is one-versus-rest; scikit-learn refuses a truth that lacks one of the classes. A row whose truth has no score column has probability 0
 * there: log loss clips it at 2^-52, as scikit-learn does with a column of zeros, and Brier counts the whole distance.
 * The Brier score is Σ_k (score_k − [truth = k])², 0 to 2, without scikit-learn's division by 2 of two score columns. The
 * calibration error is that of the highest score (Guo et al. 2017). Scores that do not add up to 1 are taken as they are.
 */
export interface MultiClassPerformance extends ClassificationRows {
  readonly kind: 'multi-class';
  /**
   * Rows whose truth or prediction is a class that is not told apart: at most 250 are, the task's own and then those that were
   * seen first. They count in accuracy, and for the one of the two that is told apart; where it is 0, nothing depends on the order of the rows.
   */
  readonly pooledCount: number;
  /** By descending number of rows of the class, at most 250. */
  readonly classes: readonly ClassPerformance[];
  readonly confusion: Confusion;
  readonly accuracy: Metric;
  readonly precision: MacroMetric;
  readonly recall: MacroMetric;
  readonly f1: MacroMetric;
  readonly rocAuc: MacroMetric & RankedMetric;
  readonly logLoss: Metric;
  readonly brierScore: Metric;
  readonly expectedCalibrationError: Metric;
}

export type ClassificationPerformance = BinaryPerformance | MultiClassPerformance;

/**
 * Metrics of a regression; errors are prediction − truth, in the unit of the truth.
 *
 * MAPE is a ratio, not percent, and it has a trap: the error of a row is divided by its truth, so that a truth of 0 has none, and
 * one near 0 outweighs all others. It is null as soon as one truth is 0 (scikit-learn divides by 2^-52 there, and answers some
 * 1e15); the one of the other rows says so in its name. R² of a constant truth is null (scikit-learn: 1 or 0).
 */
export interface RegressionPerformance {
  readonly kind: 'regression';
  readonly rowCount: number;
  /** Rows whose truth or prediction is NaN or infinite; they enter nothing else. */
  readonly unusableCount: number;
  readonly zeroTruthCount: number;
  readonly meanAbsoluteError: Metric;
  readonly rootMeanSquaredError: Metric;
  readonly meanAbsolutePercentageError: Metric;
  readonly meanAbsolutePercentageErrorOfNonZero: Metric;
  readonly rSquared: Metric;
  /** The mean of prediction − truth; above 0 where the model says too much. */
  readonly bias: Metric;
}

/** How results are reported. */
export interface PerformanceOptions {
  /** Of every interval, between 0 and 1; 0.95 by default. */
  readonly confidence?: number;
}
