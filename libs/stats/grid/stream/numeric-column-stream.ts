import { addMoments, extentOf, momentsFrom, momentsOf, type Moments } from '../../profile/moments.js';
import type { NumericProfile } from '../../profile/profile.js';
import type { NumericGrid } from '../grid.js';
import { MAX_DISCRETE_VALUES, numericGridOfSample, type SortedSample } from '../numeric-grid.js';
import { RankSketch } from './rank-sketch.js';
import { cellTotals, fitSums } from './weighted-cells.js';
import { sampleOf } from './weighted-values.js';

/** Values folded at a time: 32 KB, so that the passes over them read the first-level cache. */
const BLOCK = 4096;

/**
 * A numeric column of a stream: exact moments, and an exact count of each value up to 50 distinct ones, then a sketch.
 *
 * Memory: that of the sketch. Cost: 40 ns a value.
 */
export class NumericColumnStream {
  readonly kind = 'numeric';
  missingCount = 0;
  invalidCount = 0;
  private readonly moments: Moments = momentsOf(new Float64Array(0));
  private readonly sketch: RankSketch;
  /** How often each value came; null when there are too many, and the sketch holds them. */
  private distinct: Map<number, number> | null = new Map();

  /** @throws RangeError if the size is none that a sketch can have */
  constructor(bufferSize: number) {
    this.sketch = new RankSketch(bufferSize);
  }

  /** How many finite values were folded. */
  get count(): number {
    return this.moments.count;
  }

  /** Bytes of the sketch; the fifty counters before it are not worth counting. */
  get approximateBytes(): number {
    return this.sketch.approximateBytes;
  }

  /** Folds cells; NaN is missing, ±Infinity invalid. */
  fold(values: Float64Array): void {
    for (let start = 0; start < values.length; start += BLOCK) {
      const block = values.subarray(start, start + BLOCK);
      const extent = extentOf(block);
      const isFinite = Number.isFinite(extent.sum);
      const finite = isFinite ? block : this.finiteValues(block);
      addMoments(this.moments, isFinite ? momentsFrom(block, extent) : momentsOf(finite));
      this.addValues(finite);
    }
  }

  /** Adds what another stream knows about the column. @throws RangeError if the buffers differ in size */
  merge(other: NumericColumnStream): void {
    this.missingCount += other.missingCount;
    this.invalidCount += other.invalidCount;
    addMoments(this.moments, other.moments);
    if (other.distinct === null) {
      this.leaveDistinct();
      this.sketch.merge(other.sketch);
    } else for (const [value, count] of other.distinct) this.addCounted(value, count);
  }

  /** The grid of the values, and their profile on it. */
  finish(): { grid: NumericGrid; profile: NumericProfile } {
    const sample = this.sample();
    const grid = numericGridOfSample(
      sample,
      this.distinct === null || this.count === 0 ? null : sample.values,
    );
    const totals = cellTotals(grid, sample);
    const rankError = this.sketch.rankErrorBound;
    if (rankError > 0) fitSums(totals, grid, this.moments);
    const { missingCount, invalidCount } = this;
    return {
      grid,
      profile: { kind: 'numeric', ...totals, ...this.moments, rankError, missingCount, invalidCount },
    };
  }

  private finiteValues(values: Float64Array): Float64Array {
    const finite = values.filter(Number.isFinite);
    let missing = 0;
    for (const x of values) if (Number.isNaN(x)) missing++;
    this.missingCount += missing;
    this.invalidCount += values.length - finite.length - missing;
    return finite;
  }

  private addValues(finite: Float64Array): void {
    let i = 0;
    for (; this.distinct !== null && i < finite.length; i++) this.addCounted(finite[i]!, 1);
    this.sketch.add(finite.subarray(i));
  }

  private addCounted(value: number, count: number): void {
    if (this.distinct === null) {
      this.sketch.addRepeated(value, count);
      return;
    }
    this.distinct.set(value, (this.distinct.get(value) ?? 0) + count);
    if (this.distinct.size > MAX_DISCRETE_VALUES) this.leaveDistinct();
  }

  private leaveDistinct(): void {
    const counted = this.distinct ?? [];
    this.distinct = null;
    for (const [value, count] of counted) this.sketch.addRepeated(value, count);
  }

  private sample(): SortedSample {
    if (this.distinct === null) return this.sketch.sortedSample();
    const values = Float64Array.from(this.distinct.keys()).sort();
    return sampleOf({ values, weights: values.map((value) => this.distinct?.get(value) ?? 0) });
  }
}
