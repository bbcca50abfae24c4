import type { QualityChanges } from '../column-drift.js';
import type { ColumnPair } from '../column-pair.js';
import type { DriftThresholds } from '../drift-thresholds.js';
import type { SampleSizes } from '../sample-sizes.js';
import { categoricalChanges } from './categorical-changes.js';
import type { ColumnChange } from './column-change.js';
import { numericChanges } from './numeric-changes.js';
import { textChanges } from './text-changes.js';

/** What changed in a column of any kind, most telling first; empty where nothing notable changed beyond chance. */
export function columnChanges(
  { grid, baseline, window }: ColumnPair,
  quality: QualityChanges,
  limits: DriftThresholds,
  effective: SampleSizes,
): ColumnChange[] {
  const found = { quality, limits, effective };
  if (grid.kind === 'numeric' && baseline.kind === 'numeric' && window.kind === 'numeric')
    return numericChanges({ grid, baseline, window, ...found });
  if (grid.kind === 'categorical' && baseline.kind === 'categorical' && window.kind === 'categorical')
    return categoricalChanges({ grid, baseline, window, ...found });
  if (grid.kind === 'text' && baseline.kind === 'text' && window.kind === 'text')
    return textChanges({ grid, baseline, window, ...found });
  return [];
}
