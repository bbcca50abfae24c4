import type { NumericGrid } from '../grid/grid.js';
import type { NumericProfile } from '../profile/profile.js';
import type { BinnedDistributions } from './column-measures.js';
import { numberLabel } from './number-label.js';

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
