import type { CategoryBins } from './category-bins.js';

/** Counts per bin of both sides, where no label is needed. */
export interface PooledCounts {
  readonly baseline: readonly number[];
  readonly window: readonly number[];
}

/** The bins with those of pooled values (`other`, `rest`, `unseen`) made one, the last: the values that are rare. */
export function rarePooled({ keptCount, baseline, window }: CategoryBins): PooledCounts {
  return { baseline: pooledFrom(baseline, keptCount), window: pooledFrom(window, keptCount) };
}

/**
 * The same with no more unseen values of the window than new rows like the baseline's would hold, `expectedUnseen`, so that
 * PSI says nothing of new categories, which are judged by their share. Without rare values there is no bin for them.
 *
 * Leaving all unseen values out instead would raise PSI of long-tailed columns without any change: the baseline's tail is
 * all in the grid, the window's is partly new to it.
 */
export function rarePooledAsExpected(bins: CategoryBins, expectedUnseen: number): PooledCounts {
  const { baseline, window } = rarePooled(bins);
  const excess = Math.max(0, bins.window.at(-1)! - expectedUnseen);
  const rare = window.at(-1)! - excess;
  if (baseline.at(-1)! + rare === 0) return { baseline: baseline.slice(0, -1), window: window.slice(0, -1) };
  return { baseline, window: [...window.slice(0, -1), rare] };
}

function pooledFrom(counts: readonly number[], first: number): number[] {
  const kept = counts.slice(0, first);
  let rare = 0;
  for (let i = first; i < counts.length; i++) rare += counts[i]!;
  return [...kept, rare];
}
