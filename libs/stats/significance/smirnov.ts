import { log1pMinus, stirlingError } from './stirling.js';

/** Terms below this part of the sum end it; the bump falls so fast that all further ones together are below it too. */
const NEGLIGIBLE = 1e-17;
/**
 * Standard deviation of the bump of terms, in steps of j, from which the sum equals its integral: by Poisson's summation they
 * differ by 2·exp(−2π²σ²) = 1e-19. Smaller is wrong, larger only slow.
 */
const MIN_BUMP_DEVIATION = 1.5;
/** ln of how much larger the bump's middle must be than the term of j = 0, where it ends sharply: the error is 0.2·e^-25 = 3e-12. */
const MIN_LOG_RISE = 25;

/**
 * P(D⁺_n ≥ x) of the one-sided one-sample Kolmogorov–Smirnov statistic; 1 at x ≤ 0 and for NaN, 0 at x ≥ 1.
 *
 * Birnbaum and Tingey (1951): Σ_j x/(x + j/n) · Binomial(j; n, x + j/n), over 0 ≤ j < n(1−x). Each binomial probability is
 * computed in Loader's (2000) saddle-point form, so that nothing cancels: relative error 1e-12 down to 1e-300. Where the
 * terms form a smooth bump, from n of about 400 on, the sum is an integral (`smirnovIntegral`), and n may be up to 2^53.
 * Cost: 3 µs then, else 40 ns a term.
 */
export function smirnovSf(n: number, x: number): number {
  if (!(x > 0)) return 1;
  if (x >= 1) return 0;
  return Math.min(1, isSmoothBump(n, x) ? smirnovIntegral(n, x) : smirnovSum(n, x));
}

function isSmoothBump(n: number, x: number): boolean {
  const deviation = (Math.sqrt(n) * (1 - x * x)) / (4 * x);
  if (!(deviation >= MIN_BUMP_DEVIATION)) return false;
  return birnbaumTingeyLogRise(n, x) >= MIN_LOG_RISE;
}

/** ln of the binomial's exponent at the middle of the bump, j = n(1−x)/2, over the term of j = 0, (1−x)^n. */
function birnbaumTingeyLogRise(n: number, x: number): number {
  const j = (n * (1 - x)) / 2;
  const t = n * x;
  return j * log1pMinus(t / j) + (n - j) * log1pMinus(-t / (n - j)) - n * Math.log1p(-x);
}

/** The j-th term, j real in (0, n − t), t = nx; `stirlingOfN` is δ(n). */
function birnbaumTingeyTerm(n: number, t: number, j: number, stirlingOfN: number): number {
  const rest = n - j;
  const exponent = j * log1pMinus(t / j) + rest * log1pMinus(-t / rest);
  const stirling = stirlingOfN - stirlingError(j) - stirlingError(rest);
  return (t / (t + j)) * Math.exp(exponent + stirling) * Math.sqrt(n / (2 * Math.PI * j * rest));
}

/**
 * The sum of Birnbaum and Tingey, every term: outward from the middle, until terms no longer matter.
 *
 * Exact but for rounding at any n and x in (0, 1). Cost: 40 ns a term, at most n terms.
 */
export function smirnovSum(n: number, x: number): number {
  const t = n * x;
  const middle = Math.max(1, Math.floor((n - t) / 2));
  const edge = Math.exp(n * Math.log1p(-x));
  const upper = sumFrom(n, t, edge, middle, 1);
  return sumFrom(n, t, upper, middle - 1, -1);
}

/** `sum` and the terms from j = `from` on, in steps of 1 or −1, up to where they fall and are negligible. */
function sumFrom(n: number, t: number, sum: number, from: number, step: 1 | -1): number {
  const stirlingOfN = stirlingError(n);
  let previous = 0;
  let total = sum;
  for (let j = from; j >= 1 && j + t < n; j += step) {
    const term = birnbaumTingeyTerm(n, t, j, stirlingOfN);
    total += term;
    if (term < previous && term < NEGLIGIBLE * total) break;
    previous = term;
  }
  return total;
}

/**
 * The same as an integral over v, j = n(1−x)/(1+e^−v), by the trapezoidal rule in about 30 nodes.
 *
 * In v the exponent is −z²(1 + cosh v) to first order, z = x√n: an entire bump that falls doubly exponentially, so that the rule
 * converges geometrically (Trefethen and Weideman 2014, "The exponentially convergent trapezoidal rule"). Its standard
 * deviation is (1+x)/z, and the step 0.72/√(z²+8) keeps the error below 1e-14 from z² = 0 (limited by the strip of analyticity,
 * 2·exp(−π²/step)) to 400 (limited by the bump's own spectrum, 2·exp(−2π²·deviation²/step²)).
 */
export function smirnovIntegral(n: number, x: number): number {
  const t = n * x;
  const stirlingOfN = stirlingError(n);
  const step = 0.72 / Math.sqrt(n * x * x + 8);
  let sum = 0;
  for (const direction of [1, -1]) {
    let previous = 0;
    for (let v = direction > 0 ? 0 : -step; ; v += direction * step) {
      const logistic = 1 / (1 + Math.exp(-v));
      const j = (n - t) * logistic;
      const term = j + t < n ? birnbaumTingeyTerm(n, t, j, stirlingOfN) * j * (1 - logistic) : 0;
      sum += term;
      if (term <= previous && term <= NEGLIGIBLE * sum) break;
      previous = term;
    }
  }
  return sum * step;
}
