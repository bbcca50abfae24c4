import { ClassNames } from './class-names.js';
import type { Confusion } from './performance.js';

/** Of the reported confusion, besides the others together. */
const MAX_CONFUSION_CLASSES = 50;

/** Rows of one class: how many, how many were predicted to be of it, and how many of both. */
export interface ClassCounts {
  readonly name: string;
  readonly truthCount: number;
  readonly predictedCount: number;
  readonly rightCount: number;
}

/** Rows of one truth and one prediction, by the classes' places in `ClassPairs.classes()`; null where it is not told apart. */
export interface PairCount {
  readonly truth: number | null;
  readonly predicted: number | null;
  readonly count: number;
}

/** Counts of (truth, prediction) of at most `limit` classes told apart; memory is bounded by the square of that. */
export class ClassPairs {
  private readonly names: ClassNames;
  private readonly counts = new Map<number, number>();
  private right = 0;
  private pooled = 0;
  private rows = 0;

  constructor(classes: readonly string[], maxClasses?: number) {
    this.names = new ClassNames(classes, maxClasses);
  }

  /** Rows with a prediction. */
  get rowCount(): number {
    return this.rows;
  }

  /** Rows whose prediction is their truth. */
  get rightCount(): number {
    return this.right;
  }

  /** Rows with a class that is not told apart. */
  get pooledCount(): number {
    return this.pooled;
  }

  add(truth: string, predicted: string): void {
    if (truth === predicted) this.right++;
    this.count(this.names.numberOf(truth), this.names.numberOf(predicted), 1);
  }

  merge(other: ClassPairs): void {
    const { limit, names } = other.names;
    const numbers = names.map((name) => this.names.numberOf(name));
    for (const [pair, count] of other.counts) {
      const [truth, predicted] = [Math.floor(pair / (limit + 1)), pair % (limit + 1)];
      this.count(numbers[truth] ?? this.names.limit, numbers[predicted] ?? this.names.limit, count);
    }
    this.right += other.right;
  }

  /** The classes that occur or that the task names, most rows first, ties by name. */
  classes(): ClassCounts[] {
    const counts = this.names.names.map((name) => ({
      name,
      truthCount: 0,
      predictedCount: 0,
      rightCount: 0,
    }));
    for (const { truth, predicted, count } of this.numbered()) {
      const [row, column] = [counts[truth], counts[predicted]];
      if (row !== undefined) row.truthCount += count;
      if (column !== undefined) column.predictedCount += count;
      if (row !== undefined && row === column) row.rightCount += count;
    }
    return counts.sort((a, b) => b.truthCount - a.truthCount || compareNames(a.name, b.name));
  }

  /** All pairs, by places in a list of names. */
  pairs(classes: readonly { readonly name: string }[]): PairCount[] {
    const places = new Map(classes.map(({ name }, place) => [name, place]));
    const placeOf = (number: number): number | null => places.get(this.names.names[number] ?? '') ?? null;
    const isPooled = (number: number): boolean => number === this.names.limit;
    return this.numbered().map(({ truth, predicted, count }) => ({
      truth: isPooled(truth) ? null : placeOf(truth),
      predicted: isPooled(predicted) ? null : placeOf(predicted),
      count,
    }));
  }

  confusion(): Confusion {
    const all = this.classes()
      .filter(({ truthCount, predictedCount }) => truthCount + predictedCount > 0)
      .sort(
        (a, b) =>
          b.truthCount + b.predictedCount - (a.truthCount + a.predictedCount) || compareNames(a.name, b.name),
      );
    const shown = all.slice(0, MAX_CONFUSION_CLASSES);
    const hasOthers = all.length > shown.length || this.pooled > 0;
    const size = shown.length + (hasOthers ? 1 : 0);
    const counts = Array.from({ length: size }, () => new Array<number>(size).fill(0));
    for (const { truth, predicted, count } of this.pairs(shown)) {
      counts[truth ?? shown.length]![predicted ?? shown.length]! += count;
    }
    return { classes: shown.map(({ name }) => name), hasOthers, counts };
  }

  private count(truth: number, predicted: number, count: number): void {
    const { limit } = this.names;
    const pair = truth * (limit + 1) + predicted;
    this.counts.set(pair, (this.counts.get(pair) ?? 0) + count);
    this.rows += count;
    if (truth === limit || predicted === limit) this.pooled += count;
  }

  private numbered(): { truth: number; predicted: number; count: number }[] {
    const width = this.names.limit + 1;
    return [...this.counts].map(([pair, count]) => ({
      truth: Math.floor(pair / width),
      predicted: pair % width,
      count,
    }));
  }
}

function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
