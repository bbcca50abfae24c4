import type { NamedColumnGrid, NumericGrid } from '../grid/grid.js';
import type { ColumnProfile, NumericProfile, Profile } from '../profile/profile.js';
import { certainValues, type SpaceSaving } from '../profile/space-saving.js';
import type { CountedValue, NamedColumnSummary, NumericSummary, ProfileSummary } from './profile-summary.js';

/**
 * A baseline's profile in plain values; `profileOfSummary` makes the same profile of it.
 * @throws RangeError for a profile of production, which may have values that its grid does not know
 */
export function summaryOfProfile({ grid, rowCount, columns }: Profile): ProfileSummary {
  return { rowCount, columns: grid.columns.map((column, i) => summaryOfColumn(column, columns[i]!)) };
}

function summaryOfColumn({ name, grid }: NamedColumnGrid, profile: ColumnProfile): NamedColumnSummary {
  const { missingCount, invalidCount } = profile;
  const rows = { name, missingCount, invalidCount };
  if (grid.kind === 'numeric' && profile.kind === 'numeric')
    return { ...rows, kind: 'numeric', ...numericSummary(grid, profile) };
  if (grid.kind === 'categorical' && profile.kind === 'categorical') {
    if (profile.unseenCount > 0)
      throw new RangeError(`column ${name} has values that its grid does not know: it is no baseline's`);
    const { otherCount, unlisted } = profile;
    return {
      ...rows,
      kind: 'categorical',
      categories: grid.categories.map((value, i) => ({ value, count: profile.counts[i]! })),
      otherCount,
      unlisted: countedValues(unlisted),
    };
  }
  if (grid.kind === 'text' && profile.kind === 'text') {
    const { emptyCount, unseenTokenCount, unseenSquared, unseenByTokens, tokensSquared } = profile;
    return {
      ...rows,
      kind: 'text',
      lengths: numericSummary(grid.lengths, profile.lengths),
      vocabulary: grid.vocabulary,
      tokenCount: grid.tokenCount,
      expectedUnseenCount: grid.expectedUnseenCount,
      unseenTokens: countedValues(profile.unseenTokens),
      ...{ emptyCount, unseenTokenCount, unseenSquared, unseenByTokens, tokensSquared },
    };
  }
  throw new RangeError(`column ${name} is ${grid.kind} on its grid and ${profile.kind} in its profile`);
}

function numericSummary(
  { edges, decileEdges, discreteValues }: NumericGrid,
  { counts, sums, count, mean, m2, min, max, rankError }: NumericProfile,
): NumericSummary {
  return {
    edges: [...edges],
    decileEdges: [...decileEdges],
    discreteValues: discreteValues === null ? null : [...discreteValues],
    counts: [...counts],
    sums: [...sums],
    ...{ mean, m2, rankError },
    min: count > 0 ? min : null,
    max: count > 0 ? max : null,
  };
}

function countedValues(summary: SpaceSaving): CountedValue[] {
  return certainValues(summary).map(({ value, count }) => ({ value, count: Math.max(1, count) }));
}
