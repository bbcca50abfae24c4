import type { BaselineBatch, BatchColumn } from './baseline-source/batch.js';
import type { Version } from './models.js';
import type { ColumnSpec } from './schemas.js';

/** Rows of a sample at most: enough to calibrate scores to 1%, in some 20 MB at 50 columns. */
export const MAX_SAMPLE_ROWS = 50_000;

/** One column of a sample: row i of every column is of one row. Missing and wrong-type cells are NaN or null. */
export interface AlignedColumn {
  readonly name: string;
  readonly role: ColumnSpec['role'];
  readonly type: ColumnSpec['type'];
  readonly values: Float64Array | readonly (string | null)[];
}

/**
 * A uniform sample of at most 50,000 rows of training data, in their order: features, prediction, scores and ground truth. Columns of
 * text are left out. The same rows give the same sample, whatever form they came in.
 */
export interface AlignedSample {
  readonly rowCount: number;
  readonly columns: readonly AlignedColumn[];
}

/** What makes an estimator of performance from a sample; null when it cannot. What it resolves to is stored as JSON. */
export type FitEstimator = (version: Version, sample: AlignedSample) => Promise<object | null>;

const SAMPLED_ROLES = new Set<ColumnSpec['role']>(['feature', 'prediction', 'score', 'groundTruth']);

/**
 * Keeps the rows with the smallest hashes of their places: up to twice as many as asked for, then the lesser half of them.
 */
export class AlignedSampler {
  private readonly columns: readonly ColumnSpec[];
  private readonly cells: (number | string | null)[][];
  private ranks: number[] = [];
  /** The rank from which on no row can be in the sample any more. */
  private bound = 2 ** 32;
  private rowCount = 0;
  private hasOutcomes = false;

  constructor(
    columns: readonly ColumnSpec[],
    private readonly maxRows = MAX_SAMPLE_ROWS,
  ) {
    this.columns = columns.filter(({ role, type }) => SAMPLED_ROLES.has(role) && type !== 'text');
    this.cells = this.columns.map(() => []);
  }

  add({ rowCount, columns }: BaselineBatch): void {
    const rows = this.chosen(rowCount);
    this.columns.forEach(({ name, role }, index) => {
      const column = columns.find((each) => each.name === name);
      if (column !== undefined && role === 'groundTruth') this.hasOutcomes = true;
      pushCells(this.cells[index] ?? [], column, rows);
    });
    if (this.ranks.length >= 2 * this.maxRows) this.keepSmallest();
  }

  /** Null where no row had its outcome. */
  build(): AlignedSample | null {
    if (!this.hasOutcomes) return null;
    this.keepSmallest();
    return {
      rowCount: this.ranks.length,
      columns: this.columns.map(({ name, role, type }, index) => {
        const cells = this.cells[index] ?? [];
        const values =
          type === 'numeric'
            ? Float64Array.from(cells, (cell) => (cell === null ? NaN : Number(cell)))
            : (cells as (string | null)[]);
        return { name, role, type, values };
      }),
    };
  }

  /** The rows of a batch that may be in the sample. */
  private chosen(rowCount: number): number[] {
    const rows: number[] = [];
    for (let row = 0; row < rowCount; row += 1) {
      const rank = rankOf(this.rowCount + row);
      if (rank >= this.bound) continue;
      rows.push(row);
      this.ranks.push(rank);
    }
    this.rowCount += rowCount;
    return rows;
  }

  private keepSmallest(): void {
    if (this.ranks.length <= this.maxRows) return;
    const bound = Float64Array.from(this.ranks).sort()[this.maxRows] ?? Infinity;
    const isKept = this.ranks.map((rank) => rank < bound);
    for (const [index, cells] of this.cells.entries())
      this.cells[index] = cells.filter((_, place) => isKept[place]);
    this.ranks = this.ranks.filter((rank) => rank < bound);
    this.bound = bound;
  }
}

/** A row's place, mixed to 32 bits (the finalizer of MurmurHash3, a bijection: no two of 2^32 rows have one rank). */
function rankOf(row: number): number {
  let mixed = row >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** The cells of these rows, ascending. Wrong-type cells are not among a column's values, so the places behind them are earlier by one. */
function pushCells(
  target: (number | string | null)[],
  column: BatchColumn | undefined,
  rows: readonly number[],
): void {
  const { invalidRows = [], values: { values = [] } = {} } = column ?? {};
  let before = 0;
  for (const row of rows) {
    while (before < invalidRows.length && invalidRows[before]! < row) before += 1;
    const isInvalid = invalidRows[before] === row;
    const cell = isInvalid ? null : (values[row - before] ?? null);
    target.push(typeof cell === 'number' && Number.isNaN(cell) ? null : cell);
  }
}
