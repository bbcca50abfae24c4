import type { MeasuredPair } from '../column-pair.js';
import type { DriftThresholds } from '../drift-thresholds.js';
import { categoricalChanges } from './categorical-changes.js';
import type { ColumnChange } from './column-change.js';
import { numericChanges } from './numeric-changes.js';
import { textChanges } from './text-changes.js';

/** What changed in a column of any kind, most telling first; empty where nothing notable changed beyond chance. */
export function columnChanges(
  { pair: { grid, baseline, window }, sizes, measures, quality }: MeasuredPair,
  limits: DriftThresholds,
): ColumnChange[] {
  const found = { quality: quality.changes, limits, effective: sizes };
  if (grid.kind === 'numeric' && baseline.kind === 'numeric' && window.kind === 'numeric') {
    const rankError = baseline.rankError + window.rankError;
    const distanceAtMost = measures.ks === null ? 1 : measures.ks + rankError;
    return numericChanges({ grid, baseline, window, distanceAtMost, ...found });
  }
  if (grid.kind === 'categorical' && baseline.kind === 'categorical' && window.kind === 'categorical')
    return categoricalChanges({ grid, baseline, window, ...found });
  if (grid.kind === 'text' && baseline.kind === 'text' && window.kind === 'text')
    return textChanges({ grid, baseline, window, ...found });
  return [];
}
