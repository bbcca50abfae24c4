import { categoryKey } from '../grid/category-key.js';
import { gridOfColumns } from '../grid/grid-codec.js';
import type { ColumnGrid, NumericGrid } from '../grid/grid.js';
import { numericGridFromEdges } from '../grid/numeric-grid.js';
import {
  emptyColumnProfile,
  type ColumnProfile,
  type NumericProfile,
  type Profile,
} from '../profile/profile.js';
import {
  appendCounter,
  emptySpaceSaving,
  SPACE_SAVING_COUNTERS,
  type SpaceSaving,
} from '../profile/space-saving.js';
import { total } from './numeric-summary-problems.js';
import type {
  CategoricalColumnSummary,
  CountedValue,
  NamedColumnSummary,
  NumericSummary,
  ProfileSummary,
  TextColumnSummary,
} from './profile-summary.js';
import { valueCountOf } from './summary-problems.js';

/**
 * The profile that a summary describes, on the grid that it describes, columns in its order.
 *
 * The summary must have no `summaryProblems`. Example: the summary of rows whose grid and profile are known gives both again.
 */
export function profileOfSummary({ rowCount, columns }: ProfileSummary): Profile {
  const made = columns.map((column) => ({ name: column.name, ...columnOf(column) }));
  const grid = gridOfColumns(made.map(({ name, grid: columnGrid }) => ({ name, grid: columnGrid })));
  return { grid, rowCount, columns: made.map(({ profile }) => profile) };
}

interface MadeColumn {
  readonly grid: ColumnGrid;
  readonly profile: ColumnProfile;
}

function columnOf(column: NamedColumnSummary): MadeColumn {
  switch (column.kind) {
    case 'numeric': {
      const grid = numericGridOf(column);
      return { grid, profile: withRows(numericProfileOf(column, grid), column) };
    }
    case 'categorical':
      return categoricalOf(column);
    case 'text':
      return textOf(column);
  }
}

function withRows<P extends ColumnProfile>(
  profile: P,
  { missingCount, invalidCount }: Pick<NamedColumnSummary, 'missingCount' | 'invalidCount'>,
): P {
  return Object.assign(profile, { missingCount, invalidCount });
}

/** Adding 0 makes 0 of −0, which are one value to a grid and two to its hash. */
const floats = (values: readonly number[]): Float64Array => Float64Array.from(values, (value) => value + 0);

function numericGridOf({ edges, decileEdges, discreteValues }: NumericSummary): NumericGrid {
  return numericGridFromEdges(
    floats(edges),
    floats(decileEdges),
    discreteValues === null ? null : floats(discreteValues),
  );
}

function numericProfileOf(summary: NumericSummary, grid: NumericGrid): NumericProfile {
  const profile = emptyColumnProfile(grid) as NumericProfile;
  profile.counts.set(summary.counts);
  profile.sums.set(summary.sums);
  const count = total(summary.counts);
  if (count === 0) return profile;
  const { mean, m2, min, max, rankError } = summary;
  return Object.assign(profile, { count, mean, m2, min: min ?? 0, max: max ?? 0, rankError });
}

function categoricalOf(column: CategoricalColumnSummary): MadeColumn {
  const ranked = column.categories
    .map(({ value, count }) => ({ value: categoryKey(value), count }))
    .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
  const { otherCount, unlisted } = column;
  return {
    grid: {
      kind: 'categorical',
      categories: ranked.map(({ value }) => value),
      isTruncated: otherCount > 0,
    },
    profile: withRows(
      {
        kind: 'categorical',
        counts: Float64Array.from(ranked, ({ count }) => count),
        unlisted: spaceSavingOf(unlisted),
        otherCount,
        unseenCount: 0,
        count: valueCountOf(column),
        missingCount: 0,
        invalidCount: 0,
      },
      column,
    ),
  };
}

function textOf(column: TextColumnSummary): MadeColumn {
  const lengths = numericGridOf(column.lengths);
  const { tokenCount, expectedUnseenCount, emptyCount, unseenTokenCount } = column;
  const { unseenSquared, unseenByTokens, tokensSquared } = column;
  return {
    grid: {
      kind: 'text',
      lengths,
      vocabulary: column.vocabulary.map(categoryKey),
      tokenCount,
      expectedUnseenCount,
    },
    profile: withRows(
      {
        kind: 'text',
        lengths: numericProfileOf(column.lengths, lengths),
        unseenTokens: spaceSavingOf(column.unseenTokens),
        ...{ emptyCount, tokenCount, unseenTokenCount, unseenSquared, unseenByTokens, tokensSquared },
        count: valueCountOf(column),
        missingCount: 0,
        invalidCount: 0,
      },
      column,
    ),
  };
}

function spaceSavingOf(values: readonly CountedValue[]): SpaceSaving {
  const summary = emptySpaceSaving();
  for (const { value, count } of values.slice(0, SPACE_SAVING_COUNTERS))
    appendCounter(summary, { value: categoryKey(value), count, overcount: 0 });
  return summary;
}
