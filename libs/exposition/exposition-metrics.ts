import { Counter, Histogram, type Registry } from 'prom-client';
import type { Logger } from '#platform';
import type { DatabaseState } from './database-state.js';
import { SIGNAL_GAUGES, seriesOf } from './signal-gauges.js';
import { StateGauge, type Series } from './state-gauge.js';
import { STATE_GAUGES } from './state-gauges.js';

/** A page must come before Prometheus gives up, after 10 s by default, also when the database does not answer. */
const READ_TIMEOUT_MS = 5_000;

/**
 * The state of the database on /metrics: whoever is scraped reads it then, so that replicas never contradict each other. A database
 * that does not answer in time leaves these series out; those of the process itself are there all the same.
 */
export class ExpositionMetrics {
  private read: (() => Promise<DatabaseState>) | null = null;
  private logger: Logger | null = null;
  /** One read at a time, however many ask: a database that is slow is not asked again before it answered. */
  private reading: Promise<DatabaseState> | null = null;
  /** What the gauges of one scrape share. */
  private shared: Promise<DatabaseState | null> | null = null;
  private readonly duration: Histogram;
  private readonly failures: Counter;

  constructor(registry: Registry) {
    const gauge = (name: string, help: string, series: (state: DatabaseState) => Series[]): void => {
      new StateGauge({
        name,
        help,
        registry,
        read: async () => {
          const state = await this.state();
          return state === null ? [] : series(state);
        },
      });
    };
    for (const each of SIGNAL_GAUGES)
      gauge(each.name, each.help, ({ signals }) => seriesOf(each, signals.shown));
    for (const { name, help, series } of STATE_GAUGES) gauge(name, help, series);
    this.duration = new Histogram({
      name: 'leeway_exposition_read_duration_seconds',
      help: 'Time to read the state of the database for /metrics.',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers: [registry],
    });
    this.failures = new Counter({
      name: 'leeway_exposition_read_failures_total',
      help: 'Pages of /metrics without the state of the database, because it could not be read in time.',
      registers: [registry],
    });
  }

  /** Says how the state is read; before that there is none, and its series are absent. */
  watch(read: () => Promise<DatabaseState>, logger: Logger): void {
    this.read = read;
    this.logger = logger;
  }

  private state(): Promise<DatabaseState | null> {
    if (this.read === null) return Promise.resolve(null);
    this.reading ??= this.timed(this.read).finally(() => (this.reading = null));
    this.shared ??= inTime(this.reading)
      .catch((error: unknown) => {
        this.failures.inc();
        this.logger?.warn({ err: error }, '/metrics lacks the state of the database');
        return null;
      })
      .finally(() => (this.shared = null));
    return this.shared;
  }

  private async timed(read: () => Promise<DatabaseState>): Promise<DatabaseState> {
    const stop = this.duration.startTimer();
    try {
      return await read();
    } finally {
      stop();
    }
  }
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`no answer from the database within ${READ_TIMEOUT_MS} ms`)),
      READ_TIMEOUT_MS,
    );
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
