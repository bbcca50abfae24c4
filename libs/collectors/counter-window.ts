/** One counter at one scrape. Resets are seen per series; increases are added up per group. */
export interface CounterReading {
  /** Identity of the series within its target. */
  readonly series: string;
  /** What the series counts into: a bucket bound, a status class. */
  readonly group: string;
  /** Cumulative, finite, at least 0. */
  readonly value: number;
}

interface Snapshot {
  readonly at: number;
  readonly readings: ReadonlyMap<string, CounterReading>;
}

/** What the counters did between two successful scrapes. Groups that stood still are left out. */
interface Step {
  readonly from: number;
  readonly to: number;
  readonly increases: ReadonlyMap<string, number>;
}

/**
 * The counters of one target over the last `windowMs`, from one successful scrape to the next.
 *
 * A counter that falls has been reset: its value is then its increase, as in PromQL. A series that a scrape does not
 * show counts as 0 there, so that the first errors after a quiet time are seen at once (PromQL needs a second sample
 * of a new series). Rates are not extrapolated to the edges of the window: they are the increase between its
 * first and last scrape over the time between these two.
 */
export class CounterWindow {
  private last: Snapshot | null = null;
  private steps: Step[] = [];

  constructor(private readonly windowMs: number) {}

  /** Adds a scrape. One that is not later than the one before it replaces it: the clock went back. */
  add(at: number, readings: readonly CounterReading[]): void {
    const snapshot: Snapshot = {
      at,
      readings: new Map(readings.map((reading) => [reading.series, reading])),
    };
    if (this.last !== null && at > this.last.at)
      this.steps.push({ from: this.last.at, to: at, increases: increases(this.last, snapshot) });
    else this.steps = [];
    this.last = snapshot;
    this.forget(at);
  }

  /**
   * Increase per second of every group, for steps within [at − window, at].
   *
   * null when fewer than two scrapes lie in there, or when the target has never shown a series: no data is not 0.
   * A group that stood still is 0.
   */
  rates(at: number): ReadonlyMap<string, number> | null {
    this.forget(at);
    const [first] = this.steps;
    const last = this.steps.at(-1);
    if (first === undefined || last === undefined || this.last === null) return null;
    const sums = new Map<string, number>();
    for (const { group } of this.last.readings.values()) sums.set(group, 0);
    for (const step of this.steps) {
      for (const [group, increase] of step.increases) sums.set(group, (sums.get(group) ?? 0) + increase);
    }
    if (sums.size === 0) return null;
    // Steps are contiguous: each begins where the one before it ended.
    const seconds = (last.to - first.from) / 1_000;
    return new Map([...sums].map(([group, increase]) => [group, increase / seconds]));
  }

  private forget(at: number): void {
    this.steps = this.steps.filter((step) => step.from >= at - this.windowMs);
  }
}

function increases(before: Snapshot, after: Snapshot): Map<string, number> {
  const sums = new Map<string, number>();
  for (const [series, { group, value }] of after.readings) {
    const previous = before.readings.get(series)?.value ?? 0;
    const increase = value >= previous ? value - previous : value;
    if (increase > 0) sums.set(group, (sums.get(group) ?? 0) + increase);
  }
  return sums;
}
