import type { CategoricalGrid, NumericGrid } from '../grid/grid.js';
import type { CategoricalProfile, NumericProfile } from '../profile/profile.js';
import type { BinnedDistributions } from './column-measures.js';
import { numberLabel } from './number-label.js';
import type { SampleSizes } from './sample-sizes.js';

/** The bins of PSI of a numeric column: unions of cells between decile edges, so their counts are exact. */
export function decileBins(
  grid: NumericGrid,
  baseline: NumericProfile,
  window: NumericProfile,
): BinnedDistributions {
  return {
    labels: decilesOf(grid).labels,
    baseline: decileCounts(grid, baseline.counts),
    window: decileCounts(grid, window.counts),
  };
}

/** Values per bin between decile edges. */
export function decileCounts(grid: NumericGrid, counts: Float64Array): number[] {
  const bins: number[] = [];
  let k = 0;
  for (const end of decilesOf(grid).ends) {
    let sum = 0;
    for (; k < end; k++) sum += counts[k]!;
    bins.push(sum);
  }
  return bins;
}

/** The labels of a grid's decile bins, and the number of cells up to the end of each. */
interface Deciles {
  readonly labels: readonly string[];
  readonly ends: Int32Array;
}

/** Kept, because a grid never changes, and putting numbers into words takes longer than all distances. */
const decilesOfGrids = new WeakMap<NumericGrid, Deciles>();

function decilesOf(grid: NumericGrid): Deciles {
  const known = decilesOfGrids.get(grid);
  if (known !== undefined) return known;
  const deciles = { labels: Object.freeze(decileLabels(grid.decileEdges)), ends: decileEnds(grid) };
  decilesOfGrids.set(grid, deciles);
  return deciles;
}

function decileEnds({ edges, decileEdges }: NumericGrid): Int32Array {
  const ends = new Int32Array(decileEdges.length + 1).fill(edges.length + 1);
  let k = 0;
  decileEdges.forEach((edge, bin) => {
    while (k < edges.length && edges[k]! <= edge) k++;
    ends[bin] = k;
  });
  return ends;
}

function decileLabels(edges: Float64Array): string[] {
  if (edges.length === 0) return ['all'];
  return Array.from({ length: edges.length + 1 }, (_, i) => {
    if (i === 0) return `≤ ${numberLabel(edges[0]!)}`;
    if (i === edges.length) return `> ${numberLabel(edges[i - 1]!)}`;
    return `${numberLabel(edges[i - 1]!)} – ${numberLabel(edges[i]!)}`;
  });
}

/** The labels of the pooled bins, in brackets, since a category may have the same name. */
export const POOLED_LABELS = { rest: '(rest)', other: '(other)', unseen: '(unseen)' } as const;

/** Expected count below which a category is pooled: Cochran's (1954) rule for χ². */
const MIN_EXPECTED = 5;

/**
 * The bins of a categorical column: its categories in the grid's order, `other` where the grid has one, `rest`, `unseen`.
 *
 * A category goes to `rest` when its expected count in the smaller sample, by effective sizes, is below 5.
 * `rest` appears only when something is in it; `unseen` always.
 */
export function categoryBins(
  grid: CategoricalGrid,
  baseline: CategoricalProfile,
  window: CategoricalProfile,
  sizes: SampleSizes,
): BinnedDistributions {
  const pooled = pooledBins(grid.categories, baseline.counts, window.counts, {
    sizes,
    baselineCount: baseline.count,
    windowCount: window.count,
  });
  if (grid.isTruncated === true) addBin(pooled, POOLED_LABELS.other, baseline.otherCount, window.otherCount);
  addRest(pooled);
  addBin(pooled, POOLED_LABELS.unseen, baseline.unseenCount, window.unseenCount);
  return { labels: pooled.labels, baseline: pooled.baseline, window: pooled.window };
}

/** The bins of a discrete numeric column: its values as categories, `rest`, `unseen`; null when it is not discrete. */
export function discreteBins(
  grid: NumericGrid,
  baseline: NumericProfile,
  window: NumericProfile,
  sizes: SampleSizes,
): BinnedDistributions | null {
  const [b, c] = [discreteCounts(grid, baseline), discreteCounts(grid, window)];
  if (grid.discreteValues === null || b === null || c === null) return null;
  const labels = Array.from(grid.discreteValues, numberLabel);
  const of = { sizes, baselineCount: baseline.count, windowCount: window.count };
  const pooled = pooledBins(labels, b, c, of);
  addRest(pooled);
  addBin(pooled, POOLED_LABELS.unseen, b.at(-1)!, c.at(-1)!);
  return { labels: pooled.labels, baseline: pooled.baseline, window: pooled.window };
}

interface Samples {
  readonly sizes: SampleSizes;
  readonly baselineCount: number;
  readonly windowCount: number;
}

function pooledBins(
  labels: readonly string[],
  baseline: ArrayLike<number>,
  window: ArrayLike<number>,
  { sizes: { n, m }, baselineCount, windowCount }: Samples,
): MutableBins {
  const bins: MutableBins = { labels: [], baseline: [], window: [], rest: { b: 0, c: 0 } };
  const perBaseline = (n / Math.max(1, baselineCount) / (n + m || 1)) * Math.min(n, m);
  const perWindow = (m / Math.max(1, windowCount) / (n + m || 1)) * Math.min(n, m);
  labels.forEach((label, i) => {
    const b = baseline[i]!;
    const c = window[i]!;
    if (b * perBaseline + c * perWindow >= MIN_EXPECTED) addBin(bins, label, b, c);
    else {
      bins.rest.b += b;
      bins.rest.c += c;
    }
  });
  return bins;
}

interface MutableBins {
  readonly labels: string[];
  readonly baseline: number[];
  readonly window: number[];
  readonly rest: { b: number; c: number };
}

function addRest(bins: MutableBins): void {
  const { b, c } = bins.rest;
  if (b + c > 0) addBin(bins, POOLED_LABELS.rest, b, c);
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
