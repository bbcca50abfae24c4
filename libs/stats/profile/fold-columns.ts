import type { CategoricalValues, ColumnValues, NamedColumn, NumericValues } from '../columns.js';
import { categoryKey } from '../grid/category-key.js';
import type { CategoricalGrid, ColumnGrid, NumericGrid } from '../grid/grid.js';
import { cachedEytzingerTable, countIntoCells } from './eytzinger.js';
import { addMoments, momentsOf, saturated } from './moments.js';
import type { CategoricalProfile, ColumnProfile, NumericProfile, Profile } from './profile.js';
import { recordValue } from './space-saving.js';

/**
 * Counts a batch of `rowCount` rows into the profile.
 *
 * NaN and null are missing; ±Infinity and wrong-type cells are invalid, and so is every present cell of a column whose
 * kind differs from the grid's. A column of the grid that is absent from `columns`, and rows that a column does not
 * reach, count as missing; columns that the grid does not know are ignored. Nothing throws.
 * Cost: some 14 ns a numeric value, 15 to 40 ns a string.
 */
export function foldColumns(profile: Profile, rowCount: number, columns: readonly NamedColumn[]): void {
  const byName = new Map(columns.map(({ name, values }) => [name, values]));
  profile.rowCount += rowCount;
  profile.grid.columns.forEach(({ name, grid }, i) => {
    const column = profile.columns[i];
    const values = byName.get(name);
    if (column === undefined) return;
    if (values === undefined) column.missingCount += rowCount;
    else foldColumn(column, grid, values, rowCount);
  });
}

function foldColumn(profile: ColumnProfile, grid: ColumnGrid, column: ColumnValues, rowCount: number): void {
  profile.invalidCount += column.invalidCount;
  profile.missingCount += Math.max(0, rowCount - column.values.length - column.invalidCount);
  if (profile.kind === 'numeric' && grid.kind === 'numeric' && column.kind === 'numeric') {
    foldNumeric(profile, grid, column);
  } else if (profile.kind === 'categorical' && grid.kind === 'categorical' && column.kind === 'categorical') {
    foldCategorical(profile, grid, column);
  } else foldWrongKind(profile, column);
}

function foldNumeric(profile: NumericProfile, grid: NumericGrid, column: NumericValues): void {
  const values = finiteValues(profile, column.values);
  countIntoCells(values, cachedEytzingerTable(grid.edges), profile.counts, profile.sums);
  addMoments(profile, momentsOf(values));
  if (Math.max(-profile.min, profile.max) > SAFE_TO_SUM) saturateSums(profile.sums);
}

/** Below it, not even 2^53 values overflow a sum. */
const SAFE_TO_SUM = Number.MAX_VALUE / 2 ** 53;

/** Exported for merging, which must saturate the same way. */
export function saturateSums(sums: Float64Array): void {
  for (let k = 0; k < sums.length; k++) sums[k] = saturated(sums[k]!);
}

/** The finite values; counts the others. The array itself comes back when all are finite, as nearly always. */
function finiteValues(profile: NumericProfile, values: Float64Array): Float64Array {
  let missing = 0;
  let infinite = 0;
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!;
    if (x - x !== 0) {
      if (x !== x) missing++;
      else infinite++;
    }
  }
  profile.missingCount += missing;
  profile.invalidCount += infinite;
  return missing + infinite === 0 ? values : values.filter(Number.isFinite);
}

const INDEXES = new WeakMap<readonly string[], Map<string, number>>();

function categoryIndex(categories: readonly string[]): Map<string, number> {
  let index = INDEXES.get(categories);
  if (index === undefined)
    INDEXES.set(categories, (index = new Map(categories.map((category, i) => [category, i]))));
  return index;
}

function foldCategorical(
  profile: CategoricalProfile,
  grid: CategoricalGrid,
  column: CategoricalValues,
): void {
  const index = categoryIndex(grid.categories);
  let missing = 0;
  let unlisted = 0;
  for (const value of column.values) {
    if (value === null) {
      missing++;
      continue;
    }
    const key = categoryKey(value);
    const place = index.get(key);
    if (place !== undefined) profile.counts[place]!++;
    else {
      unlisted++;
      recordValue(profile.unlisted, key);
    }
  }
  profile.missingCount += missing;
  profile.count += column.values.length - missing;
  if (grid.isTruncated === true) profile.otherCount += unlisted;
  else profile.unseenCount += unlisted;
}

function foldWrongKind(profile: ColumnProfile, column: ColumnValues): void {
  let missing = 0;
  for (const value of column.values) if (value === null || Number.isNaN(value)) missing++;
  profile.missingCount += missing;
  profile.invalidCount += column.values.length - missing;
}
