/** How a column's values may be read. Boolean columns are categorical with the categories `true` and `false`. */
export const COLUMN_TYPES = ['numeric', 'categorical', 'boolean', 'text'] as const;
export type ColumnType = (typeof COLUMN_TYPES)[number];

/** What decoding has to know of one column of a version's schema. */
export interface PayloadColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** A row without this key is refused; null as its value is a missing value and is fine. */
  readonly isRequired: boolean;
}

/** Numbers of one column; NaN is a missing value. */
export interface NumericValues {
  readonly kind: 'numeric';
  readonly values: Float64Array;
  /** Cells of the wrong type, which are not in `values`. */
  readonly invalidCount: number;
}

/** Categories or texts of one column; null is a missing value. */
export interface StringValues {
  readonly kind: 'categorical' | 'text';
  readonly values: readonly (string | null)[];
  readonly invalidCount: number;
}

export interface NamedColumn {
  readonly name: string;
  readonly values: NumericValues | StringValues;
}

/** Rows of one payload, by column. Row i of every column, id and timestamp is the same inference. */
export interface ColumnBatch {
  readonly rowCount: number;
  readonly inferenceIds: readonly string[];
  /** Event times, milliseconds since the epoch. */
  readonly timestamps: Float64Array;
  readonly columns: readonly NamedColumn[];
}

/** The rows of a batch at these indexes, in this order. */
export function selectRows(batch: ColumnBatch, rows: readonly number[]): ColumnBatch {
  if (rows.length === batch.rowCount) return batch;
  return {
    rowCount: rows.length,
    inferenceIds: rows.map((row) => batch.inferenceIds[row] ?? ''),
    timestamps: Float64Array.from(rows, (row) => batch.timestamps[row] ?? NaN),
    columns: batch.columns.map(({ name, values }) => ({ name, values: selectValues(values, rows) })),
  };
}

function selectValues(
  values: NumericValues | StringValues,
  rows: readonly number[],
): NumericValues | StringValues {
  return values.kind === 'numeric'
    ? {
        kind: 'numeric',
        values: Float64Array.from(rows, (row) => values.values[row] ?? NaN),
        invalidCount: 0,
      }
    : { kind: values.kind, values: rows.map((row) => values.values[row] ?? null), invalidCount: 0 };
}
