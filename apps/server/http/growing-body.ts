/** A body as it arrives: one chunk as it is; of several each is copied at once, so that none of them waits in memory for the last. */
export class GrowingBody {
  length = 0;
  private first: Buffer | null = null;
  private gathered: Buffer | null = null;

  /** `declared`: how many bytes its sender said that there will be, or 0. */
  constructor(private readonly declared: number) {}

  /** The bytes of memory that it takes with so many more. */
  sizeWith(count: number): number {
    const needed = Math.max(this.declared, this.length + count);
    if (this.first === null) return needed;
    const capacity = this.gathered?.length ?? 0;
    return needed <= capacity ? capacity : Math.max(needed, 2 * capacity);
  }

  append(chunk: Buffer): void {
    if (this.first === null) this.first = chunk;
    else this.room(chunk.length).set(chunk, this.length);
    this.length += chunk.length;
  }

  bytes(): Buffer {
    return this.gathered?.subarray(0, this.length) ?? this.first ?? Buffer.alloc(0);
  }

  /** The gathered bytes with room for so many more. */
  private room(count: number): Buffer {
    const size = this.sizeWith(count);
    const { gathered } = this;
    if (gathered?.length === size) return gathered;
    const larger = Buffer.allocUnsafe(size);
    larger.set(this.bytes());
    return (this.gathered = larger);
  }
}
