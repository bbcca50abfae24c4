import type { NamedColumn } from '#payloads';
import type { BatchColumn } from './baseline-source/batch.js';
import type { ColumnSpec } from './schemas.js';

/** What a string weighs beside its characters, and what its place in a list does. Estimates, of V8 on 64 bits. */
const STRING_BYTES = 24;
const PLACE_BYTES = 8;

/** Holds all cells of one column. */
export interface CollectedColumn {
  readonly name: string;
  /** Bytes that it holds, about. */
  readonly bytes: number;
  /** Adds the cells of a batch; without a column, that many missing ones. */
  add(column: BatchColumn | undefined, rowCount: number): void;
  /** Null where no batch has had the column. */
  build(): NamedColumn | null;
}

export function collectedColumn({ name, type }: ColumnSpec): CollectedColumn {
  return type === 'numeric'
    ? new CollectedNumbers(name)
    : new CollectedStrings(name, type === 'text' ? 'text' : 'categorical');
}

class CollectedNumbers implements CollectedColumn {
  private numbers = new Float64Array(2_048);
  private length = 0;
  private invalidCount = 0;
  private isSeen = false;

  constructor(readonly name: string) {}

  get bytes(): number {
    return this.length * Float64Array.BYTES_PER_ELEMENT;
  }

  add(column: BatchColumn | undefined, rowCount: number): void {
    const values =
      column?.values.kind === 'numeric' ? column.values.values : new Float64Array(rowCount).fill(NaN);
    this.isSeen ||= column !== undefined;
    this.reserve(this.length + values.length);
    this.numbers.set(values, this.length);
    this.length += values.length;
    this.invalidCount += column?.values.invalidCount ?? 0;
  }

  build(): NamedColumn | null {
    if (!this.isSeen) return null;
    const values = this.numbers.subarray(0, this.length);
    return { name: this.name, values: { kind: 'numeric', values, invalidCount: this.invalidCount } };
  }

  private reserve(length: number): void {
    if (length <= this.numbers.length) return;
    const grown = new Float64Array(Math.max(length, this.numbers.length * 2));
    grown.set(this.numbers.subarray(0, this.length));
    this.numbers = grown;
  }
}

class CollectedStrings implements CollectedColumn {
  bytes = 0;
  private readonly strings: (string | null)[] = [];
  private invalidCount = 0;
  private isSeen = false;

  constructor(
    readonly name: string,
    private readonly kind: 'categorical' | 'text',
  ) {}

  add(column: BatchColumn | undefined, rowCount: number): void {
    this.isSeen ||= column !== undefined;
    this.bytes += PLACE_BYTES * rowCount;
    if (column === undefined) for (let row = 0; row < rowCount; row += 1) this.strings.push(null);
    else {
      for (const cell of column.values.values) this.push(typeof cell === 'number' ? null : cell);
      this.invalidCount += column.values.invalidCount;
    }
  }

  build(): NamedColumn | null {
    if (!this.isSeen) return null;
    const { name, kind, strings, invalidCount } = this;
    return { name, values: { kind, values: strings, invalidCount } };
  }

  /** Readers hold a category once however often it comes; a text is one of its own. */
  private push(cell: string | null): void {
    this.strings.push(cell);
    if (this.kind === 'text' && cell !== null) this.bytes += STRING_BYTES + 2 * cell.length;
  }
}
