import type { CategoricalGrid } from '../../grid/grid.js';
import type { CategoricalProfile } from '../../profile/profile.js';
import type { QualityChanges } from '../column-drift.js';
import type { DriftThresholds } from '../drift-thresholds.js';
import type { SampleSizes } from '../sample-sizes.js';
import { largestShareMoves } from './category-moves.js';
import { orderedChanges, type ColumnChange, type WeightedChange } from './column-change.js';
import { newValues, type NewValues } from './new-values.js';
import { qualityChangesFound, rowsOf } from './quality-changes.js';

/** A categorical column's two sides, and what was found out about its quality. */
export interface CategoricalChangesInput {
  readonly grid: CategoricalGrid;
  readonly baseline: CategoricalProfile;
  readonly window: CategoricalProfile;
  readonly quality: Pick<QualityChanges, 'missing' | 'invalid' | 'unseen'>;
  readonly limits: Pick<DriftThresholds, 'minCount'>;
  /** Independent values on each side; the counts where it is left out. */
  readonly effective?: SampleSizes;
}

/**
 * What changed in a categorical column, most telling first; empty where nothing notable changed beyond
 * chance.
 *
 * New spellings of known categories count for these, and each change of a share is judged among the
 * categories not named before it, so that one that vanishes does not make all others grow. Never throws;
 * every number is finite. Cost: 3 µs at 1,000 categories without a notable change, some 200 µs where values
 * are new.
 */
export function categoricalChanges(input: CategoricalChangesInput): ColumnChange[] {
  const { baseline, window, limits } = input;
  const quality = qualityChangesFound(input.quality, window, limits.minCount);
  const isJudged = baseline.count > 0 && window.count > 0 && rowsOf(window) >= limits.minCount;
  const values = isJudged ? valueChanges(input) : [];
  return values.length + quality.length === 0 ? [] : orderedChanges([...values, ...quality]);
}

function valueChanges(input: CategoricalChangesInput): WeightedChange[] {
  const { grid, baseline, window } = input;
  const sizes = input.effective ?? { n: baseline.count, m: window.count };
  const fresh = newValues(grid, baseline, window, input.quality.unseen);
  const { respelledCounts, respelledNames } = fresh;
  const moves = largestShareMoves({ grid, baseline, window, sizes, respelledCounts, respelledNames });
  return [...freshChanges(fresh), ...moves];
}

function freshChanges({ respelled, created }: NewValues): WeightedChange[] {
  return [respelled, created]
    .filter((change) => change !== null)
    .map((change) => ({ change, weight: change.share }));
}
