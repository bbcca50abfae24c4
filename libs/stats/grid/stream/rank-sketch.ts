import type { SortedSample } from '../numeric-grid.js';
import { sortFloat64 } from '../radix-sort.js';
import { mergeByValue, sampleOf, withExactEnds, withWeight, type WeightedValues } from './weighted-values.js';

/**
 * Values of a full buffer by default: certifies 5·10^-4 at 10^9 values in 1.2 MB.
 *
 * Half of it doubles the error; twice of it doubles the memory, and then sorting leaves the second-level cache.
 */
export const DEFAULT_BUFFER_SIZE = 16_384;

/** Values that the buffer has room for at first: 2 KB. */
const SMALLEST_BUFFER = 256;

/** @throws RangeError if a buffer cannot have this size: an even whole number of at least 2 */
export function checkBufferSize(bufferSize: number): void {
  if (!Number.isSafeInteger(bufferSize / 2) || bufferSize < 2) {
    throw new RangeError(`the size of a buffer must be even and at least 2, got ${bufferSize}`);
  }
}

/**
 * A summary of a stream of finite doubles from which every rank can be read with a certified error.
 *
 * A buffer of k values of weight 1, and per level h ≥ 1 at most one sorted run of k/2 values that stand for 2^h each. A
 * full buffer is sorted, and every second value becomes a run of level 1; two runs of a level are merged, and every
 * second value becomes a run of the next level. The kept places, even or odd, alternate per level, so errors cancel.
 *
 * Guarantee: for every x, the estimated number of values ≤ x is off by at most `rankErrorBound` · `count`, whatever the
 * values and their order; 0 up to k values. Proof: let j of the k sorted values of a compaction at level h be ≤ x. Of
 * the places 1, 3, 5, … ⌈j/2⌉ are kept, each for two, so the estimate rises by 0 or 2^h; of 2, 4, 6, … ⌊j/2⌋, so
 * it falls by 0 or 2^h. Hence it is too high by at most `over`, the sum of 2^h over the compactions of the first kind, and
 * too low by at most `under`, that of the second; the larger of the two is the bound. Equal values lose nothing.
 * A level sees at most n/(k·2^h) compactions, so with H = ⌊log2(n/k)⌋ + 1 levels the bound is at most
 * H/(2k) + 2/(3k) for one stream, and H/k after merging sketches that all erred on one side.
 *
 * Memory: at most 8k + 4kH bytes; while sorting, another 8k. Cost: 32 ns a value.
 * Source: Munro and Paterson (1980); Manku, Rajagopalan and Lindsay (1998); Karnin, Lang and Liberty (2016), without chance.
 */
export class RankSketch {
  /** Grows up to `bufferSize`, so that a small column stays small. */
  private buffer = new Float64Array(0);
  private buffered = 0;
  /** The run of each level; level 0 has none, since its values are in the buffer. */
  private readonly runs: (Float64Array | null)[] = [null];
  private readonly isFirstKept: boolean[] = [];
  private over = 0;
  private under = 0;
  private total = 0;
  private min = Infinity;
  private max = -Infinity;

  /** @throws RangeError if the buffer's size is not an even whole number of at least 2 */
  constructor(readonly bufferSize = DEFAULT_BUFFER_SIZE) {
    checkBufferSize(bufferSize);
  }

  /** How many values were added. */
  get count(): number {
    return this.total;
  }

  /** The share of `count` by which the estimated number of values at most x may be off, for any x; 0 while exact. */
  get rankErrorBound(): number {
    return this.total === 0 ? 0 : Math.max(this.over, this.under) / this.total;
  }

  /** Bytes of the values held. */
  get approximateBytes(): number {
    return this.runs.reduce((bytes, run) => bytes + (run?.byteLength ?? 0), this.buffer.byteLength);
  }

  /** Adds values, which must be finite. */
  add(values: Float64Array): void {
    for (let start = 0; start < values.length;) {
      const part = values.subarray(start, start + this.room());
      this.buffer.set(part, this.buffered);
      this.buffered += part.length;
      start += part.length;
    }
    this.total += values.length;
  }

  /**
   * Adds `count` times one finite value.
   *
   * Blocks of k equal values become runs as they are, since compacting them loses nothing; so it costs at most k copies.
   */
  addRepeated(value: number, count: number): void {
    if (count === 0) return;
    this.min = Math.min(this.min, value);
    this.max = Math.max(this.max, value);
    const rest = count % this.bufferSize;
    let blocks = (count - rest) / this.bufferSize;
    for (let level = 1; blocks > 0; level++) {
      if (blocks % 2 === 1) this.addRun(new Float64Array(this.bufferSize / 2).fill(value), level);
      blocks = Math.floor(blocks / 2);
    }
    this.total += count - rest;
    this.add(new Float64Array(rest).fill(value));
  }

  /**
   * Adds all that `other` holds, which stays as it is; errors add up, so the guarantee holds for both together.
   * @throws RangeError if the buffers differ in size
   */
  merge(other: RankSketch): void {
    if (other.bufferSize !== this.bufferSize) {
      throw new RangeError(`sketches of buffers ${this.bufferSize} and ${other.bufferSize} cannot be merged`);
    }
    const { over, under, total, buffered } = other;
    const raw = other.buffer.slice(0, buffered);
    [...other.runs].forEach((run, level) => run !== null && this.addRun(run, level));
    this.add(raw);
    this.over += over;
    this.under += under;
    this.total += total - buffered;
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
  }

  /** The values held, ascending, each with what it stands for; the first is the exact minimum, the last the maximum. */
  sortedSample(): SortedSample {
    sortFloat64(this.buffer, this.buffered);
    const raw = this.buffer.slice(0, this.buffered);
    if (this.runs.length === 1) return { values: raw, cumulative: null };
    this.noteEnds();
    const held = this.runs.reduce<WeightedValues>(
      (all, run, level) => (run === null ? all : mergeByValue(all, withWeight(run, 2 ** level))),
      withWeight(raw, 1),
    );
    return sampleOf(withExactEnds(held, this.min, this.max));
  }

  /** Free places of the buffer, at least one. */
  private room(): number {
    if (this.buffered === this.bufferSize) this.compactBuffer();
    else if (this.buffered === this.buffer.length) this.grow();
    return this.buffer.length - this.buffered;
  }

  private grow(): void {
    const grown = new Float64Array(
      Math.min(this.bufferSize, Math.max(SMALLEST_BUFFER, 2 * this.buffer.length)),
    );
    grown.set(this.buffer);
    this.buffer = grown;
  }

  private compactBuffer(): void {
    sortFloat64(this.buffer);
    this.noteEnds();
    const first = this.firstKept(0, this.buffer[0] === this.buffer[this.bufferSize - 1]);
    const run = new Float64Array(this.bufferSize / 2);
    for (let i = 0; i < run.length; i++) run[i] = this.buffer[2 * i + first]!;
    this.buffered = 0;
    this.addRun(run, 1);
  }

  /** Takes the ends of the sorted buffer into account. */
  private noteEnds(): void {
    if (this.buffered === 0) return;
    this.min = Math.min(this.min, this.buffer[0]!);
    this.max = Math.max(this.max, this.buffer[this.buffered - 1]!);
  }

  /** Adds a run as a digit is added to a binary number: two of a level become one of the next. */
  private addRun(run: Float64Array, level: number): void {
    let carry = run;
    for (; ; level++) {
      while (this.runs.length <= level) this.runs.push(null);
      const held = this.runs[level] ?? null;
      this.runs[level] = held === null ? carry : null;
      if (held === null) return;
      const last = run.length - 1;
      const isConstant = Math.min(held[0]!, carry[0]!) === Math.max(held[last]!, carry[last]!);
      carry = everySecond(held, carry, this.firstKept(level, isConstant));
    }
  }

  /** The first place that a compaction at this level keeps, 0 or 1; accounts for the error. */
  private firstKept(level: number, isConstant: boolean): 0 | 1 {
    const isFirstKept = this.isFirstKept[level] ?? level % 2 === 0;
    if (isConstant) return 0;
    this.isFirstKept[level] = !isFirstKept;
    if (isFirstKept) this.over += 2 ** level;
    else this.under += 2 ** level;
    return isFirstKept ? 0 : 1;
  }
}

/** Every second value, from place `first` on, of two sorted runs of one length when merged. */
function everySecond(a: Float64Array, b: Float64Array, first: 0 | 1): Float64Array {
  const kept = new Float64Array(a.length);
  let i = 0;
  let j = 0;
  for (let place = 0; place < 2 * a.length; place++) {
    const x = j === b.length || (i < a.length && a[i]! <= b[j]!) ? a[i++]! : b[j++]!;
    if ((place & 1) === first) kept[place >> 1] = x;
  }
  return kept;
}
