import type { ColumnGrid, Grid } from '../grid/grid.js';
import { emptySpaceSaving, type SpaceSaving } from './space-saving.js';

/**
 * What one numeric column of a window or baseline amounts to on its grid.
 *
 * Invariant: `count` = Σ counts = number of finite values; `sums[k]` is the sum of cell k's values.
 * `m2` is Σ(x − mean)², so the variance is m2/count. `min` is Infinity and `max` −Infinity while `count` is 0.
 * Counts are doubles because a 32-bit one overflows after five days at 10,000 rows a second. Sums saturate at
 * ±Number.MAX_VALUE. Example: the values 1, 3 give count 2, mean 2, m2 2, min 1, max 3.
 */
export interface NumericProfile {
  readonly kind: 'numeric';
  readonly counts: Float64Array;
  readonly sums: Float64Array;
  count: number;
  mean: number;
  m2: number;
  min: number;
  max: number;
  missingCount: number;
  invalidCount: number;
}

/**
 * What one categorical column of a window or baseline amounts to.
 *
 * Invariant: `count` = Σ counts + otherCount + unseenCount = number of strings; counts follow the grid's categories.
 * `unlisted` holds the most frequent values outside the grid.
 */
export interface CategoricalProfile {
  readonly kind: 'categorical';
  readonly counts: Float64Array;
  readonly unlisted: SpaceSaving;
  otherCount: number;
  unseenCount: number;
  count: number;
  missingCount: number;
  invalidCount: number;
}

/** The accumulated cells of one column. */
export type ColumnProfile = NumericProfile | CategoricalProfile;

/**
 * The mergeable summary of a set of rows on one grid, columns in the grid's order. Counting updates it in place.
 *
 * Per column, count + missingCount + invalidCount = rowCount when every row was offered for it.
 * Size is bounded by the grid, whatever the rows hold.
 */
export interface Profile {
  readonly grid: Grid;
  rowCount: number;
  readonly columns: readonly ColumnProfile[];
}

/** The profile of no rows on this grid, the identity of `mergeProfiles`. */
export function emptyProfile(grid: Grid): Profile {
  return { grid, rowCount: 0, columns: grid.columns.map((column) => emptyColumnProfile(column.grid)) };
}

/** The profile of no cells of one column. */
export function emptyColumnProfile(grid: ColumnGrid): ColumnProfile {
  return grid.kind === 'numeric'
    ? emptyNumericProfile(grid.edges.length + 1)
    : emptyCategoricalProfile(grid.categories.length);
}

function emptyNumericProfile(cellCount: number): NumericProfile {
  return {
    kind: 'numeric',
    counts: new Float64Array(cellCount),
    sums: new Float64Array(cellCount),
    count: 0,
    mean: 0,
    m2: 0,
    min: Infinity,
    max: -Infinity,
    missingCount: 0,
    invalidCount: 0,
  };
}

function emptyCategoricalProfile(categoryCount: number): CategoricalProfile {
  return {
    kind: 'categorical',
    counts: new Float64Array(categoryCount),
    unlisted: emptySpaceSaving(),
    otherCount: 0,
    unseenCount: 0,
    count: 0,
    missingCount: 0,
    invalidCount: 0,
  };
}
