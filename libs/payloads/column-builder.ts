import type { ColumnType, NamedColumn, NumericValues, StringValues } from './column-batch.js';

const FIRST_CAPACITY = 256;

/** One cell as the schema reads it: a number, a category or text, null for a missing value, or undefined for a wrong type. */
export type Cell = number | string | null | undefined;

/** Collects the cells of one column while rows are read; grows as needed, so that streams need no row count ahead. */
export class ColumnBuilder {
  private numbers: Float64Array;
  private readonly strings: (string | null)[] = [];
  private length = 0;
  private invalidCount = 0;

  constructor(
    private readonly name: string,
    private readonly type: ColumnType,
  ) {
    this.numbers = new Float64Array(type === 'numeric' ? FIRST_CAPACITY : 0);
  }

  push(cell: Cell): void {
    if (cell === undefined) this.invalidCount += 1;
    else if (this.type === 'numeric') this.pushNumber(cell === null ? NaN : Number(cell));
    else this.strings.push(cell === null ? null : String(cell));
  }

  /** Appends many numbers at once; NaN is a missing value. */
  pushNumbers(values: ArrayLike<number>, invalidCount: number): void {
    this.reserve(this.length + values.length);
    this.numbers.set(values, this.length);
    this.length += values.length;
    this.invalidCount += invalidCount;
  }

  build(): NamedColumn {
    return {
      name: this.name,
      values: this.type === 'numeric' ? this.buildNumeric() : this.buildStrings(),
    };
  }

  private buildNumeric(): NumericValues {
    return {
      kind: 'numeric',
      values: this.numbers.subarray(0, this.length),
      invalidCount: this.invalidCount,
    };
  }

  private buildStrings(): StringValues {
    const kind = this.type === 'text' ? 'text' : 'categorical';
    return { kind, values: this.strings, invalidCount: this.invalidCount };
  }

  private pushNumber(value: number): void {
    this.reserve(this.length + 1);
    this.numbers[this.length] = value;
    this.length += 1;
  }

  private reserve(length: number): void {
    if (length <= this.numbers.length) return;
    const grown = new Float64Array(Math.max(length, this.numbers.length * 2, FIRST_CAPACITY));
    grown.set(this.numbers.subarray(0, this.length));
    this.numbers = grown;
  }
}
