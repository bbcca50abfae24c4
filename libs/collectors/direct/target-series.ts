import type { ExposedSample } from './exposition.js';

type Labels = Readonly<Record<string, string>>;

/** What one series of a target did. */
export interface SeriesState {
  readonly metric: string;
  readonly labels: Labels;
  /** As the newest page shows it; null when that page does not. */
  readonly value: number | null;
  /** What the counter grew by over the window, resets taken out; null when fewer than two pages lie in it. */
  readonly increase: number | null;
  /** What it grew by since the page before the newest; null when there is none in the window. */
  readonly step: number | null;
}

/** A series with the total of its increases at each of the newest pages. */
class Series implements SeriesState {
  value: number | null = null;
  increase: number | null = null;
  step: number | null = null;
  lastSeen = 0;
  /** The value that the next one is compared with. */
  raw = 0;
  total = 0;
  private totals: Float64Array;

  constructor(
    readonly metric: string,
    readonly labels: Labels,
    /** The number of the page that showed it first: before that its total is 0. */
    private readonly firstPage: number,
    capacity: number,
  ) {
    this.totals = new Float64Array(capacity);
  }

  /** A counter that falls has been reset: its value is then its increase, as in PromQL. */
  grow(value: number): void {
    this.total += value >= this.raw ? value - this.raw : value;
    this.raw = value;
  }

  remember(page: number): void {
    this.totals[page % this.totals.length] = this.total;
  }

  totalAt(page: number): number {
    return page < this.firstPage ? 0 : (this.totals[page % this.totals.length] ?? 0);
  }

  widen(capacity: number, firstKept: number, lastPage: number): void {
    const wider = new Float64Array(capacity);
    for (let page = Math.max(firstKept, this.firstPage); page <= lastPage; page += 1)
      wider[page % capacity] = this.totalAt(page);
    this.totals = wider;
  }
}

const FIRST_CAPACITY = 8;

/**
 * The series of one target over the last `windowMs`, page by page.
 *
 * A series that a page shows for the first time counts from 0 there, so that the first errors after a quiet time are seen at once
 * (PromQL needs a second sample of a new series); on the very first page it counts from its value. One that is away for a while goes on
 * where it was. Increases are not extrapolated to the edges of the window: they are what happened between its first page and its last.
 * Memory: a double for each series and page in the window.
 */
export class TargetSeries {
  private readonly series = new Map<string, Series>();
  /** When each page was read, and which metric it may be asked for. */
  private times: number[] = [];
  private firstPage = 0;
  private capacity = FIRST_CAPACITY;

  constructor(private readonly windowMs: number) {}

  /** Adds a page. One that is not later than the one before it replaces everything: the clock went back. */
  add(at: number, samples: Iterable<ExposedSample>): void {
    const newest = this.times.at(-1);
    if (newest !== undefined && at <= newest) this.clear();
    const isFirst = this.times.length === 0;
    this.times.push(at);
    this.forget(at);
    const page = this.lastPage;
    for (const each of this.series.values()) each.value = null;
    for (const { name, labels, value } of samples) this.read(name, labels, value, page, isFirst);
    for (const [key, each] of this.series) {
      if (each.lastSeen < at - this.windowMs) this.series.delete(key);
      else each.remember(page);
    }
  }

  /** When the newest page was read; null before the first. */
  get newestAt(): number | null {
    return this.times.at(-1) ?? null;
  }

  /** Seconds between the first and the last page of the window that ends at `at`; null when there are no two. */
  seconds(at: number): number | null {
    this.forget(at);
    const [first, last] = [this.times[0], this.times.at(-1)];
    return first === undefined || last === undefined || last <= first ? null : (last - first) / 1_000;
  }

  /** Every series, with its increase over the window that ends at `at`. */
  *states(at: number): Iterable<SeriesState> {
    const isMeasured = this.seconds(at) !== null;
    for (const each of this.series.values()) {
      each.increase = isMeasured ? each.total - each.totalAt(this.firstPage) : null;
      each.step = isMeasured ? each.total - each.totalAt(this.lastPage - 1) : null;
      yield each;
    }
  }

  private get lastPage(): number {
    return this.firstPage + this.times.length - 1;
  }

  private read(metric: string, labels: Labels, value: number, page: number, isFirst: boolean): void {
    const key = seriesKey(metric, labels);
    let series = this.series.get(key);
    if (series === undefined) {
      series = new Series(metric, labels, page, this.capacity);
      if (isFirst) series.raw = value;
      this.series.set(key, series);
    }
    series.value = value;
    series.lastSeen = this.times.at(-1) ?? 0;
    series.grow(value);
  }

  private forget(at: number): void {
    while (this.times[0] !== undefined && this.times[0] < at - this.windowMs) {
      this.times.shift();
      this.firstPage += 1;
    }
    if (this.times.length <= this.capacity) return;
    this.capacity *= 2;
    for (const each of this.series.values()) each.widen(this.capacity, this.firstPage, this.lastPage - 1);
  }

  private clear(): void {
    this.series.clear();
    this.times = [];
    this.firstPage = 0;
  }
}

function seriesKey(metric: string, labels: Labels): string {
  const names = Object.keys(labels);
  if (names.length > 1) names.sort();
  let key = metric;
  // Neither a label name nor UTF-8 text of a page holds a 0 or 1 as a character.
  for (const name of names) key += `\u0000${name}\u0001${labels[name] ?? ''}`;
  return key;
}
