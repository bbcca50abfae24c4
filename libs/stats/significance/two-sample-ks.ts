import { sortBuffers, sortedFinite } from '../grid/radix-sort.js';
import { kolmogorovTwoSampleSf } from './kolmogorov.js';

/** The two-sample Kolmogorov–Smirnov statistic with its p-value and how that was found. */
export interface TwoSampleKs {
  readonly statistic: number;
  readonly pValue: number;
  readonly method: 'exact' | 'asymptotic';
}

/** Lattice points up to which the exact p-value is computed: 4 million take at most 7 ms. */
const MAX_EXACT_POINTS = 4_000_000;

/**
 * The two-sample Kolmogorov–Smirnov test of raw samples; null when one has no finite value.
 *
 * NaN and ±∞ are left out. The statistic, max abs(F_a − F_b), 0 to 1, is exact. So is p, up to n·m = 4,000,000: the share of
 * orderings of n + m distinct values whose D is at least this large, to 1e-11 down to 1e-300; ties make it conservative.
 * Beyond, it is `kolmogorovTwoSampleSf`. Golden values: SciPy 1.17.1, `ks_2samp` with `method="exact"` and `"asymp"`.
 * Cost: two sorts, and a merge where D may lie, 40 ns a value.
 */
export function twoSampleKs(a: ArrayLike<number>, b: ArrayLike<number>): TwoSampleKs | null {
  // One scratch memory for both: a new one costs the time of a merge.
  const ofA = sortBuffers(Math.max(a.length, b.length));
  const x = sortedFinite(a, ofA);
  return ksOfSorted(x, sortedFinite(b, { ...ofA, sorted: new Float64Array(b.length) }));
}

/** The same of samples that are finite and ascending. */
export function ksOfSorted(x: Float64Array, y: Float64Array): TwoSampleKs | null {
  if (x.length === 0 || y.length === 0) return null;
  const distance = latticeDistance(x, y);
  const points = x.length * y.length;
  const statistic = distance / points;
  if (points > MAX_EXACT_POINTS) {
    return { statistic, pValue: kolmogorovTwoSampleSf(statistic, x.length, y.length), method: 'asymptotic' };
  }
  return { statistic, pValue: exactSf(distance, x.length, y.length), method: 'exact' };
}

/** Values of x between two corners. */
const BLOCK = 256;

/**
 * n·m·D, a whole number: the largest difference of both cumulative counts, after each distinct value.
 *
 * Taken first at corners, every 256 values of x. Inside a block between two of them it stays below the counts of one side at
 * its end less those of the other at its start; only blocks that may exceed what is already known are merged, few of them.
 */
function latticeDistance(x: Float64Array, y: Float64Array): number {
  const n = x.length;
  const m = y.length;
  const { inX, inY } = cornersOf(x, y);
  let largest = 0;
  for (let b = 0; b < inX.length; b++) largest = Math.max(largest, Math.abs(inX[b]! * m - inY[b]! * n));
  for (let b = 1; b < inX.length; b++) {
    const block = { fromX: inX[b - 1]!, toX: inX[b]!, fromY: inY[b - 1]!, toY: inY[b]! };
    const atMost = Math.max(block.toX * m - block.fromY * n, block.toY * n - block.fromX * m);
    if (atMost > largest) largest = Math.max(largest, distanceWithin(x, y, block));
  }
  return largest;
}

/** Values of each side up to a corner, ties included, so that both cumulative counts are of one value. */
interface Corners {
  readonly inX: readonly number[];
  readonly inY: readonly number[];
}

function cornersOf(x: Float64Array, y: Float64Array): Corners {
  const inX = [0];
  const inY = [0];
  let i = 0;
  let j = 0;
  while (x.length - i > BLOCK) {
    const t = x[i + BLOCK - 1]!;
    i = endOf(x, t, i);
    j = endOf(y, t, j);
    inX.push(i);
    inY.push(j);
  }
  inX.push(x.length);
  inY.push(y.length);
  return { inX, inY };
}

/** The place after the last value that is at most t, from `start` on. */
function endOf(values: Float64Array, t: number, start: number): number {
  let low = start;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! <= t) low = middle + 1;
    else high = middle;
  }
  return low;
}

interface Block {
  readonly fromX: number;
  readonly toX: number;
  readonly fromY: number;
  readonly toY: number;
}

/** The largest n·m·abs(F_x − F_y) after a distinct value of the block, its end left out. */
function distanceWithin(x: Float64Array, y: Float64Array, { fromX, toX, fromY, toY }: Block): number {
  const n = x.length;
  const m = y.length;
  let i = fromX;
  let j = fromY;
  let largest = 0;
  while (i < toX && j < toY) {
    const u = x[i]!;
    const v = y[j]!;
    const t = u < v ? u : v;
    while (i < toX && x[i]! === t) i++;
    while (j < toY && y[j]! === t) j++;
    const difference = Math.abs(i * m - j * n);
    if (difference > largest) largest = difference;
  }
  return largest;
}

/**
 * The share of lattice paths from (0, 0) to (n, m) that touch abs(i·m − j·n) ≥ distance.
 *
 * Recursion over the last step, share(i, j) = (i·share(i−1, j) + j·share(i, j−1))/(i + j), on the band inside only: outside
 * the share is 1. Only positive terms are added, so that tiny values keep their digits. Cost: 3 ns a point of the band.
 * Source: Hodges (1958), "The significance probability of the Smirnov two-sample test".
 */
function exactSf(distance: number, n: number, m: number): number {
  if (distance === 0) return 1;
  const row = new Float64Array(m + 1).fill(1);
  const reciprocals = Float64Array.from({ length: n + m + 1 }, (_, k) => 1 / k);
  for (let i = 0; i <= n; i++) {
    // The band of row i, abs(i·m − j·n) < distance, rises with i; to its left and right the shares are 1.
    const from = Math.max(0, Math.floor((i * m - distance) / n) + 1);
    const to = Math.min(m, Math.ceil((i * m + distance) / n) - 1);
    if (from > 0) row[from - 1] = 1;
    sweepRow(row, { i, from, to }, reciprocals);
  }
  return Math.min(1, row[m]!);
}

interface Band {
  readonly i: number;
  readonly from: number;
  readonly to: number;
}

/** Replaces the shares of row i − 1 by those of row i. */
function sweepRow(row: Float64Array, { i, from, to }: Band, reciprocals: Float64Array): void {
  let left = from > 0 ? 1 : 0;
  for (let j = from; j <= to; j++) {
    const reciprocal = i + j > 0 ? reciprocals[i + j]! : 0;
    left = row[j]! * (i * reciprocal) + left * (j * reciprocal);
    row[j] = left;
  }
}
