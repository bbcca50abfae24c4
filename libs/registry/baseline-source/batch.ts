import type { Cell, NamedColumn } from '#payloads';
import type { ColumnSpec } from '../schemas.js';

/** One column of a batch. Wrong-type cells are not among its values; `invalidRows` says which rows of the batch have one, ascending. */
export interface BatchColumn extends NamedColumn {
  readonly invalidRows: readonly number[];
}

/**
 * Some rows of training data by column, in the order of the schema; a column that none of them has may be left out. It is valid until
 * the next one is asked for.
 */
export interface BaselineBatch {
  readonly rowCount: number;
  readonly columns: readonly BatchColumn[];
}

/** Rows of a batch that is made of rows: a chunk of DuckDB's size, small enough for the second-level cache. */
const BATCH_ROWS = 2_048;

/** Collects cells, row by row, into batches. */
export class BatchBuilder {
  private readonly cells: CellColumn[];
  private rowCount = 0;

  constructor(columns: readonly ColumnSpec[]) {
    this.cells = columns.map((column) => new CellColumn(column));
  }

  get isFull(): boolean {
    return this.rowCount === BATCH_ROWS;
  }

  /** Adds a cell of the row that `endRow` will end. */
  push(column: number, cell: Cell): void {
    this.cells[column]?.push(cell, this.rowCount);
  }

  endRow(): void {
    this.rowCount += 1;
  }

  /** The rows so far, of the columns that `isPresent` says are there. */
  take(isPresent: (column: number) => boolean = () => true): BaselineBatch {
    const batch = {
      rowCount: this.rowCount,
      columns: this.cells.filter((_, index) => isPresent(index)).map((column) => column.build()),
    };
    this.cells.forEach((column) => column.clear());
    this.rowCount = 0;
    return batch;
  }
}

class CellColumn {
  private readonly numbers: Float64Array | null;
  private strings: (string | null)[] = [];
  private length = 0;
  private invalidRows: number[] = [];

  constructor(private readonly column: ColumnSpec) {
    this.numbers = column.type === 'numeric' ? new Float64Array(BATCH_ROWS) : null;
  }

  push(cell: Cell, row: number): void {
    if (cell === undefined) this.invalidRows.push(row);
    else if (this.numbers === null) this.strings.push(cell === null ? null : String(cell));
    else this.numbers[this.length++] = cell === null ? NaN : Number(cell);
  }

  build(): BatchColumn {
    const { invalidRows } = this;
    const invalidCount = invalidRows.length;
    const { name, type } = this.column;
    if (this.numbers !== null)
      return {
        name,
        invalidRows,
        values: { kind: 'numeric', values: this.numbers.subarray(0, this.length), invalidCount },
      };
    const kind = type === 'text' ? 'text' : 'categorical';
    return { name, invalidRows, values: { kind, values: this.strings, invalidCount } };
  }

  clear(): void {
    this.length = 0;
    this.strings = [];
    this.invalidRows = [];
  }
}
