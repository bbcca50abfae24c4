import { flatCopy } from '../flat-copy.js';

/** Counters at most: half of them survive a clearing and certify counts to 1/10,000; 20,000 identifiers take 3 MB. */
const MAX_COUNTERS = 20_000;
/** What a counter weighs beside the key's code units, in bytes. Measured, with Node 20: 110 to 150, as the map is filled. */
const BYTES_PER_COUNTER = 150;

/** A key that occurred at least `count` times and at most `missedCount` more. */
export interface CountedCategory {
  readonly key: string;
  readonly count: number;
  readonly missedCount: number;
  /** Whether those `count` stand in more than one text; of what was missed nothing is known. */
  readonly isInSeveralTexts: boolean;
}

interface Counter {
  count: number;
  /** The error bound when the counter was taken: the key may have come that often before. */
  missedCount: number;
  lastText: number;
  isInSeveralTexts: boolean;
}

/**
 * The frequent keys of a stream: exact up to 20,000 distinct ones, then counts that are never too high, and too low by at
 * most `errorBound`, which is at most `total`/10,001. A key without a counter came at most `errorBound` times.
 *
 * When all counters are taken, those of the rarer half are cleared, and what one of them may have counted becomes the error bound.
 * Proof: call count + missedCount − errorBound what is left of a counter. It starts at 1, grows by 1 a value, and never
 * gets negative; raising the bound by d takes d off at least 10,001 counters. So errorBound · 10,001 ≤ total. Merging adds
 * bounds, and what is left of the counters, so the same holds. Deterministic, but dependent on the order of values.
 *
 * Unlike Space-Saving, which counts as high as it may, a column of identifiers gets counts near 1, not total/10,000; what
 * is frequent from the start has an exact count. Memory: 20,000 counters, their keys copied. Cost: 25 to 130 ns a known key,
 * as its hash is known or not, and 2 µs a new one.
 * Source: Misra and Gries (1982); Manku and Motwani (2002) for the error kept per counter; Agarwal et al. (2013) for merging.
 */
export class FrequentCategories {
  private readonly counters = new Map<string, Counter>();
  private bound = 0;
  private recorded = 0;
  /** Counters that a clearing leaves at most: half, so that it costs a constant time a value. */
  private readonly keptCounters: number;

  /** @throws RangeError if the number of counters is not an even whole number of at least 2 */
  constructor(private readonly maxCounters = MAX_COUNTERS) {
    this.keptCounters = maxCounters / 2;
    if (!Number.isSafeInteger(this.keptCounters) || maxCounters < 2) {
      throw new RangeError(`the number of counters must be even and at least 2, got ${maxCounters}`);
    }
  }

  /** How many values were recorded. */
  get total(): number {
    return this.recorded;
  }

  /** How much too low a count may be, and how often a key without a counter may have come; 0 while exact. */
  get errorBound(): number {
    return this.bound;
  }

  /** Bytes held, keys at two bytes a code unit. */
  get approximateBytes(): number {
    let bytes = 0;
    for (const key of this.counters.keys()) bytes += BYTES_PER_COUNTER + 2 * key.length;
    return bytes;
  }

  /** Records one occurrence of a key; where keys are tokens, in the text of this number, each its own. */
  record(key: string, text = 0): void {
    this.recorded++;
    const counter = this.counters.get(key);
    if (counter === undefined) {
      this.take(key, text);
      return;
    }
    counter.count++;
    counter.isInSeveralTexts ||= counter.lastText !== text;
    counter.lastText = text;
  }

  /** Adds all that `other` recorded, from other texts; it stays as it is. The numbers of both are taken. */
  merge(other: FrequentCategories): void {
    for (const [key, counter] of this.counters) {
      if (!other.counters.has(key)) counter.missedCount += other.bound;
    }
    for (const [key, source] of other.counters) {
      const counter = this.counters.get(key);
      if (counter === undefined) {
        this.counters.set(key, { ...source, missedCount: source.missedCount + this.bound });
      } else {
        counter.count += source.count;
        counter.missedCount += source.missedCount;
        counter.isInSeveralTexts = true;
      }
    }
    this.bound += other.bound;
    this.recorded += other.recorded;
    if (this.counters.size > this.maxCounters) this.clearRarest();
  }

  /** The keys with a counter, most frequent first, ties by code units. */
  byFrequency(): CountedCategory[] {
    return [...this.counters]
      .map(([key, { count, missedCount, isInSeveralTexts }]) => ({
        key,
        count,
        missedCount,
        isInSeveralTexts,
      }))
      .sort((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1));
  }

  private take(key: string, text: number): void {
    if (this.counters.size === this.maxCounters) this.clearRarest();
    const counter = { count: 1, missedCount: this.bound, lastText: text, isInSeveralTexts: false };
    this.counters.set(flatCopy(key), counter);
  }

  private clearRarest(): void {
    const highest = Float64Array.from(this.counters.values(), (c) => c.count + c.missedCount).sort();
    this.bound = highest[highest.length - 1 - this.keptCounters]!;
    for (const [key, { count, missedCount }] of this.counters) {
      if (count + missedCount <= this.bound) this.counters.delete(key);
    }
  }
}
