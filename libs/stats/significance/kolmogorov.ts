import { durbinMatrixCdf, pelzGoodCdf } from './kolmogorov-cdf.js';
import { smirnovSf } from './smirnov.js';
import { stirlingError } from './stirling.js';

/** Up to it every result is exact; beyond, as in Simard and L'Ecuyer, expansions take over. */
const MAX_EXACT_N = 140;
/** Up to it Pelz and Good's error can exceed 1e-10 at small x, so that the matrix is needed; there it costs 2 ms. */
const MAX_MATRIX_N = 5000;
/** x√n below which P(D < x) < 1e-10 at any n above 140, so that no method's error matters. */
const NEGLIGIBLE_Z = 0.2;

/**
 * P(D_n ≥ x) of the two-sided one-sample Kolmogorov–Smirnov statistic at sample size n, a whole number up to 2^53; 0 to 1.
 *
 * Agrees with SciPy 1.17.1's `kstwo.sf` to 1e-9 (relative, down to 1e-300) and chooses between methods as it does (Simard and
 * L'Ecuyer 2011, J. Stat. Software 39(11)): exact at n ≤ 140; beyond, Durbin's matrix at n·x^1.5 ≤ 1.4, Pelz and Good up
 * to n·x² = 2.2, then twice the one-sided tail, up to n·x² = 370. Their errors are its errors: 3e-6 at n = 141 and 1e-10
 * at n = 10,000 for the expansion, and where twice the tail begins p steps up by 2·exp(−8·2.2) = 5e-8; but for that step it
 * falls with x. 1 at x ≤ 0, at n < 1, and for NaN; 0 at x ≥ 1.
 * Cost: 0.4 to 4 µs from n = 1,000 on, up to 14 µs below, 40 µs at n ≤ 140; the matrix, at p above 0.9, up to 2 ms.
 */
export function kolmogorovSf(n: number, x: number): number {
  if (!(x > 0) || !(n >= 1)) return 1;
  if (x >= 1) return 0;
  const t = n * x;
  if (t <= 0.5) return 1;
  if (t <= 1) return 1 - factorialOverPower(n) * (2 * t - 1) ** n;
  if (t >= n - 1) return 2 * Math.exp(n * Math.log1p(-x));
  if (n > MAX_EXACT_N && t * x >= 370) return 0;
  if (x >= 0.5 || t * x >= (n <= MAX_EXACT_N ? 4 : 2.2)) return Math.min(1, 2 * smirnovSf(n, x));
  return 1 - (isMatrixNeeded(n, x) ? durbinMatrixCdf(n, x) : pelzGoodCdf(n, x));
}

function isMatrixNeeded(n: number, x: number): boolean {
  if (n <= MAX_EXACT_N) return true;
  return n <= MAX_MATRIX_N && n * x ** 1.5 <= 1.4 && Math.sqrt(n) * x >= NEGLIGIBLE_Z;
}

/** n!/nⁿ, by Stirling's formula. */
function factorialOverPower(n: number): number {
  return Math.sqrt(2 * Math.PI * n) * Math.exp(stirlingError(n) - n);
}

/**
 * The asymptotic two-sample p-value of D: `kstwo.sf(D, round(nm/(n+m)))`, as SciPy's `ks_2samp(method="asymp")`.
 *
 * Conservative for data with ties. 1 when a sample is empty. Halves round to even, as in NumPy.
 */
export function kolmogorovTwoSampleSf(d: number, n: number, m: number): number {
  if (!(n > 0) || !(m > 0)) return 1;
  return kolmogorovSf(roundHalfToEven((n * m) / (n + m)), d);
}

function roundHalfToEven(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}
