/**
 * The cells of one numeric column of a batch of rows.
 *
 * `values` holds one entry per numeric or missing cell: NaN is missing, ±Infinity is counted as invalid.
 * Cells of a wrong type are only counted, in `invalidCount`, and are not in `values`.
 * Example: the cells 3, null, "x", 5 arrive as `{ values: [3, NaN, 5], invalidCount: 1 }`.
 */
export interface NumericValues {
  readonly kind: 'numeric';
  readonly values: Float64Array;
  readonly invalidCount: number;
}

/** The cells of one categorical column of a batch; null is missing, wrong-type cells are only in `invalidCount`. */
export interface CategoricalValues {
  readonly kind: 'categorical';
  readonly values: readonly (string | null)[];
  readonly invalidCount: number;
}

/**
 * The cells of one column of free text; null is missing, wrong-type cells are only in `invalidCount`.
 *
 * Booleans are categorical, with the categories `true` and `false`.
 */
export interface TextValues {
  readonly kind: 'text';
  readonly values: readonly (string | null)[];
  readonly invalidCount: number;
}

/** The cells of one column, tagged by kind. */
export type ColumnValues = NumericValues | CategoricalValues | TextValues;

/** A column's name with its cells. */
export interface NamedColumn {
  readonly name: string;
  readonly values: ColumnValues;
}
