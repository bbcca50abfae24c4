import type { CategoricalGrid, ColumnGrid, Grid, NumericGrid, TextGrid } from '../grid/grid.js';
import { placesOf } from './fold-categorical.js';
import {
  emptyColumnProfile,
  emptyProfile,
  type CategoricalProfile,
  type ColumnProfile,
  type NumericProfile,
  type Profile,
  type TextProfile,
} from './profile.js';
import { appendCounter, SPACE_SAVING_COUNTERS } from './space-saving.js';

/** A profile on another grid than its own, and how far it may be from what counting its rows there would have given. */
export interface RegriddedProfile {
  readonly profile: Profile;
  /**
   * Per column of the new grid. Numeric, and the lengths of texts: by which share of the values the count up to any edge may be off at
   * most; the share of a bin by twice that. Categorical: the share of values whose category is not known. Null where the profile
   * has no such column of that kind.
   */
  readonly errors: readonly (number | null)[];
}

/**
 * Moves a profile onto another grid: the values of a numeric cell to where their mean lies, categories by name. Counts, moments,
 * missing and invalid cells are exact. Of texts the lengths are moved, and no tokens: a profile does not count those that it knows.
 * Columns that the profile lacks are empty. A profile on its own grid stays as it is, with errors of 0.
 */
export function regrid(source: Profile, grid: Grid): RegriddedProfile {
  if (source.grid.hash === grid.hash) return { profile: source, errors: grid.columns.map(() => 0) };
  const places = new Map(source.grid.columns.map(({ name }, i) => [name, i]));
  const target = emptyProfile(grid);
  const moved = grid.columns.map(({ name, grid: columnGrid }, i) => {
    const place = places.get(name);
    if (place === undefined) return { column: target.columns[i]!, error: null };
    return movedColumn(source.columns[place]!, source.grid.columns[place]!.grid, columnGrid);
  });
  return {
    profile: { grid, rowCount: source.rowCount, columns: moved.map(({ column }) => column) },
    errors: moved.map(({ error }) => error),
  };
}

interface MovedColumn {
  readonly column: ColumnProfile;
  readonly error: number | null;
}

function movedColumn(profile: ColumnProfile, from: ColumnGrid, to: ColumnGrid): MovedColumn {
  if (from.kind === 'numeric' && to.kind === 'numeric' && profile.kind === 'numeric')
    return movedNumbers(profile, from, to);
  if (from.kind === 'categorical' && to.kind === 'categorical' && profile.kind === 'categorical')
    return movedCategories(profile, from, to);
  if (from.kind === 'text' && to.kind === 'text' && profile.kind === 'text')
    return movedTexts(profile, from, to);
  return { column: emptyColumnProfile(to), error: null };
}

function movedNumbers(
  profile: NumericProfile,
  from: NumericGrid,
  to: NumericGrid,
): { column: NumericProfile; error: number } {
  const error = straddledShare(profile, from, to);
  const column: NumericProfile = {
    ...profile,
    counts: new Float64Array(to.edges.length + 1),
    sums: new Float64Array(to.edges.length + 1),
    rankError: Math.min(1, profile.rankError + error),
  };
  for (let k = 0; k < profile.counts.length; k++) {
    if (profile.counts[k] === 0) continue;
    const cell = cellOf(to.edges, valueOf(profile, from, k));
    column.counts[cell]! += profile.counts[k]!;
    column.sums[cell]! += profile.sums[k]!;
  }
  return { column, error };
}

/** The mean of a cell's values, which rounding may have put just outside of it. */
function valueOf(
  { counts, sums, min, max }: NumericProfile,
  { edges, isAtom }: NumericGrid,
  k: number,
): number {
  const right = Math.min(max, edges[k] ?? Infinity);
  if (isAtom[k] === 1) return right;
  return Math.min(right, Math.max(min, sums[k]! / counts[k]!));
}

/** The largest share of values that may lie on either side of an edge of the new grid, since their cell goes across it. */
function straddledShare(
  { counts, count, min, max }: NumericProfile,
  from: NumericGrid,
  to: NumericGrid,
): number {
  let most = 0;
  for (const edge of to.edges) {
    const k = cellOf(from.edges, edge);
    const isInside = edge >= min && edge < Math.min(max, from.edges[k] ?? Infinity);
    if (isInside && from.isAtom[k] !== 1) most = Math.max(most, counts[k]!);
  }
  return count === 0 ? 0 : most / count;
}

/** The cell that holds x: that of the first edge at or above it. */
function cellOf(edges: Float64Array, x: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (edges[middle]! < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

function movedCategories(
  profile: CategoricalProfile,
  from: CategoricalGrid,
  to: CategoricalGrid,
): MovedColumn {
  const column = emptyColumnProfile(to) as CategoricalProfile;
  const places = placesOf(to.categories);
  let unlisted = profile.otherCount + profile.unseenCount;
  from.categories.forEach((value, i) => {
    const count = profile.counts[i]!;
    const place = places.get(value);
    if (place !== undefined) column.counts[place]! += count;
    else {
      unlisted += count;
      if (count > 0 && column.unlisted.values.length < SPACE_SAVING_COUNTERS)
        appendCounter(column.unlisted, { value, count, overcount: 0 });
    }
  });
  if (to.isTruncated === true) column.otherCount = unlisted;
  else column.unseenCount = unlisted;
  const { count, missingCount, invalidCount } = profile;
  const unknown = profile.otherCount + profile.unseenCount;
  return {
    column: Object.assign(column, { count, missingCount, invalidCount }),
    error: count === 0 ? 0 : unknown / count,
  };
}

function movedTexts(profile: TextProfile, from: TextGrid, to: TextGrid): MovedColumn {
  const { column: lengths, error } = movedNumbers(profile.lengths, from.lengths, to.lengths);
  const { count, emptyCount, missingCount, invalidCount } = profile;
  const column = emptyColumnProfile(to) as TextProfile;
  return { column: { ...column, lengths, count, emptyCount, missingCount, invalidCount }, error };
}
