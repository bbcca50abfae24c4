import { binomialProbability } from './binomial.js';
import { normalTwoSidedSf } from './special-functions.js';

/** Expected successes from which the normal approximation is as good as needed; the exact sum has some 4·√λ terms. */
const MAX_EXACT_EXPECTED = 1000;

/**
 * Fisher's exact two-sided p-value, twice the smaller tail, that `x` of `n` and `y` of `m` have one share; 0 to 1.
 *
 * Counts are rounded to whole numbers, so effective ones may be given. 1 when a side is empty or no row or every row is
 * a success. Where more than 1,000 successes are expected on both sides the z-test of two proportions takes its place.
 * Unlike the z-test it keeps its level for rare events: with 3 of 50 against 0.5%, z says 1e-7 and the truth is 0.002.
 * Source: Fisher (1934), "Statistical methods for research workers", 21.02; golden values: SciPy, `fisher_exact`.
 */
export function fisherTest(x: number, n: number, y: number, m: number): number {
  const { rise, fall } = fisherTails(x, n, y, m);
  return Math.min(1, 2 * Math.min(rise, fall));
}

/** The one-sided p-value that the share rose from `x` of `n` to `y` of `m`; edges as `fisherTest`. */
export function fisherRise(x: number, n: number, y: number, m: number): number {
  return fisherTails(x, n, y, m).rise;
}

interface Tails {
  readonly rise: number;
  readonly fall: number;
}

function fisherTails(x: number, n: number, y: number, m: number): Tails {
  const table = { n: Math.round(n), m: Math.round(m), successes: Math.round(x) + Math.round(y) };
  const found = Math.round(y);
  const total = table.n + table.m;
  if (table.n < 1 || table.m < 1 || table.successes < 1 || table.successes >= total)
    return { rise: 1, fall: 1 };
  const share = table.successes / total;
  const rarer = Math.min(share, 1 - share) * Math.min(table.n, table.m);
  if (rarer > MAX_EXACT_EXPECTED) {
    const error = Math.sqrt(share * (1 - share) * (1 / table.n + 1 / table.m));
    const z = (found / table.m - Math.round(x) / table.n) / error;
    const half = normalTwoSidedSf(z) / 2;
    return z > 0 ? { rise: half, fall: 1 - half } : { rise: 1 - half, fall: half };
  }
  return exactTails(table, found);
}

interface Table {
  readonly n: number;
  readonly m: number;
  readonly successes: number;
}

/** P(Y ≥ found) and P(Y ≤ found) of the hypergeometric Y; the tail away from the mean is summed, the other follows. */
function exactTails({ n, m, successes }: Table, found: number): Tails {
  const point = hypergeometric({ n, m, successes }, found);
  const isAbove = found > (m * successes) / (n + m);
  let term = point;
  let sum = point;
  for (let k = found; term > sum * 1e-17; sum += term) {
    if (isAbove) {
      term *= ((successes - k) * (m - k)) / ((k + 1) * (n - successes + k + 1));
      k++;
    } else {
      term *= (k * (n - successes + k)) / ((successes - k + 1) * (m - k + 1));
      k--;
    }
  }
  const tail = Math.min(1, sum);
  const rest = Math.min(1, Math.max(0, 1 - tail + point));
  return isAbove ? { rise: tail, fall: rest } : { rise: rest, fall: tail };
}

/** C(m, k)·C(n, successes − k)/C(n + m, successes), as a quotient of binomial probabilities, which keeps the digits. */
function hypergeometric({ n, m, successes }: Table, k: number): number {
  if (k > m || successes - k > n) return 0;
  const share = successes / (n + m);
  const joint = binomialProbability(k, m, share) * binomialProbability(successes - k, n, share);
  return joint / binomialProbability(successes, n + m, share);
}
