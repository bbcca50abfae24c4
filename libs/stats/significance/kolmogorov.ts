import { durbinMatrixCdf, pelzGoodCdf } from './kolmogorov-cdf.js';
import { smirnovSf } from './smirnov.js';

/** Above it the exact matrix takes more than a millisecond or two, and Pelz and Good's error is below 1e-8. */
const MAX_MATRIX_N = 10_000;

/**
 * P(D_n ≥ x) of the two-sided one-sample Kolmogorov–Smirnov statistic at sample size n, a whole number; 0 to 1.
 *
 * Agrees with SciPy 1.10.1's `kstwo.sf` to 1e-9, and chooses between the methods as it does (Simard and L'Ecuyer 2011,
 * J. Stat. Software 39(11)), save that the exact matrix ends at n = 10,000, where SciPy goes on to 100,000 (and Pomeranz's recursion
 * is replaced by the matrix: both are exact). 1 at x ≤ 0, at n < 1, and for NaN; 0 at x ≥ 1.
 */
export function kolmogorovSf(n: number, x: number): number {
  if (!(x > 0) || n < 1) return 1;
  if (x >= 1) return 0;
  const t = n * x;
  if (t <= 0.5) return 1;
  if (t <= 1) return 1 - factorialOverPower(n) * (2 * t - 1) ** n;
  if (t >= n - 1) return 2 * (1 - x) ** n;
  if (t * x >= 370) return 0;
  if (x >= 0.5 || t * x >= (n <= 140 ? 4 : 2.2)) return Math.min(1, 2 * smirnovSf(n, x));
  const isExact = n <= 140 || (n <= MAX_MATRIX_N && n * x ** 1.5 <= 1.4);
  return 1 - (isExact ? durbinMatrixCdf(n, x) : pelzGoodCdf(n, x));
}

function factorialOverPower(n: number): number {
  let product = 1;
  for (let i = 1; i <= n && product > 0; i++) product *= i / n;
  return product;
}

/**
 * The asymptotic two-sample p-value of D: `kstwo.sf(D, round(nm/(n+m)))`, as SciPy's `ks_2samp(method="asymp")`.
 *
 * Conservative for data with ties. 1 when a sample is empty. Halves round to even, as in NumPy.
 */
export function kolmogorovTwoSampleSf(d: number, n: number, m: number): number {
  return n < 1 || m < 1 ? 1 : kolmogorovSf(roundHalfToEven((n / (n + m)) * m), d);
}

function roundHalfToEven(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}
