import type { NumericGrid } from '../../grid/grid.js';
import type { NumericProfile } from '../../profile/profile.js';
import type { QualityChanges } from '../column-drift.js';
import type { DriftThresholds } from '../drift-thresholds.js';
import type { SampleSizes } from '../sample-sizes.js';
import { NOTABLE_SHARE } from './chance.js';
import { CAUSE_WEIGHTS, orderedChanges, type ColumnChange, type WeightedChange } from './column-change.js';
import { massChanges } from './mass-at-value.js';
import { numericComparison, type NumericComparison } from './numeric-comparison.js';
import { outOfRangeChange } from './out-of-range.js';
import { qualityChangesFound, rowsOf } from './quality-changes.js';
import { shapeChanges } from './shape-changes.js';
import { wholeColumnMap } from './whole-column-map.js';

/** A numeric column's two sides, and what was found out about its quality. */
export interface NumericChangesInput {
  readonly grid: NumericGrid;
  readonly baseline: NumericProfile;
  readonly window: NumericProfile;
  readonly quality: Pick<QualityChanges, 'missing' | 'invalid' | 'outOfRange'>;
  readonly limits: Pick<DriftThresholds, 'ksDrifted' | 'minCount'>;
  /** Independent values on each side; the counts where it is left out. */
  readonly effective?: SampleSizes;
  /** What D of the cells is known not to exceed; below half a notable share it spares the search. */
  readonly distanceAtMost?: number;
}

/**
 * What changed in a numeric column, most telling first; empty where nothing notable changed beyond chance.
 *
 * A constant and a map of the whole column explain all else and stand alone, save for missing and invalid
 * rows; values that took over do where the rest is as before. Below `minCount` values only those out
 * of range are named, below `minCount` rows nothing. Never throws; every number is finite. Cost: at most 2 µs at 1,000 cells without a notable change, 50 µs with one, 0.2 to
 * 1.2 ms where maps are searched.
 */
export function numericChanges(input: NumericChangesInput): ColumnChange[] {
  const quality = qualityChangesFound(input.quality, input.window, input.limits.minCount);
  const values = valueChanges(input);
  return values.length + quality.length === 0 ? [] : orderedChanges([...values, ...quality]);
}

function valueChanges(input: NumericChangesInput): readonly WeightedChange[] {
  const { grid, baseline, window, limits } = input;
  if (baseline.count === 0 || window.count === 0) return [];
  if (window.count < limits.minCount)
    return rowsOf(window) < limits.minCount ? [] : outOfRangeChange(input, input.quality.outOfRange);
  // A cell's share changes by at most 2D, any cumulative one by D.
  const leastDistance = NOTABLE_SHARE / 2;
  if ((input.distanceAtMost ?? 1) < leastDistance) return outOfRangeChange(input, input.quality.outOfRange);
  const sizes = input.effective ?? { n: baseline.count, m: window.count };
  const comparison = numericComparison(grid, baseline, window, sizes);
  if (comparison.distance < leastDistance) return outOfRangeChange(input, input.quality.outOfRange);
  if (window.min === window.max && baseline.min !== baseline.max) return [becameConstant(window.min)];
  const map = wholeColumnMap(comparison, limits);
  return map === null
    ? partialChanges(comparison, input.quality)
    : [{ change: map, weight: CAUSE_WEIGHTS.map }];
}

function becameConstant(value: number): WeightedChange {
  return { change: { kind: 'became-constant', value: value + 0 }, weight: CAUSE_WEIGHTS.constant };
}

function partialChanges(
  comparison: NumericComparison,
  { outOfRange }: NumericChangesInput['quality'],
): WeightedChange[] {
  const mass = massChanges(comparison);
  const values = mass.values.map((change) => ({ change, weight: change.windowShare - change.baselineShare }));
  if (mass.isAll) return values;
  const shape = shapeChanges(comparison);
  const outside = outOfRangeChange(comparison, outOfRange);
  const found = shape.found.filter(
    ({ change }) => !outside.some((other) => covers(other, change, shape.tailShares)),
  );
  return [...values, ...found, ...outside];
}

/** Whether most of a grown tail lies beyond the baseline's range, which says more. */
function covers(
  { change: outside }: WeightedChange,
  tail: ColumnChange,
  tailShares: Readonly<Record<'below' | 'above', number>>,
): boolean {
  if (outside.kind !== 'out-of-range' || tail.kind !== 'tail-grew') return false;
  const share = tail.side === 'below' ? outside.belowShare : outside.aboveShare;
  return share >= tailShares[tail.side] / 2;
}
