import { addMoments, type Moments, momentsOf } from '../profile/moments.js';
import { studentTwoSidedQuantile } from '../significance/student-quantile.js';
import { intervalWithin, NOT_NEGATIVE, ROUNDING, standardError } from './intervals.js';
import { metricOf, type MetricOptions, undefinedMetric } from './metric.js';
import type { Metric } from './performance.js';

/**
 * Sums of a regression's errors e and truths y: enough for RMSE, R² and the delta method, O(1), and merged by moving the centre.
 *
 * With d = y − mean: `cubes` Σd³, `fourths` Σd⁴, `tilt` Σe²d, `cross` Σe²d². Sums beyond the doubles turn infinite or NaN; a metric
 * then has no interval, or no value.
 */
export interface SquaredErrors {
  readonly truth: Moments;
  readonly squares: Moments;
  cubes: number;
  fourths: number;
  tilt: number;
  cross: number;
}

export function squaredErrorsOf(truth: Float64Array, errors: Float64Array): SquaredErrors {
  const squares = errors.map((e) => e * e);
  const sums = {
    truth: momentsOf(truth),
    squares: momentsOf(squares),
    cubes: 0,
    fourths: 0,
    tilt: 0,
    cross: 0,
  };
  for (let i = 0; i < truth.length; i++) {
    const d = truth[i]! - sums.truth.mean;
    sums.cubes += d * d * d;
    sums.fourths += d * d * d * d;
    sums.tilt += squares[i]! * d;
    sums.cross += squares[i]! * d * d;
  }
  return sums;
}

/** Adds `source` into `target`; both are first taken to their common mean. */
export function addSquaredErrors(target: SquaredErrors, source: SquaredErrors): void {
  if (source.truth.count === 0) return;
  const truth = { ...target.truth };
  addMoments(truth, source.truth);
  const [one, other] = [centredAt(target, truth.mean), centredAt(source, truth.mean)];
  Object.assign(target.truth, truth);
  addMoments(target.squares, source.squares);
  target.cubes = one.cubes + other.cubes;
  target.fourths = one.fourths + other.fourths;
  target.tilt = one.tilt + other.tilt;
  target.cross = one.cross + other.cross;
}

/** The sums over d − h, h the step from the mean to the new centre; Σd = 0. */
function centredAt(
  { truth, squares, cubes, fourths, tilt, cross }: SquaredErrors,
  centre: number,
): Pick<SquaredErrors, 'cubes' | 'fourths' | 'tilt' | 'cross'> {
  const { count: n, m2 } = truth;
  if (n === 0) return { cubes: 0, fourths: 0, tilt: 0, cross: 0 };
  const h = centre - truth.mean;
  const squareSum = squares.count * squares.mean;
  return {
    cubes: cubes - 3 * h * m2 - n * h ** 3,
    fourths: fourths - 4 * h * cubes + 6 * h * h * m2 + n * h ** 4,
    tilt: tilt - h * squareSum,
    cross: cross - 2 * h * tilt + h * h * squareSum,
  };
}

/** √(mean e²), its interval by the delta method on the logarithm, with Student's factor. */
export function rootMeanSquaredError(sums: SquaredErrors, { confidence, ifNone }: MetricOptions): Metric {
  const { squares } = sums;
  if (squares.count === 0) return undefinedMetric(ifNone, 0);
  const value = Math.sqrt(squares.mean);
  const error = standardError(squares);
  if (error === null) return metricOf(value, squares.count, null);
  const factor = studentTwoSidedQuantile(1 - confidence, squares.count - 1);
  const spread = Math.exp((factor * error) / (2 * squares.mean));
  const interval = intervalWithin(NOT_NEGATIVE, 'log-delta', [value / spread, value * spread]);
  return metricOf(value, squares.count, interval);
}

/**
 * R² = 1 − Σe²/Σ(y − mean)², at most 1; below 0 where the mean of the truth would have been the better prediction.
 *
 * The interval is that of ln(1 − R²), whose rows deviate by e²/mean(e²) − d²/var(y).
 */
export function rSquared(sums: SquaredErrors, { confidence, ifNone }: MetricOptions): Metric {
  const { truth, squares } = sums;
  const n = truth.count;
  if (n === 0) return undefinedMetric(ifNone, 0);
  if (truth.min === truth.max) return undefinedMetric('constant-truth', n);
  const unexplained = squares.mean / (truth.m2 / n);
  const value = 1 - unexplained;
  const variance = logVariance(sums);
  if (n < 2 || !(variance > 0)) return metricOf(value, n, null);
  const spread = Math.exp(studentTwoSidedQuantile(1 - confidence, n - 1) * Math.sqrt(variance / (n - 1)));
  const ends: [number, number] = [1 - unexplained * spread, 1 - unexplained / spread];
  return metricOf(value, n, intervalWithin({ min: -Infinity, max: 1 }, 'log-delta', ends));
}

/** The variance of a row's deviation of ln(1 − R²); 0 where its terms cancel but for rounding, as for a prediction that is always the mean. */
function logVariance({ truth, squares, fourths, cross }: SquaredErrors): number {
  const n = truth.count;
  const meanSquare = squares.mean;
  const variance = truth.m2 / n;
  const ofErrors = squares.m2 / n / meanSquare ** 2 + 1;
  const ofBoth = (2 * cross) / n / (meanSquare * variance);
  const ofTruth = fourths / n / variance ** 2;
  const sum = ofErrors - ofBoth + ofTruth;
  return sum > ROUNDING * (ofErrors + ofBoth + ofTruth) ? sum : 0;
}
