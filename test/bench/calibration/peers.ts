import { type ColumnDrift, ksOfSorted } from '#stats';

/** Whether the default rule of each kind of tool calls a column drifted. */
export interface PeerAlarms {
  readonly psi: boolean;
  readonly pValue: boolean;
  readonly distance: boolean;
}

/** What the rules are called in the tables. */
export const PEER_NAMES: Readonly<Record<keyof PeerAlarms, string>> = {
  psi: 'PSI ≥ 0.1, combined bins, ε = 1e-4',
  pValue: 'KS or χ²: p ≤ 0.05 per column',
  distance: 'Wasserstein/σ ≥ 0.1 (categories: Jensen–Shannon ≥ 0.1)',
};

const EPSILON = 1e-4;

/** The rules on a numeric column; both samples in ascending order. */
export function numericPeers(baseline: Float64Array, window: Float64Array, drift: ColumnDrift): PeerAlarms {
  return {
    psi: combinedBinsPsi(baseline, window) >= 0.1,
    pValue: (ksOfSorted(baseline, window)?.pValue ?? 1) <= 0.05,
    distance: (drift.wassersteinNormalized ?? 0) >= 0.1,
  };
}

/** The rules on a categorical column; values are the places of categories. */
export function categoricalPeers(
  baseline: Float64Array,
  window: Float64Array,
  drift: ColumnDrift,
): PeerAlarms {
  return {
    psi: psiOfShares(sharesByValue(baseline), sharesByValue(window)) >= 0.1,
    pValue: (drift.pValue ?? 1) <= 0.05,
    distance: (drift.jensenShannon ?? 0) >= 0.1,
  };
}

/** PSI over ⌈log2(n + m) + 1⌉ bins of equal width between the least and largest value of both samples (Sturges). */
export function combinedBinsPsi(baseline: Float64Array, window: Float64Array): number {
  const min = Math.min(baseline[0]!, window[0]!);
  const max = Math.max(baseline.at(-1)!, window.at(-1)!);
  const bins = Math.ceil(Math.log2(baseline.length + window.length) + 1);
  return psiOfShares(histogram(baseline, min, max, bins), histogram(window, min, max, bins));
}

function histogram(sorted: Float64Array, min: number, max: number, bins: number): Map<number, number> {
  const shares = new Map<number, number>();
  const width = (max - min) / bins;
  let start = 0;
  for (let bin = 0; bin < bins; bin++) {
    const end = bin === bins - 1 ? sorted.length : countBelow(sorted, min + (bin + 1) * width);
    shares.set(bin, (end - start) / sorted.length);
    start = end;
  }
  return shares;
}

function countBelow(sorted: Float64Array, x: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

function sharesByValue(values: Float64Array): Map<number, number> {
  const shares = new Map<number, number>();
  for (const value of values) shares.set(value, (shares.get(value) ?? 0) + 1 / values.length);
  return shares;
}

function psiOfShares(p: ReadonlyMap<number, number>, q: ReadonlyMap<number, number>): number {
  let psi = 0;
  for (const bin of new Set([...p.keys(), ...q.keys()])) {
    const before = Math.max(EPSILON, p.get(bin) ?? 0);
    const after = Math.max(EPSILON, q.get(bin) ?? 0);
    psi += (before - after) * Math.log(before / after);
  }
  return psi;
}
