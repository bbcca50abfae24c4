import type { NumericGrid } from '../grid/grid.js';
import type { NumericProfile } from '../profile/profile.js';
import type { ColumnChange } from './changes/column-change.js';
import { numericComparison } from './changes/numeric-comparison.js';
import { wholeColumnMap } from './changes/whole-column-map.js';
import type { DriftThresholds } from './drift-thresholds.js';

/** A whole column multiplied by a constant, as a mistake of units does. */
export interface ScaleShift {
  readonly factor: number;
  /** D between the baseline multiplied by `factor` and the window. */
  readonly ksAfter: number;
  /** The known unit mistake, such as `miles → kilometres`, or null. */
  readonly knownUnit: string | null;
}

/**
 * The factor that turns the baseline into the window, or null when the column has not drifted or no factor does.
 *
 * What counts as such is decided by `wholeColumnMap`; a column that an offset or a conversion explains has no factor.
 */
export function detectScaleShift(
  grid: NumericGrid,
  baseline: NumericProfile,
  window: NumericProfile,
  thresholds: Pick<DriftThresholds, 'ksDrifted' | 'minCount'>,
): ScaleShift | null {
  if (baseline.count === 0 || window.count === 0) return null;
  const sizes = { n: baseline.count, m: window.count };
  const map = wholeColumnMap(numericComparison(grid, baseline, window, sizes), thresholds);
  return map === null ? null : scaleShiftOf([map]);
}

/** The factor among the changes of a column, or null. */
export function scaleShiftOf(changes: readonly ColumnChange[]): ScaleShift | null {
  const scaled = changes.find((change) => change.kind === 'scaled');
  if (scaled === undefined) return null;
  const { factor, ksAfter, knownUnit } = scaled;
  return { factor, ksAfter, knownUnit };
}
