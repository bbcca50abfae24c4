import type { ColumnProfile, Profile } from '#stats';

/** What a profile says of one column, for people. Counts are of rows; moments are null where no number was seen. */
export interface ColumnSummary {
  readonly name: string;
  readonly kind: 'numeric' | 'categorical' | 'text';
  readonly count: number;
  readonly missingCount: number;
  readonly invalidCount: number;
  readonly mean?: number | null;
  readonly standardDeviation?: number | null;
  readonly minimum?: number | null;
  readonly maximum?: number | null;
  readonly categoryCount?: number;
  readonly emptyCount?: number;
  readonly tokenCount?: number;
  readonly topCategories?: readonly { readonly category: string; readonly count: number }[];
}

const TOP_CATEGORIES = 10;

export function summarizeProfile(profile: Profile): ColumnSummary[] {
  return profile.columns.map((column, index) => summarizeColumn(profile, column, index));
}

function summarizeColumn(profile: Profile, column: ColumnProfile, index: number): ColumnSummary {
  const definition = profile.grid.columns[index];
  const counts = {
    name: definition?.name ?? '',
    kind: column.kind,
    count: column.count,
    missingCount: column.missingCount,
    invalidCount: column.invalidCount,
  };
  if (column.kind === 'numeric') {
    const hasValues = column.count > 0;
    return {
      ...counts,
      mean: hasValues ? column.mean : null,
      standardDeviation: column.count > 1 ? Math.sqrt(column.m2 / (column.count - 1)) : null,
      minimum: hasValues ? column.min : null,
      maximum: hasValues ? column.max : null,
    };
  }
  if (column.kind === 'text') {
    return { ...counts, emptyCount: column.emptyCount, tokenCount: column.tokenCount };
  }
  const categories = definition?.grid.kind === 'categorical' ? definition.grid.categories : [];
  const ranked = categories
    .map((category, at) => ({ category, count: column.counts[at] ?? 0 }))
    .sort((a, b) => b.count - a.count);
  return { ...counts, categoryCount: categories.length, topCategories: ranked.slice(0, TOP_CATEGORIES) };
}
