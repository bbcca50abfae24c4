import type { CounterReading } from './counter-window.js';
import type { ExposedSample } from './exposition.js';
import { histogramQuantile, type Bucket } from './histogram-quantile.js';
import type { CollectedSample, Problem } from './metrics-source.js';

/** Which series are read: those that carry exactly these values in these labels. */
export type Matchers = Readonly<Record<string, string>>;

const CLIENT_ERROR = '4xx';
const SERVER_ERROR = '5xx';
const UNKNOWN_STATUS = 'unknown';

/** What one page says about something: counters to remember, and what was wrong with them. */
export interface Readings {
  readonly readings: CounterReading[];
  readonly problems: Problem[];
}

/** The buckets of a histogram on one page; a reading's group is its bound in seconds. */
export function latencyReadings(
  page: readonly ExposedSample[],
  metric: string,
  secondsPerUnit: number,
  matchers: Matchers,
): Readings {
  const name = `${metric}_bucket`;
  return read(
    page,
    name,
    matchers,
    (labels) => {
      const le = labels['le'] === undefined ? NaN : Number(labels['le'].replace(/^\+?Inf$/i, 'Infinity'));
      return Number.isNaN(le) ? null : String(le * secondsPerUnit);
    },
    'le',
  );
}

/** The request counters on one page; a reading's group is the status class `1xx` … `5xx`, or `unknown`. */
export function requestReadings(
  page: readonly ExposedSample[],
  metric: string,
  statusLabel: string,
  matchers: Matchers,
): Readings {
  return read(page, metric, matchers, (labels) => statusClass(labels[statusLabel]), statusLabel);
}

/** The class of a status label: `503` and the grouped `5xx` are the same. `unknown` counts as a request and as no error. */
export function statusClass(status: string | undefined): string {
  const digit = /^([1-5])(?:xx|\d\d)$/i.exec(status ?? '')?.[1];
  return digit === undefined ? UNKNOWN_STATUS : `${digit}xx`;
}

function read(
  page: readonly ExposedSample[],
  name: string,
  matchers: Matchers,
  groupOf: (labels: ExposedSample['labels']) => string | null,
  groupLabel: string,
): Readings {
  const readings: CounterReading[] = [];
  const problems: Problem[] = [];
  const wanted = Object.entries(matchers);
  for (const sample of page) {
    if (sample.name !== name || !wanted.every(([label, value]) => sample.labels[label] === value)) continue;
    const group = groupOf(sample.labels);
    if (group === null)
      problems.push({
        reason: 'unreadable',
        detail: `${name} has the label ${groupLabel}=${JSON.stringify(sample.labels[groupLabel] ?? '')}`,
      });
    else if (!(sample.value >= 0 && sample.value < Infinity))
      problems.push({
        reason: 'not-a-number',
        detail: `${name} is ${sample.value}, which no counter can be`,
      });
    else readings.push({ series: seriesKey(sample.labels), group, value: sample.value });
  }
  return { readings, problems };
}

function seriesKey(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The sum over targets of what each group does per second; null when no target has data. */
export function summedRates(
  perTarget: readonly (ReadonlyMap<string, number> | null)[],
): ReadonlyMap<string, number> | null {
  const known = perTarget.filter((rates) => rates !== null);
  if (known.length === 0) return null;
  const sums = new Map<string, number>();
  for (const rates of known) {
    for (const [group, rate] of rates) sums.set(group, (sums.get(group) ?? 0) + rate);
  }
  return sums;
}

export interface ServingRates {
  /** Per bucket bound in seconds; null when there is no data or no histogram is read. */
  readonly latency: ReadonlyMap<string, number> | null;
  /** Per status class; null when there is no data or no counter is read. */
  readonly requests: ReadonlyMap<string, number> | null;
}

/**
 * Latency quantiles in seconds, error ratios (0–1) and throughput in requests per second, of the traffic in the window.
 *
 * Without traffic there are no quantiles and no ratios, as nothing was measured; the throughput is then 0, which was. With
 * traffic but without errors the ratios are 0. Throughput is counted on the request counter, else on the histogram.
 */
export function servingSignals(
  rates: ServingRates,
  quantiles: readonly number[],
  labels: Matchers,
  at: number,
): CollectedSample[] {
  const samples: CollectedSample[] = [];
  const add = (signal: string, unit: string, value: number, isAtLeast = false): void => {
    samples.push({ signal, labels: { ...labels }, unit, at, value, ...(isAtLeast ? { isAtLeast } : {}) });
  };
  const buckets = [...(rates.latency ?? [])].map(([le, count]): Bucket => ({ le: Number(le), count }));
  for (const q of quantiles) {
    const quantile = histogramQuantile(q, buckets);
    if (quantile !== null) add(latencySignal(q), 'seconds', quantile.value, quantile.isAtLeast);
  }
  const requests = rates.requests === null ? null : total(rates.requests.values());
  if (rates.requests !== null && requests !== null && requests > 0) {
    add('error_ratio_4xx', 'ratio', (rates.requests.get(CLIENT_ERROR) ?? 0) / requests);
    add('error_ratio_5xx', 'ratio', (rates.requests.get(SERVER_ERROR) ?? 0) / requests);
  }
  const throughput = requests ?? rates.latency?.get(String(Infinity)) ?? null;
  if (throughput !== null) add('throughput_rps', 'requests per second', throughput);
  return samples;
}

/** `latency_p99_seconds` for 0.99, `latency_p99_9_seconds` for 0.999. */
export function latencySignal(q: number): string {
  return `latency_p${String(Number((q * 100).toPrecision(12))).replace('.', '_')}_seconds`;
}

function total(values: Iterable<number>): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}
