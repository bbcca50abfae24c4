const SCALE = 2 ** 128;

/**
 * P(D_n < d), exact, by powers of Durbin's matrix of order 2⌈nd⌉ − 1. Cost: order³·log₂ n.
 *
 * Source: Marsaglia, Tsang and Wang (2003), "Evaluating Kolmogorov's distribution", J. Stat. Software 8(18).
 */
export function durbinMatrixCdf(n: number, d: number): number {
  const k = Math.ceil(n * d);
  const order = 2 * k - 1;
  let base: Scaled = { matrix: durbinMatrix(order, k - n * d), exponent: 0 };
  let power: Scaled | null = null;
  for (let rest = n; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) power = power === null ? base : rescaled(product(power, base, order), k, order);
    if (rest > 1) base = rescaled(product(base, base, order), k, order);
  }
  if (power === null) return 0;
  let p = power.matrix[(k - 1) * order + k - 1]!;
  let { exponent } = power;
  for (let i = 1; i <= n; i++) {
    p *= i / n;
    if (p < 1 / SCALE) {
      p *= SCALE;
      exponent--;
    }
  }
  return Math.min(1, Math.max(0, p * SCALE ** exponent));
}

interface Scaled {
  readonly matrix: Float64Array;
  readonly exponent: number;
}

function durbinMatrix(order: number, h: number): Float64Array {
  const matrix = new Float64Array(order * order);
  const inverseFactorial = [1];
  for (let i = 1; i <= order; i++) inverseFactorial.push(inverseFactorial[i - 1]! / i);
  for (let i = 0; i < order; i++) {
    for (let j = 1; j <= Math.min(i + 1, order - 1); j++)
      matrix[i * order + j] = inverseFactorial[i - j + 1]!;
  }
  for (let i = 0; i < order; i++) {
    const border = (1 - h ** (i + 1)) * inverseFactorial[i + 1]!;
    matrix[i * order] = border;
    matrix[(order - 1) * order + order - 1 - i] = border;
  }
  const corner = 1 - 2 * h ** order + Math.max(0, 2 * h - 1) ** order;
  matrix[(order - 1) * order] = corner * inverseFactorial[order]!;
  return matrix;
}

function product(a: Scaled, b: Scaled, order: number): Scaled {
  const matrix = new Float64Array(order * order);
  for (let i = 0; i < order; i++) {
    for (let l = 0; l < order; l++) {
      const factor = a.matrix[i * order + l]!;
      for (let j = 0; j < order; j++) matrix[i * order + j]! += factor * b.matrix[l * order + j]!;
    }
  }
  return { matrix, exponent: a.exponent + b.exponent };
}

function rescaled(scaled: Scaled, k: number, order: number): Scaled {
  if (scaled.matrix[(k - 1) * order + k - 1]! <= SCALE) return scaled;
  return { matrix: scaled.matrix.map((x) => x / SCALE), exponent: scaled.exponent + 1 };
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
