import type { ColumnGrid, Grid } from '../grid/grid.js';
import { emptySpaceSaving, type SpaceSaving } from './space-saving.js';

/**
 * What one numeric column of a window or baseline amounts to on its grid.
 *
 * Invariant: `count` = Σ counts = number of finite values; `sums[k]` is the sum of cell k's values.
 * `m2` is Σ(x − mean)², so the variance is m2/count. `min` is Infinity and `max` −Infinity while `count` is 0.
 * Counts are doubles because a 32-bit one overflows after five days at 10,000 rows a second. Sums saturate at
 * ±Number.MAX_VALUE. `rankError` is the share of `count` by which a cumulative count at an edge may be off: 0 unless
 * the profile was made in one pass over a stream. Example: the values 1, 3 give count 2, mean 2, m2 2, min 1, max 3.
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
  rankError: number;
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

/**
 * What one text column of a window or baseline amounts to.
 *
 * `count` is the number of texts, `emptyCount` those of nothing but blanks; `lengths` is the profile of their lengths.
 * Of a text with t tokens, u of them unseen, the three sums are of u², u·t and t²: from them follows how much the unseen
 * tokens cluster in few texts. `unseenTokens` holds the most frequent ones.
 */
export interface TextProfile {
  readonly kind: 'text';
  readonly lengths: NumericProfile;
  readonly unseenTokens: SpaceSaving;
  emptyCount: number;
  tokenCount: number;
  unseenTokenCount: number;
  unseenSquared: number;
  unseenByTokens: number;
  tokensSquared: number;
  count: number;
  missingCount: number;
  invalidCount: number;
}

/** The accumulated cells of one column. */
export type ColumnProfile = NumericProfile | CategoricalProfile | TextProfile;

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
  switch (grid.kind) {
    case 'numeric':
      return emptyNumericProfile(grid.edges.length + 1);
    case 'categorical':
      return emptyCategoricalProfile(grid.categories.length);
    case 'text':
      return emptyTextProfile(grid.lengths.edges.length + 1);
  }
}

function emptyTextProfile(cellCount: number): TextProfile {
  return {
    kind: 'text',
    lengths: emptyNumericProfile(cellCount),
    unseenTokens: emptySpaceSaving(),
    emptyCount: 0,
    tokenCount: 0,
    unseenTokenCount: 0,
    unseenSquared: 0,
    unseenByTokens: 0,
    tokensSquared: 0,
    count: 0,
    missingCount: 0,
    invalidCount: 0,
  };
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
    rankError: 0,
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
