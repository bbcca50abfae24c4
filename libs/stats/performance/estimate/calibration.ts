import {
  type CalibrationBins,
  calibrationError,
  calibrationNoise,
  countCalibration,
  DEFAULT_CALIBRATION_BINS,
  emptyCalibrationBins,
} from '../calibration-error.js';
import type { ClassificationTask } from '../performance.js';
import type { IsotonicCalibrator } from './estimate.js';
import { calibrated, fitIsotonic, MAX_KNOTS } from './isotonic.js';
import { rowHash } from './row-hash.js';
import { hitsOf, type ScoredRows, selectedRows } from './scored-rows.js';

/** Of the cross-validation: each row is judged by a calibrator that has seen four fifths of the others. */
const FOLDS = 5;
/** Of all calibrators of an estimator together: half a megabyte of JSON. */
const MAX_ALL_KNOTS = 10_000;
const LEAST_KNOTS = 10;

/** Calibrators, one a score column, or null for the scores as they are; see `ClassificationEstimator`. */
export interface Calibration {
  readonly calibrators: readonly IsotonicCalibrator[] | null;
  readonly calibrationErrorBefore: number;
  readonly calibrationErrorAfter: number;
}

/**
 * Calibrators where they improve the expected calibration error of rows that they have not seen, by more than chance moves it; else none.
 *
 * The errors are means over five folds, each calibrated by the other four, in 10 bins of equal width; of several classes, means of each
 * class's own against the rest (Kull et al. 2019). Over all folds at once, calibrators would look better than they are: what one fold lacks
 * the others have more of, so that their errors cancel. Without the margin, scores that are right would often be calibrated, and lose
 * what their order says in flat blocks.
 */
export function chosenCalibration(task: ClassificationTask, rows: ScoredRows): Calibration {
  const [before, after] = [new Float64Array(FOLDS), new Float64Array(FOLDS)];
  for (let fold = 0; fold < FOLDS; fold++) {
    const calibrators = fitCalibrators(selectedRows(rows, (row) => rowHash(row) % FOLDS !== fold));
    const unseen = selectedRows(rows, (row) => rowHash(row) % FOLDS === fold);
    before[fold] = meanOver(binsOf(unseen), calibrationError);
    after[fold] = meanOver(binsOf(calibratedRows(task, calibrators, unseen)), calibrationError);
  }
  const [calibrationErrorBefore, calibrationErrorAfter] = [meanOf(before), meanOf(after)];
  const margin = meanOver(binsOf(rows), calibrationNoise);
  const improves = calibrationErrorAfter < calibrationErrorBefore - margin;
  return {
    calibrators: improves ? fitCalibrators(rows) : null,
    calibrationErrorBefore,
    calibrationErrorAfter,
  };
}

function fitCalibrators({ scores, truthColumns }: ScoredRows): IsotonicCalibrator[] {
  const knots = Math.min(MAX_KNOTS, Math.max(LEAST_KNOTS, Math.floor(MAX_ALL_KNOTS / scores.length)));
  return scores.map((column, k) => fitIsotonic(column, hitsOf(truthColumns, k), knots));
}

/** The rows with probabilities in place of their scores. */
function calibratedRows(
  task: ClassificationTask,
  calibrators: readonly IsotonicCalibrator[],
  { scores, truthColumns }: ScoredRows,
): ScoredRows {
  const probabilities = scores.map((column) => column.slice());
  const row = new Float64Array(scores.length);
  for (let i = 0; i < truthColumns.length; i++) {
    for (let k = 0; k < row.length; k++) row[k] = scores[k]![i]!;
    toProbabilities(task, calibrators, row);
    for (let k = 0; k < row.length; k++) probabilities[k]![i] = row[k]!;
  }
  return { scores: probabilities, truthColumns };
}

/** Turns a row's scores into probabilities, in place; of several classes they add up to 1. */
export function toProbabilities(
  task: ClassificationTask,
  calibrators: readonly IsotonicCalibrator[] | null,
  row: Float64Array,
): void {
  if (task.kind === 'multi-class' && !scale(row)) return;
  if (calibrators === null) return;
  const raw = row.slice();
  for (let k = 0; k < row.length; k++) row[k] = calibrated(calibrators[k]!, row[k]!);
  if (task.kind === 'multi-class' && !scale(row)) row.set(raw);
}

/** Scales to a sum of 1; false, and equal shares, where all are 0. */
function scale(row: Float64Array): boolean {
  let sum = 0;
  for (const x of row) sum += x;
  for (let k = 0; k < row.length; k++) row[k] = sum > 0 ? Math.min(1, row[k]! / sum) : 1 / row.length;
  return sum > 0;
}

function binsOf({ scores, truthColumns }: ScoredRows): CalibrationBins[] {
  return scores.map((column, k) => {
    const bins = emptyCalibrationBins(DEFAULT_CALIBRATION_BINS);
    for (let i = 0; i < column.length; i++) {
      countCalibration(bins, column[i]!, truthColumns[i] === k ? 1 : 0);
    }
    return bins;
  });
}

function meanOver(columns: readonly CalibrationBins[], of: (bins: CalibrationBins) => number): number {
  return meanOf(Float64Array.from(columns, of));
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
