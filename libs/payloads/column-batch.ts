/** How a column's values may be read. Boolean columns are categorical with the categories `true` and `false`. */
export const COLUMN_TYPES = ['numeric', 'categorical', 'boolean', 'text'] as const;
export type ColumnType = (typeof COLUMN_TYPES)[number];

/** Which half of an inference brings a column: its request, its response, or neither (ground truth comes later). */
export type ColumnSide = 'request' | 'response' | 'neither';

/** What decoding has to know of one column of a version's schema. */
export interface PayloadColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly side: ColumnSide;
}

/** What a payload brings of its inferences: all of them, or one half. */
export const PAYLOAD_PARTS = ['whole', 'request', 'response'] as const;
export type PayloadPart = (typeof PAYLOAD_PARTS)[number];

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

/** The columns that a payload of this part brings. Ground truth may come with whole rows. */
export function columnsOfPart(columns: readonly PayloadColumn[], part: PayloadPart): PayloadColumn[] {
  return part === 'whole' ? [...columns] : columns.filter(({ side }) => side === part);
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

/** The rows of several batches of the same columns in the same order, one behind the other. */
export function joinBatches(batches: readonly ColumnBatch[]): ColumnBatch {
  const [first] = batches;
  if (first === undefined) throw new RangeError('there is no batch to join');
  if (batches.length === 1) return first;
  let rowCount = 0;
  for (const batch of batches) rowCount += batch.rowCount;
  const timestamps = new Float64Array(rowCount);
  let row = 0;
  for (const batch of batches) row = copyInto(timestamps, row, batch.timestamps);
  return {
    rowCount,
    inferenceIds: batches.flatMap(({ inferenceIds }) => inferenceIds),
    timestamps,
    columns: first.columns.map(({ name, values: { kind } }, index) => ({
      name,
      values:
        kind === 'numeric'
          ? joinedNumbers(batches, index, rowCount)
          : { kind, ...joinedStrings(batches, index) },
    })),
  };
}

function joinedNumbers(batches: readonly ColumnBatch[], index: number, rowCount: number): NumericValues {
  const values = new Float64Array(rowCount);
  let count = 0;
  let invalidCount = 0;
  for (const batch of batches) {
    const part = batch.columns[index]!.values;
    if (part.kind !== 'numeric') continue;
    invalidCount += part.invalidCount;
    count = copyInto(values, count, part.values);
  }
  return { kind: 'numeric', values: count === rowCount ? values : values.subarray(0, count), invalidCount };
}

function joinedStrings(batches: readonly ColumnBatch[], index: number): Omit<StringValues, 'kind'> {
  const values: (string | null)[] = [];
  let invalidCount = 0;
  for (const batch of batches) {
    const part = batch.columns[index]!.values;
    if (part.kind === 'numeric') continue;
    invalidCount += part.invalidCount;
    for (const value of part.values) values.push(value);
  }
  return { values, invalidCount };
}

/** Copies values in from this place on; returns the place behind them. */
function copyInto(target: Float64Array, at: number, source: Float64Array): number {
  // Payloads of single rows are joined by the hundred, and `set` costs as much as copying a few dozen numbers by hand.
  if (source.length > 32) target.set(source, at);
  else for (let i = 0; i < source.length; i += 1) target[at + i] = source[i]!;
  return at + source.length;
}
