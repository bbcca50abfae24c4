import { log1pMinus, stirlingError } from './stirling.js';

/**
 * P(X = k) of the binomial distribution of n trials, for whole k in 0 to n and a share p strictly between 0 and 1.
 *
 * Relative error 1e-13 down to 1e-300 at any n up to 2^53: Loader's (2000) saddle-point form, in which no large numbers
 * cancel. Golden values: SciPy 1.17.1, `binom.pmf`.
 */
export function binomialProbability(k: number, n: number, p: number): number {
  if (k < 0 || k > n) return 0;
  if (k === 0) return Math.exp(n * Math.log1p(-p));
  if (k === n) return Math.exp(n * Math.log(p));
  const rest = n - k;
  const exponent = k * log1pMinus((n * p - k) / k) + rest * log1pMinus((n * (1 - p) - rest) / rest);
  const stirling = stirlingError(n) - stirlingError(k) - stirlingError(rest);
  return Math.exp(exponent + stirling) * Math.sqrt(n / (2 * Math.PI * k * rest));
}
