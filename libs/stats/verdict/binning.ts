import type { CategoricalGrid, NumericGrid } from '../grid/grid.js';
import type { CategoricalProfile, NumericProfile } from '../profile/profile.js';
import type { BinnedDistributions } from './column-drift.js';

/** The bins of PSI of a numeric column: unions of cells between decile edges, so their counts are exact. */
export function decileBins(
  grid: NumericGrid,
  baseline: NumericProfile,
  window: NumericProfile,
): BinnedDistributions {
  return {
    labels: decileLabels(grid.decileEdges),
    baseline: decileCounts(grid, baseline.counts),
    window: decileCounts(grid, window.counts),
  };
}

function decileCounts({ edges, decileEdges }: NumericGrid, counts: Float64Array): number[] {
  const bins = new Array<number>(decileEdges.length + 1).fill(0);
  let bin = 0;
  for (let k = 0; k < counts.length; k++) {
    const right = k < edges.length ? edges[k]! : Infinity;
    while (bin < decileEdges.length && right > decileEdges[bin]!) bin++;
    bins[bin]! += counts[k]!;
  }
  return bins;
}

function decileLabels(edges: Float64Array): string[] {
  if (edges.length === 0) return ['all'];
  return Array.from({ length: edges.length + 1 }, (_, i) => {
    if (i === 0) return `≤ ${numberLabel(edges[0]!)}`;
    if (i === edges.length) return `> ${numberLabel(edges[i - 1]!)}`;
    return `${numberLabel(edges[i - 1]!)} – ${numberLabel(edges[i]!)}`;
  });
}

/** A number in at most four significant digits, whole numbers in full up to seven digits. */
export function numberLabel(x: number): string {
  if (Number.isInteger(x) && Math.abs(x) < 1e7) return String(x + 0);
  return String(Number(x.toPrecision(4)));
}

/** The labels of the pooled bins, in brackets, since a category may have the same name. */
export const POOLED_LABELS = { rest: '(rest)', other: '(other)', unseen: '(unseen)' } as const;

/** Expected count below which a category is pooled: Cochran's (1954) rule for χ². */
const MIN_EXPECTED = 5;

/**
 * The bins of a categorical column: its categories in the grid's order, `other` where the grid has one, `rest`, `unseen`.
 *
 * A category goes to `rest` when its expected count in the smaller sample, (b + c)·min(n, m)/(n + m), is below 5.
 * `rest` appears only when something is in it; `unseen` always.
 */
export function categoryBins(
  grid: CategoricalGrid,
  baseline: CategoricalProfile,
  window: CategoricalProfile,
): BinnedDistributions {
  const share = Math.min(baseline.count, window.count) / Math.max(1, baseline.count + window.count);
  const bins = emptyBins();
  const rest = { b: 0, c: 0 };
  grid.categories.forEach((category, i) => {
    const b = baseline.counts[i]!;
    const c = window.counts[i]!;
    if ((b + c) * share >= MIN_EXPECTED) addBin(bins, category, b, c);
    else {
      rest.b += b;
      rest.c += c;
    }
  });
  if (grid.isTruncated === true) addBin(bins, POOLED_LABELS.other, baseline.otherCount, window.otherCount);
  if (rest.b + rest.c > 0) addBin(bins, POOLED_LABELS.rest, rest.b, rest.c);
  addBin(bins, POOLED_LABELS.unseen, baseline.unseenCount, window.unseenCount);
  return bins;
}

interface MutableBins {
  readonly labels: string[];
  readonly baseline: number[];
  readonly window: number[];
}

function emptyBins(): MutableBins {
  return { labels: [], baseline: [], window: [] };
}

function addBin(bins: MutableBins, label: string, b: number, c: number): void {
  bins.labels.push(label);
  bins.baseline.push(b);
  bins.window.push(c);
}

/**
 * Counts per discrete value of a numeric column, in the order of `discreteValues`, and last all other values; null when
 * the column is not discrete. Exact, because each discrete value owns an atom cell.
 */
export function discreteCounts(grid: NumericGrid, profile: NumericProfile): number[] | null {
  if (grid.discreteValues === null) return null;
  const counts: number[] = [];
  let k = 0;
  for (const value of grid.discreteValues) {
    while (grid.edges[k]! < value) k++;
    counts.push(profile.counts[k]!);
  }
  return [...counts, profile.count - counts.reduce((sum, count) => sum + count, 0)];
}
