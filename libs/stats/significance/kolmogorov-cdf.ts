import { stirlingError } from './stirling.js';

/** 1/20! = 4e-19: entries of Durbin's matrix further from the diagonal are below rounding, and are left out. */
const BAND = 20;
const INVERSE_FACTORIALS = inverseFactorials(BAND);

/**
 * P(D_n < d), exact, from the middle entry of the n-th power of Durbin's matrix H of order 2⌈nd⌉ − 1.
 *
 * The middle column of Hⁿ is applied to a vector, a step at a time, so only a band of H is ever used; and since H is symmetric
 * about its antidiagonal, n/2 steps give both halves of the product. Only positive terms are added: relative error 1e-13.
 * 0 where the result is below 1e-300. Cost: 10·order·n multiplications, 50 µs at n = 140, 1 ms at n = 3,000.
 * Source: Marsaglia, Tsang and Wang (2003), "Evaluating Kolmogorov's distribution", J. Stat. Software 8(18).
 */
export function durbinMatrixCdf(n: number, d: number): number {
  const k = Math.ceil(n * d);
  const border = borderOf(2 * k - 1, k - n * d);
  let vector = new Float64Array(2 * k - 1);
  vector[k - 1] = 1;
  let spare = new Float64Array(2 * k - 1);
  const half = Math.floor(n / 2);
  for (let i = 0; i < half; i++) {
    stepInto(spare, vector, border);
    [vector, spare] = [spare, vector];
  }
  let other = vector;
  if (n % 2 === 1) {
    stepInto(spare, vector, border);
    other = spare;
  }
  return Math.min(
    1,
    antidiagonalProduct(vector, other) * Math.sqrt(2 * Math.PI * n) * Math.exp(stirlingError(n)),
  );
}

/** First column of H/e, whose last entry is the corner; reversed, it is the last row. */
function borderOf(order: number, h: number): Float64Array {
  const border = new Float64Array(order);
  for (let i = 0, inverse = 1; i < order; i++) {
    inverse /= i + 1;
    border[i] = ((1 - h ** (i + 1)) * inverse) / Math.E;
    if (i === order - 1)
      border[i] = ((1 - 2 * h ** order + Math.max(0, 2 * h - 1) ** order) * inverse) / Math.E;
  }
  return border;
}

/** to = (H/e)·from; 1/e keeps the powers near 1, since n!/nⁿ = √(2πn)·e^(δ(n) − n). */
function stepInto(to: Float64Array, from: Float64Array, border: Float64Array): void {
  const last = from.length - 1;
  const first = from[0]!;
  for (let i = 0; i < last; i++) {
    let sum = border[i]! * first;
    for (let j = i + 1, k = 0; k <= BAND && j > 0; j--, k++) sum += from[j]! * INVERSE_FACTORIALS[k]!;
    to[i] = sum;
  }
  let sum = border[last]! * first;
  for (let j = 1; j <= last; j++) sum += border[last - j]! * from[j]!;
  to[last] = sum;
}

function antidiagonalProduct(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[a.length - 1 - i]! * b[i]!;
  return sum;
}

function inverseFactorials(count: number): Float64Array {
  const inverse = new Float64Array(count + 1);
  inverse[0] = 1 / Math.E;
  for (let k = 1; k <= count; k++) inverse[k] = inverse[k - 1]! / k;
  return inverse;
}

/**
 * P(D_n ≤ x) to order n^(−3/2), for small and moderate x where Kolmogorov's own series converges slowly.
 *
 * Error about 1/n², which below n = 140 is too much. Source: Pelz and Good (1976), "Approximating the lower tail-areas
 * of the Kolmogorov–Smirnov one-sample statistic", J. R. Stat. Soc. B 38, in the form of Simard and L'Ecuyer (2011).
 */
export function pelzGoodCdf(n: number, x: number): number {
  const z = Math.sqrt(n) * x;
  if (z < 0.0418) return 0;
  const z2 = z * z;
  const pi2 = Math.PI ** 2;
  const sums: [number, number, number, number] = [0, 0, 0, 0];
  const terms = Math.ceil((16 * z) / Math.PI);
  for (let k = terms; k >= 1; k--) {
    const odd = (pi2 / 4) * (2 * k - 1) ** 2;
    const weight = Math.exp(-odd / (2 * z2));
    sums[0] += weight;
    sums[1] += weight * (odd - z2);
    sums[2] += weight * (6 * z2 ** 3 + 2 * z2 ** 2 + (2 * z2 ** 2 - 5 * z2) * odd + (1 - 2 * z2) * odd ** 2);
    sums[3] += weight * oddTermOfThirdOrder(z2, odd);
  }
  const even = evenSums(terms, z2);
  const root = Math.sqrt(2 * Math.PI);
  const k2 = sums[2] / (72 * z ** 7) - (even.second * pi2) / (36 * z ** 3);
  const k3 = sums[3] / (6480 * z ** 10) + (even.third * pi2) / (216 * z2 ** 3);
  const cdf = sums[0] / z + sums[1] / (6 * z2 ** 2) / Math.sqrt(n) + k2 / n + k3 / n ** 1.5;
  return Math.min(1, Math.max(0, root * cdf));
}

function oddTermOfThirdOrder(z2: number, odd: number): number {
  const constant = -30 * z2 ** 3 - 90 * z2 ** 4;
  const linear = 135 * z2 ** 2 - 96 * z2 ** 3;
  return constant + linear * odd + (212 * z2 ** 2 - 60 * z2) * odd ** 2 + (5 - 30 * z2) * odd ** 3;
}

function evenSums(terms: number, z2: number): { second: number; third: number } {
  let second = 0;
  let third = 0;
  for (let k = terms; k >= 1; k--) {
    const weight = k * k * Math.exp((-(Math.PI ** 2) * k * k) / (2 * z2));
    second += weight;
    third += weight * (3 * z2 - (Math.PI * k) ** 2);
  }
  return { second, third };
}
