/** Lanczos coefficients, g = 7, nine terms (Godfrey 2001): relative error of Γ about 1e-15. */
const LANCZOS_G = 7;
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** ln Γ(x) for x > 0. */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const z = x - 1;
  const series = LANCZOS.slice(1).reduce((sum, c, i) => sum + c / (z + i + 1), LANCZOS[0]!);
  const t = z + LANCZOS_G + 0.5;
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(series);
}

const MAX_ITERATIONS = 100_000;

/**
 * Regularised upper incomplete gamma function Q(a, x), 0 to 1; 1 at x ≤ 0.
 *
 * Relative error about 1e-12 down to 1e-300. Series below a + 1, Lentz's continued fraction above (NIST DLMF 8.7.1, 8.9.2).
 */
export function upperGamma(a: number, x: number): number {
  if (!(x > 0)) return 1;
  if (x === Infinity) return 0;
  const scale = Math.exp(a * Math.log(x) - x - logGamma(a));
  return x < a + 1 ? Math.max(0, 1 - scale * lowerSeries(a, x)) : scale * upperFraction(a, x);
}

function lowerSeries(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let k = 1; k < MAX_ITERATIONS && term > sum * Number.EPSILON; k++) {
    term *= x / (a + k);
    sum += term;
  }
  return sum;
}

const TINY = 1e-300;

function upperFraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = 1 / TINY;
  let d = 1 / b;
  let result = d;
  for (let i = 1; i < MAX_ITERATIONS; i++) {
    const an = -i * (i - a);
    b += 2;
    d = 1 / (an * d + b || TINY);
    c = b + an / c || TINY;
    result *= d * c;
    if (Math.abs(d * c - 1) < Number.EPSILON) break;
  }
  return result;
}

/** P(X > x) of the χ² distribution; 1 without degrees of freedom. */
export function chiSquareSf(x: number, degreesOfFreedom: number): number {
  return degreesOfFreedom < 1 ? 1 : upperGamma(degreesOfFreedom / 2, x / 2);
}

const QUANTILES = new Map<string, number>();
const MAX_CACHED_QUANTILES = 10_000;

/** The x with P(X ≤ x) = probability of the χ² distribution, by bisection from Wilson and Hilferty's bracket; 1e-10 relative. */
export function chiSquareQuantile(probability: number, degreesOfFreedom: number): number {
  const key = `${probability}/${degreesOfFreedom}`;
  const known = QUANTILES.get(key);
  if (known !== undefined) return known;
  let low = 0;
  let high = degreesOfFreedom + 10;
  while (chiSquareSf(high, degreesOfFreedom) > 1 - probability) high *= 2;
  while (high - low > 1e-11 * high) {
    const middle = (low + high) / 2;
    if (chiSquareSf(middle, degreesOfFreedom) > 1 - probability) low = middle;
    else high = middle;
  }
  if (QUANTILES.size < MAX_CACHED_QUANTILES) QUANTILES.set(key, high);
  return high;
}

/** P(abs(Z) > z) of the standard normal distribution. */
export function normalTwoSidedSf(z: number): number {
  return upperGamma(0.5, (z * z) / 2);
}

/** P(abs(T) > t) of Student's distribution, as the incomplete beta function I_{ν/(ν+t²)}(ν/2, ½). */
export function studentTwoSidedSf(t: number, degreesOfFreedom: number): number {
  const square = t * t;
  if (square === Infinity) return 0;
  return regularizedBeta(
    degreesOfFreedom / (degreesOfFreedom + square),
    square / (degreesOfFreedom + square),
    degreesOfFreedom / 2,
    0.5,
  );
}

/** I_x(a, b) with y = 1 − x given apart, to keep its digits (NIST DLMF 8.17.22). */
function regularizedBeta(x: number, y: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (y <= 0) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * logOf(x, y) + b * logOf(y, x));
  if (x < (a + 1) / (a + b + 2)) return (front * betaFraction(x, a, b)) / a;
  return 1 - (front * betaFraction(y, b, a)) / b;
}

function logOf(x: number, complement: number): number {
  return x > 0.5 ? Math.log1p(-complement) : Math.log(x);
}

function betaFraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / (1 - ((a + b) * x) / (a + 1) || TINY);
  let result = d;
  for (let k = 1; k < MAX_ITERATIONS; k++) {
    const even = (k * (b - k) * x) / ((a + 2 * k - 1) * (a + 2 * k));
    d = 1 / (1 + even * d || TINY);
    c = 1 + even / c || TINY;
    result *= d * c;
    const odd = (-(a + k) * (a + b + k) * x) / ((a + 2 * k) * (a + 2 * k + 1));
    d = 1 / (1 + odd * d || TINY);
    c = 1 + odd / c || TINY;
    result *= d * c;
    if (Math.abs(d * c - 1) < 4 * Number.EPSILON) break;
  }
  return result;
}
