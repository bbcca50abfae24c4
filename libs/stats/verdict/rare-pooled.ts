import { POOLED_LABELS } from './binning.js';
import type { BinnedDistributions } from './column-measures.js';

/** The bins with those of pooled values, at the end (`other`, `rest`, `unseen`), made one: the values that are rare. */
export function rarePooled({
  labels,
  baseline,
  window,
}: BinnedDistributions): Pick<BinnedDistributions, 'baseline' | 'window'> {
  let first = labels.length - 1;
  if (labels[first - 1] === POOLED_LABELS.rest) first--;
  if (labels[first - 1] === POOLED_LABELS.other) first--;
  return { baseline: pooledFrom(baseline, first), window: pooledFrom(window, first) };
}

function pooledFrom(counts: readonly number[], first: number): number[] {
  const kept = counts.slice(0, first);
  let rare = 0;
  for (let i = first; i < counts.length; i++) rare += counts[i]!;
  return [...kept, rare];
}
