import { saturated } from '../../profile/moments.js';
import type { NumericGrid } from '../grid.js';
import type { SortedSample } from '../numeric-grid.js';

/** The counts and sums of a grid's cells. */
export interface CellTotals {
  readonly counts: Float64Array;
  readonly sums: Float64Array;
}

/** A sorted sample counted on a grid, as `countIntoCells` counts it; sums saturate. Cost: one pass. */
export function cellTotals({ edges }: NumericGrid, { values, cumulative }: SortedSample): CellTotals {
  const counts = new Float64Array(edges.length + 1);
  const sums = new Float64Array(edges.length + 1);
  let cell = 0;
  for (let i = 0; i < values.length; i++) {
    const weight = cumulative === null ? 1 : cumulative[i]! - (i === 0 ? 0 : cumulative[i - 1]!);
    while (cell < edges.length && edges[cell]! < values[i]!) cell++;
    counts[cell]! += weight;
    sums[cell]! += weight * values[i]!;
  }
  return { counts, sums: sums.map(saturated) };
}

/** What is known exactly about values whose cells are estimates. */
export interface ExactTotals {
  readonly count: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
}

/**
 * Makes the sums of estimated cells add up to count · mean, by moving all of them the same share of the way to the end of
 * their cells; so each mean stays within its cell, and wide cells, where the error is, move most.
 *
 * Without it a sum may be off by the rank error · count · (max − min), which one huge value makes huge. Where the cells leave no
 * room, or sums overflow, as much is done as can be.
 */
export function fitSums({ counts, sums }: CellTotals, { edges }: NumericGrid, exact: ExactTotals): void {
  const missing = exact.count * exact.mean - sums.reduce((total, sum) => total + sum, 0);
  const end = (k: number): number =>
    missing > 0 ? Math.min(edges[k] ?? Infinity, exact.max) : Math.max(edges[k - 1] ?? -Infinity, exact.min);
  const room = sums.map((sum, k) => (counts[k] === 0 ? 0 : counts[k]! * end(k) - sum));
  const available = room.reduce((total, one) => total + one, 0);
  const share = Math.min(1, missing / available);
  if (!(share > 0) || !Number.isFinite(available)) return;
  for (let k = 0; k < sums.length; k++) sums[k] = saturated(sums[k]! + share * room[k]!);
}
