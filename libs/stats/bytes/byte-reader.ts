import { StatsFormatError } from './stats-format-error.js';

/** Reads what `ByteWriter` wrote, in the same order; every read past the end throws a `StatsFormatError`. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  byte(): number {
    return this.#view.getUint8(this.#take(1));
  }

  varint(): number {
    // Most numbers take one byte; past the end, undefined is below nothing.
    const first = this.#bytes[this.#offset]!;
    if (first < 0x80) {
      this.#offset += 1;
      return first;
    }
    let value = 0;
    for (let scale = 1; scale <= 2 ** 49; scale *= 0x80) {
      const group = this.byte();
      value += (group & 0x7f) * scale;
      if (group < 0x80) return value;
    }
    throw new StatsFormatError('a number is longer than 53 bits');
  }

  /** A varint that counts items still to be read, each at least `itemBytes` long; bounds what damage can allocate. */
  length(itemBytes = 1): number {
    const length = this.varint();
    if (length * itemBytes > this.remaining)
      throw new StatsFormatError(`${length} items do not fit the remaining bytes`);
    return length;
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  float64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  text(): string {
    const length = this.length();
    const pieces: string[] = [];
    for (let i = 0; i < length; i++) pieces.push(String.fromCharCode(this.varint()));
    return pieces.join('');
  }

  #take(count: number): number {
    if (count > this.remaining) throw new StatsFormatError('the bytes end too early');
    const start = this.#offset;
    this.#offset += count;
    return start;
  }
}
