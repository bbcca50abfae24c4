import type { NumericGrid } from '../grid/grid.js';
import type { NumericProfile } from '../profile/profile.js';

/**
 * The q-quantile of a profile's values, in their unit; null without values.
 *
 * Exact at atoms, else interpolated linearly within its cell between the cell's bounds and the extremes; off by at most a cell.
 */
export function profileQuantile(grid: NumericGrid, profile: NumericProfile, q: number): number | null {
  if (profile.count === 0) return null;
  const rank = q * profile.count;
  let below = 0;
  let k = 0;
  while (k < profile.counts.length - 1 && below + profile.counts[k]! < rank) below += profile.counts[k++]!;
  if (grid.isAtom[k] === 1) return grid.edges[k]!;
  const left = Math.max(k === 0 ? profile.min : grid.edges[k - 1]!, profile.min);
  const right = Math.min(k < grid.edges.length ? grid.edges[k]! : profile.max, profile.max);
  const inCell = profile.counts[k]! > 0 ? Math.min(1, Math.max(0, (rank - below) / profile.counts[k]!)) : 1;
  return left * (1 - inCell) + right * inCell;
}

/** The share of a profile's values at or below an edge, given as its place in `edges`; exact. */
export function shareAtMostEdge(profile: NumericProfile, edgeIndex: number): number {
  let count = 0;
  for (let k = 0; k <= edgeIndex; k++) count += profile.counts[k]!;
  return profile.count > 0 ? count / profile.count : 0;
}

/** The place of the first edge at which the profile's cumulative share reaches q; null when no edge does. */
export function quantileEdge(profile: NumericProfile, q: number): number | null {
  let count = 0;
  for (let k = 0; k < profile.counts.length - 1; k++) {
    count += profile.counts[k]!;
    if (count >= q * profile.count) return k;
  }
  return null;
}
