import { randomUUID } from 'node:crypto';
import { messageOf, type Clock, type Database, type Logger } from '#platform';
import type { SignalSample, Signals } from '#signals';
import type { MetricsSource } from './metrics-source.js';

/** A configured collector: where it reads, for which model, and how often. */
export interface RunningCollector {
  readonly source: MetricsSource;
  readonly model: string;
  readonly intervalMs: number;
}

/** A holder that missed this many rounds has lost its collector to another worker. */
const LEASE_ROUNDS = 3;
/** A round that is not over by then is given up, so that it cannot hold up the next one. */
const MIN_ROUND_TIMEOUT_MS = 5_000;

/**
 * Runs collectors and writes what they read as signals. Rates live in the memory of the worker that scrapes, so each
 * collector is leased to one worker at a time; another takes over when that one stops renewing.
 */
export class CollectorRunner {
  private readonly holder = randomUUID();
  private readonly problems = new Map<string, string>();

  constructor(
    private readonly collectors: readonly RunningCollector[],
    private readonly database: Database,
    private readonly signals: Signals,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  get schedule(): readonly RunningCollector[] {
    return this.collectors;
  }

  /** One round of one collector, if this worker holds its lease. */
  async runRound(collector: RunningCollector): Promise<void> {
    const { source, model, intervalMs } = collector;
    if (!(await this.holdsLease(source.name, intervalMs))) return;
    const at = this.clock.now();
    const { samples, problems } = await source.collect(
      at,
      AbortSignal.timeout(Math.max(intervalMs, MIN_ROUND_TIMEOUT_MS)),
    );
    this.reportProblems(source.name, problems);
    if (samples.length === 0) return;
    const written = samples.map((sample): SignalSample => ({
      name: sample.signal,
      model,
      labels: { ...sample.labels, collector: source.name },
      unit: sample.unit,
      source: `collector:${source.name}`,
      at: sample.at,
      value: sample.value,
    }));
    await this.signals.prepare(written.map((sample) => sample.at));
    await this.database.transaction((tx) => this.signals.write(tx, written));
  }

  /** Leases are compared between machines, so their time is the database's. */
  private async holdsLease(collector: string, intervalMs: number): Promise<boolean> {
    const rows = await this.database.query(
      `insert into collector_lease (collector, holder, expires_at) values ($1, $2, now() + make_interval(secs => $3))
         on conflict (collector) do update set holder = excluded.holder, expires_at = excluded.expires_at
          where collector_lease.holder = excluded.holder or collector_lease.expires_at < now()
       returning collector`,
      [collector, this.holder, (intervalMs * LEASE_ROUNDS) / 1_000 + 1],
    );
    return rows.length > 0;
  }

  /** A repeating problem is logged when it changes, not on every round. */
  private reportProblems(collector: string, problems: readonly string[]): void {
    const text = problems.join('; ');
    if (text === (this.problems.get(collector) ?? '')) return;
    this.problems.set(collector, text);
    if (text === '') this.logger.info({ collector }, 'collector has no more problems');
    else this.logger.warn({ collector, problems }, 'collector has problems');
  }

  /** Reports a round that threw. */
  reportFailure(collector: string, error: unknown): void {
    this.reportProblems(collector, [messageOf(error)]);
  }
}
