import { ksNoiseFloor } from '../distance/ks-from-cells.js';
import { psiNoiseFloor } from '../distance/psi-inference.js';
import { DEFAULT_DRIFT_THRESHOLDS, type DriftThresholds } from './drift-thresholds.js';
import { TAIL, tailNoiseFloor } from './tails.js';

/** Bins of PSI of a continuous column. */
const DECILES = 10;
/** Larger windows are not looked at: a floor that is not below its threshold there never is. */
const MAX_COUNT = 2 ** 40;

/** Values that a window needs for each effect to be judged; null where the baseline is too small for any window. */
export interface NeededSampleSizes {
  readonly psi: number | null;
  readonly ks: number | null;
  readonly tails: number | null;
}

/**
 * The least number of independent values in a window from which the noise floor of each effect is at or below its warning
 * threshold, against a baseline of `baselineCount` independent values, for a continuous column.
 *
 * From the smallest of the three on, a column is no longer `insufficient`. Example: 100,000 values need 170 for PSI at the
 * default threshold, 744 for D, and 266 for the tails.
 */
export function neededSampleSizes(
  baselineCount: number,
  thresholds: Partial<DriftThresholds> = {},
): NeededSampleSizes {
  const { psiWarningNats, ksWarning, tailWarning } = { ...DEFAULT_DRIFT_THRESHOLDS, ...thresholds };
  return {
    psi: leastCount((m) => psiNoiseFloor(baselineCount, m, DECILES - 1) <= psiWarningNats),
    ks: leastCount((m) => ksNoiseFloor(baselineCount, m) <= ksWarning),
    tails: leastCount((m) => tailNoiseFloor(TAIL, { n: baselineCount, m }) <= tailWarning),
  };
}

/** The least count that is enough, when every larger one is too; null when not even the largest is. */
function leastCount(isEnough: (count: number) => boolean): number | null {
  if (!isEnough(MAX_COUNT)) return null;
  let low = 1;
  let high = MAX_COUNT;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isEnough(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
