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
  /** The whole column, which is let go of; null where no batch has had it. */
  take(): NamedColumn | null;
}

export function collectedColumn({ name, type }: ColumnSpec): CollectedColumn {
  return type === 'numeric'
    ? new CollectedNumbers(name)
    : new CollectedStrings(name, type === 'text' ? 'text' : 'categorical');
}

/** Values of a piece: 512 KB. Pieces leave nothing to be collected as they become more, as a list that doubles does. */
const PIECE_VALUES = 65_536;
/** Values of the first piece at first: a batch, so that few rows of many columns stay small. */
const FIRST_VALUES = 2_048;

class CollectedNumbers implements CollectedColumn {
  private readonly full: Float64Array[] = [];
  private piece = new Float64Array(FIRST_VALUES);
  private length = 0;
  private invalidCount = 0;
  private isSeen = false;

  constructor(readonly name: string) {}

  get bytes(): number {
    return (this.full.length * PIECE_VALUES + this.length) * Float64Array.BYTES_PER_ELEMENT;
  }

  add(column: BatchColumn | undefined, rowCount: number): void {
    const values =
      column?.values.kind === 'numeric' ? column.values.values : new Float64Array(rowCount).fill(NaN);
    this.isSeen ||= column !== undefined;
    this.invalidCount += column?.values.invalidCount ?? 0;
    for (let start = 0; start < values.length;) {
      if (this.length === this.piece.length) this.makeRoom();
      const part = values.subarray(start, start + this.piece.length - this.length);
      this.piece.set(part, this.length);
      this.length += part.length;
      start += part.length;
    }
  }

  take(): NamedColumn | null {
    const values = new Float64Array(this.isSeen ? this.full.length * PIECE_VALUES + this.length : 0);
    if (this.isSeen) {
      this.full.forEach((piece, index) => values.set(piece, index * PIECE_VALUES));
      values.set(this.piece.subarray(0, this.length), this.full.length * PIECE_VALUES);
    }
    this.full.length = 0;
    this.length = 0;
    if (!this.isSeen) return null;
    return { name: this.name, values: { kind: 'numeric', values, invalidCount: this.invalidCount } };
  }

  private makeRoom(): void {
    if (this.piece.length < PIECE_VALUES) {
      const grown = new Float64Array(2 * this.piece.length);
      grown.set(this.piece);
      this.piece = grown;
      return;
    }
    this.full.push(this.piece);
    this.piece = new Float64Array(PIECE_VALUES);
    this.length = 0;
  }
}

class CollectedStrings implements CollectedColumn {
  bytes = 0;
  private strings: (string | null)[] = [];
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

  take(): NamedColumn | null {
    const { name, kind, strings, invalidCount } = this;
    this.strings = [];
    if (!this.isSeen) return null;
    return { name, values: { kind, values: strings, invalidCount } };
  }

  /** Readers hold a category once however often it comes; a text is one of its own. */
  private push(cell: string | null): void {
    this.strings.push(cell);
    if (this.kind === 'text' && cell !== null) this.bytes += STRING_BYTES + 2 * cell.length;
  }
}
