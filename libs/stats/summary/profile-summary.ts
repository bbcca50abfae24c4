/**
 * A profile with its grid in plain values, as it can be made outside of Leeway and written as JSON.
 *
 * The cells, the order of categories and the moments are those of `buildGrid` and `foldColumns`; a summary of the same rows gives the
 * same grid hash and the same counts. Any other edges that keep the rules of `NumericGrid` are taken as well.
 */
export interface ProfileSummary {
  readonly rowCount: number;
  readonly columns: readonly NamedColumnSummary[];
}

export type NamedColumnSummary = NumericColumnSummary | CategoricalColumnSummary | TextColumnSummary;

/** A value and how often it came. */
export interface CountedValue {
  readonly value: string;
  readonly count: number;
}

/** Numbers on a grid: see `NumericGrid` and `NumericProfile`. `min` and `max` are null where `counts` are all 0. */
export interface NumericSummary {
  readonly edges: readonly number[];
  readonly decileEdges: readonly number[];
  readonly discreteValues: readonly number[] | null;
  readonly counts: readonly number[];
  readonly sums: readonly number[];
  readonly mean: number;
  readonly m2: number;
  readonly min: number | null;
  readonly max: number | null;
  readonly rankError: number;
}

interface ColumnRows {
  readonly name: string;
  readonly missingCount: number;
  readonly invalidCount: number;
}

export interface NumericColumnSummary extends ColumnRows, NumericSummary {
  readonly kind: 'numeric';
}

/** At most 1,000 categories; `otherCount` are the values of the rest, of which `unlisted` names the most frequent. */
export interface CategoricalColumnSummary extends ColumnRows {
  readonly kind: 'categorical';
  readonly categories: readonly CountedValue[];
  readonly otherCount: number;
  readonly unlisted: readonly CountedValue[];
}

/** Texts: the profile of their lengths, and their tokens: see `TextGrid` and `TextProfile`. */
export interface TextColumnSummary extends ColumnRows {
  readonly kind: 'text';
  readonly lengths: NumericSummary;
  readonly vocabulary: readonly string[];
  readonly tokenCount: number;
  readonly expectedUnseenCount: number;
  readonly emptyCount: number;
  readonly unseenTokens: readonly CountedValue[];
  readonly unseenTokenCount: number;
  readonly unseenSquared: number;
  readonly unseenByTokens: number;
  readonly tokensSquared: number;
}

/** Something in a summary that cannot be; `path` leads to it from the root. */
export interface SummaryProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}
