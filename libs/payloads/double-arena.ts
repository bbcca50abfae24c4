/**
 * Arrays of numbers out of one piece of memory: that is allocated, and swept, once for all columns of a payload and not once for each.
 * What is taken beyond the capacity has memory of its own.
 */
export class DoubleArena {
  private readonly buffer: ArrayBuffer;
  private taken = 0;

  /** Room for so many numbers. */
  constructor(capacity: number) {
    this.buffer = new ArrayBuffer(8 * capacity);
  }

  /** An array of zeros. */
  take(length: number): Float64Array {
    const start = this.taken;
    const end = start + 8 * length;
    if (end > this.buffer.byteLength) return new Float64Array(length);
    this.taken = end;
    return new Float64Array(this.buffer, start, length);
  }
}
