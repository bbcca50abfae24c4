import { shareChange, type ShareChange } from '../significance/proportions.js';
import { type BinComparison, compareBins } from './bin-comparison.js';

/** Counts of both samples per category. */
export interface CategoryBins {
  /** The category's name, or `(rest)` and `(unseen)` for the pooled bins. */
  readonly labels: readonly string[];
  readonly baseline: readonly number[];
  readonly window: readonly number[];
}

/** Every distance and test of two categorical samples; null where it is undefined, never NaN. */
export interface CategoricalSampleDistances extends BinComparison {
  /** Values that are not missing. */
  readonly baselineCount: number;
  readonly windowCount: number;
  readonly bins: CategoryBins;
  /** Null values among all. */
  readonly missing: ShareChange | null;
  /** Values that the baseline does not have, among those that are not missing. */
  readonly unseen: ShareChange | null;
}

/** Whether rare categories share a bin. */
export interface PoolingOptions {
  /**
   * `false`: each category of either sample has its bin. `true`: those whose expected count in the smaller sample,
   * (b + c)·min(n, m)/(n + m), is below 5 share `(rest)`, if there are any, and those not in the baseline `(unseen)`, always.
   */
  readonly pooled: boolean;
}

/** Cochran's (1954) rule for χ². */
const MIN_EXPECTED = 5;

/**
 * Every distance and test of two raw categorical samples: what the results from profiles are held to.
 *
 * null is missing. Bins are in the order of their labels (by code unit), the pooled ones last, so that the result does not
 * depend on the order of values. Cost: 50 ns a value.
 */
export function categoricalSampleDistances(
  baseline: readonly (string | null)[],
  window: readonly (string | null)[],
  { pooled }: PoolingOptions = { pooled: false },
): CategoricalSampleDistances {
  const b = categoryCounts(baseline);
  const c = categoryCounts(window);
  const unseen = [...c.counts].reduce(
    (sum, [category, count]) => sum + (b.counts.has(category) ? 0 : count),
    0,
  );
  const bins = pooled ? pooledBins(b, c, unseen) : separateBins(b, c);
  return {
    baselineCount: b.total,
    windowCount: c.total,
    bins,
    ...compareBins(bins.baseline, bins.window),
    missing: shareChange(baseline.length - b.total, baseline.length, window.length - c.total, window.length),
    unseen: shareChange(0, b.total, unseen, c.total),
  };
}

interface CategoryCounts {
  readonly counts: ReadonlyMap<string, number>;
  readonly total: number;
}

function categoryCounts(values: readonly (string | null)[]): CategoryCounts {
  const counts = new Map<string, number>();
  let total = 0;
  for (const value of values) {
    if (value === null) continue;
    counts.set(value, (counts.get(value) ?? 0) + 1);
    total++;
  }
  return { counts, total };
}

function separateBins(b: CategoryCounts, c: CategoryCounts): CategoryBins {
  const labels = [...new Set([...b.counts.keys(), ...c.counts.keys()])].sort();
  return {
    labels,
    baseline: labels.map((label) => b.counts.get(label) ?? 0),
    window: labels.map((label) => c.counts.get(label) ?? 0),
  };
}

function pooledBins(b: CategoryCounts, c: CategoryCounts, unseen: number): CategoryBins {
  const share = Math.min(b.total, c.total) / Math.max(1, b.total + c.total);
  const rows: [label: string, b: number, c: number][] = [];
  const rest: [string, number, number] = ['(rest)', 0, 0];
  for (const category of [...b.counts.keys()].sort()) {
    const count = b.counts.get(category) ?? 0;
    const found = c.counts.get(category) ?? 0;
    if ((count + found) * share >= MIN_EXPECTED) rows.push([category, count, found]);
    else {
      rest[1] += count;
      rest[2] += found;
    }
  }
  if (rest[1] + rest[2] > 0) rows.push(rest);
  rows.push(['(unseen)', 0, unseen]);
  return {
    labels: rows.map(([label]) => label),
    baseline: rows.map(([, count]) => count),
    window: rows.map(([, , count]) => count),
  };
}
