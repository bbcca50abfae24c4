import { buildGrid } from './grid/build-grid.js';
import type { NamedColumn } from './columns.js';
import type { Grid } from './grid/grid.js';
import { foldColumns } from './profile/fold-columns.js';
import { emptyProfile, type Profile } from './profile/profile.js';
import type { ColumnDrift } from './verdict/column-drift.js';
import { compareProfiles, type ComparisonOptions } from './verdict/compare-profiles.js';

/** A numeric column named x; NaN is missing. */
export function numericColumn(values: ArrayLike<number>, invalidCount = 0): NamedColumn {
  return { name: 'x', values: { kind: 'numeric', values: Float64Array.from(values), invalidCount } };
}

/** A categorical column named x; null is missing. */
export function categoricalColumn(values: readonly (string | null)[], invalidCount = 0): NamedColumn {
  return { name: 'x', values: { kind: 'categorical', values, invalidCount } };
}

/** The profile of one column on a grid. */
export function profileOf(grid: Grid, column: NamedColumn): Profile {
  const profile = emptyProfile(grid);
  foldColumns(profile, column.values.values.length + column.values.invalidCount, [column]);
  return profile;
}

/** The comparison of a window with the baseline whose grid it is counted on. */
export function driftBetween(
  baseline: NamedColumn,
  window: NamedColumn,
  options: ComparisonOptions = {},
): ColumnDrift {
  const grid = buildGrid([baseline]);
  return compareProfiles(profileOf(grid, baseline), profileOf(grid, window), options)[0]!;
}

/** Uniform numbers in [0, 1), reproducible from the seed (mulberry32). */
export function seededUniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Standard normal numbers (Box and Muller), reproducible from the seed. */
export function seededNormals(count: number, seed: number): Float64Array {
  const uniform = seededUniform(seed);
  return Float64Array.from(
    { length: count },
    () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
}
