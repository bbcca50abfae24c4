import { finiteOrNull } from '../distance/wasserstein.js';
import { studentTwoSidedSf } from './special-functions.js';

/** What a comparison of means needs of a sample: its size, mean and M2 = Σ(x − mean)². */
export interface SampleMoments {
  readonly count: number;
  readonly mean: number;
  readonly m2: number;
}

/** Welch's test with the sizes of the effects: Cohen's d (pooled standard deviation), and the ratio of variances b/a. */
export interface WelchTest {
  readonly statistic: number;
  readonly degreesOfFreedom: number;
  readonly pValue: number;
  readonly cohensD: number;
  /** Null when sample a does not vary or the ratio overflows. */
  readonly varianceRatio: number | null;
}

/**
 * Welch's t-test that two samples of unequal variance have one mean, t = (mean_a − mean_b)/√(s²_a/n_a + s²_b/n_b).
 *
 * Null when a sample has fewer than two values, or neither varies, or a term overflows.
 * Source: Welch (1947); golden values: SciPy 1.17.1, `ttest_ind(equal_var=False)`.
 */
export function welchT(a: SampleMoments, b: SampleMoments): WelchTest | null {
  if (a.count < 2 || b.count < 2) return null;
  const u = a.m2 / (a.count - 1) / a.count;
  const v = b.m2 / (b.count - 1) / b.count;
  const statistic = (a.mean - b.mean) / Math.sqrt(u + v);
  const degreesOfFreedom = 1 / ((u / (u + v)) ** 2 / (a.count - 1) + (v / (u + v)) ** 2 / (b.count - 1));
  if (!Number.isFinite(statistic) || !Number.isFinite(degreesOfFreedom)) return null;
  const pooled = Math.sqrt((a.m2 + b.m2) / (a.count + b.count - 2));
  return {
    statistic,
    degreesOfFreedom,
    pValue: studentTwoSidedSf(statistic, degreesOfFreedom),
    cohensD: (a.mean - b.mean) / pooled,
    varianceRatio: finiteOrNull((v * b.count) / (u * a.count)),
  };
}
