/** Observation counts per bin, none negative. Both sides of a comparison share one set of bins. */
export type BinCounts = ArrayLike<number>;

/** How empty bins are kept from making the PSI infinite. */
export interface PsiOptions {
  /**
   * `half-count`: both sides become (p + δ)/(1 + Bδ) with δ = ½/min(n, m) over B bins.
   * `epsilon`: an empty share becomes 1e-4 and nothing is renormalised, as other tools do.
   */
  readonly smoothing: 'half-count' | 'epsilon';
}

const EMPTY_SHARE = 1e-4;

/**
 * Population Stability Index, Σ (p − q) ln(p/q), of two histograms over the same bins, in nats, 0 to about 40.
 *
 * Symmetric; with `half-count` exactly 0 for equal shares and never negative; with `epsilon` not a divergence.
 * Null when a side is empty. Without drift PSI·nm/(n+m) ≈ χ²(B−1). Source: Yurdakul (2018), "Statistical properties
 * of the population stability index". Golden values: NumPy 1.24.2.
 * @throws RangeError if the histograms do not have the same number of bins
 */
export function populationStabilityIndex(
  baseline: BinCounts,
  window: BinCounts,
  { smoothing }: PsiOptions = { smoothing: 'half-count' },
): number | null {
  const [n, m] = totals(baseline, window);
  if (n === 0 || m === 0) return null;
  const delta = 0.5 / Math.min(n, m);
  const share = (count: number, total: number): number =>
    smoothing === 'epsilon'
      ? count / total || EMPTY_SHARE
      : (count / total + delta) / (1 + baseline.length * delta);
  let psi = 0;
  for (let i = 0; i < baseline.length; i++) {
    const p = share(baseline[i]!, n);
    const q = share(window[i]!, m);
    if (p !== q) psi += (p - q) * Math.log(p / q);
  }
  return psi;
}

/**
 * Jensen–Shannon distance: the square root of the divergence in bits, 0 (equal shares) to 1 (disjoint).
 *
 * Null when a side is empty. Symmetric, a metric. Source: Lin (1991); golden values: SciPy 1.10.1, base 2.
 * @throws RangeError if the histograms do not have the same number of bins
 */
export function jensenShannonDistance(baseline: BinCounts, window: BinCounts): number | null {
  const bits = sumOverShares(baseline, window, (p, q) => {
    if (p === q) return 0;
    const middle = (p + q) / 2;
    return (p > 0 ? p * Math.log2(p / middle) : 0) + (q > 0 ? q * Math.log2(q / middle) : 0);
  });
  return bits === null ? null : Math.sqrt(Math.min(1, Math.max(0, bits / 2)));
}

/** Hellinger distance √(½ Σ (√p − √q)²), 0 to 1; null when a side is empty. @throws RangeError if the bins differ in number */
export function hellingerDistance(baseline: BinCounts, window: BinCounts): number | null {
  const squares = sumOverShares(baseline, window, (p, q) => (Math.sqrt(p) - Math.sqrt(q)) ** 2);
  return squares === null ? null : Math.sqrt(squares / 2);
}

/** Total variation ½ Σ abs(p − q): the share of rows that changed bin, 0 to 1; null when a side is empty. @throws RangeError if the bins differ in number */
export function totalVariation(baseline: BinCounts, window: BinCounts): number | null {
  const sum = sumOverShares(baseline, window, (p, q) => Math.abs(p - q));
  return sum === null ? null : sum / 2;
}

/** The largest change of one bin's share, max abs(p − q), 0 to 1; null when a side is empty. @throws RangeError if the bins differ in number */
export function lInfinity(baseline: BinCounts, window: BinCounts): number | null {
  let largest = 0;
  const sum = sumOverShares(baseline, window, (p, q) => {
    largest = Math.max(largest, Math.abs(p - q));
    return 0;
  });
  return sum === null ? null : largest;
}

function sumOverShares(
  baseline: BinCounts,
  window: BinCounts,
  term: (p: number, q: number) => number,
): number | null {
  const [n, m] = totals(baseline, window);
  if (n === 0 || m === 0) return null;
  let sum = 0;
  for (let i = 0; i < baseline.length; i++) sum += term(baseline[i]! / n, window[i]! / m);
  return sum;
}

/** The totals of both sides. @throws RangeError if the histograms do not have the same number of bins */
export function totals(baseline: BinCounts, window: BinCounts): [number, number] {
  if (baseline.length !== window.length) {
    throw new RangeError(`bin mismatch: ${baseline.length} baseline, ${window.length} window`);
  }
  let n = 0;
  let m = 0;
  for (let i = 0; i < baseline.length; i++) {
    n += baseline[i]!;
    m += window[i]!;
  }
  return [n, m];
}
