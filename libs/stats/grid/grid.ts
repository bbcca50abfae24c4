/**
 * The cells on which a numeric column is counted, fixed by the baseline.
 *
 * Cell k is (edges[k−1], edges[k]]; the first is open below, the last above, so there are edges.length + 1 cells.
 * Edges strictly increase and number at most 1,023. `decileEdges` (the bins of PSI) are a subset of them.
 * `isAtom[k]` is 1 where no double lies strictly between the two edges, so that one value owns the cell.
 * `discreteValues` lists the baseline's values, ascending, when there are at most 50; each then owns an atom cell.
 * Example: a baseline of only 7s has edges 7 − 1 ulp and 7, cells (−∞, 7 − ulp], {7}, (7, ∞), isAtom 0, 1, 0.
 */
export interface NumericGrid {
  readonly kind: 'numeric';
  readonly edges: Float64Array;
  readonly decileEdges: Float64Array;
  readonly isAtom: Uint8Array;
  readonly discreteValues: Float64Array | null;
}

/**
 * The categories that are counted one by one, most frequent in the baseline first, ties by code units; at most 1,000.
 *
 * `isTruncated` says that the baseline had more. A value outside the list then counts as `other`, since a rare known
 * value cannot be told from a new one in bounded memory; otherwise it counts as `unseen`.
 */
export interface CategoricalGrid {
  readonly kind: 'categorical';
  readonly categories: readonly string[];
  readonly isTruncated?: boolean;
}

/**
 * On what a column of text is counted: the grid of its lengths (in UTF-16 code units), and the tokens that are known.
 *
 * `vocabulary` lists the baseline's tokens, most frequent first, ties by code units; at most 10,000. A new text of the
 * same kind also holds unknown tokens: of the baseline's `tokenCount` tokens `expectedUnseenCount` stood outside the
 * vocabulary or in a single text only. Example: the texts "a b" and "a c" give the vocabulary a, b, c, 4 tokens, 2 expected unseen.
 */
export interface TextGrid {
  readonly kind: 'text';
  readonly lengths: NumericGrid;
  readonly vocabulary: readonly string[];
  readonly tokenCount: number;
  readonly expectedUnseenCount: number;
}

/** The grid of one column. */
export type ColumnGrid = NumericGrid | CategoricalGrid | TextGrid;

/** A column's name with its grid. */
export interface NamedColumnGrid {
  readonly name: string;
  readonly grid: ColumnGrid;
}

/** The grids of all columns; `hash` (16 hex digits) is a function of their content, so equal hashes mean equal grids. */
export interface Grid {
  readonly hash: string;
  readonly columns: readonly NamedColumnGrid[];
}
