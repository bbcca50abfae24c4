import { randomUUID } from 'node:crypto';
import { LeewayError, messageOf, type Clock, type Database, type Instant, type Logger } from '#platform';
import type { VersionSightings } from '#registry';
import type { SignalSample, Signals } from '#signals';
import type { CollectedSample, MetricsSource, PastSource, SignalFailure } from './metrics-source.js';
import type { StoredCounts } from './stored-counts.js';

/** A configured collector: where it reads, for which model, and how often. */
export interface RunningCollector {
  readonly source: MetricsSource;
  readonly model: string;
  /** The version of what carries no label of a version; null when there is none. */
  readonly version: string | null;
  readonly intervalMs: number;
}

export interface CollectorRunnerDeps {
  readonly database: Database;
  readonly signals: Signals;
  readonly counts: StoredCounts;
  /** Who is told which versions serve: a deployment that nobody registered is noticed by them. */
  readonly sightings: Pick<VersionSightings, 'noteVersions'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A holder that missed this many rounds has lost its collector to another worker. */
const LEASE_ROUNDS = 3;
/** A round that is not over by then is given up, so that it cannot hold up the next one. */
const MIN_ROUND_TIMEOUT_MS = 5_000;
/** A gap of fewer rounds is a late round, not a time without anybody. */
const GAP_ROUNDS = 2;
/** A server that answers but cannot tell its past holds the present up for no more rounds than this. */
const GAP_ATTEMPTS = 3;
/** Versions are told again after this, or when there is a new one. */
const SIGHTING_INTERVAL_MS = 60_000;
/** Rows of one statement. */
const SAMPLES_AT_ONCE = 5_000;

/**
 * Runs collectors and writes what they read as signals. Rates live in the memory of the worker that scrapes, so each
 * collector is leased to one worker at a time; another takes over when that one stops renewing. A source that knows the past is asked for
 * the time in which nobody collected, before anything newer is written: so a crash in the middle goes on where it was.
 */
export class CollectorRunner {
  private readonly holder = randomUUID();
  private readonly problems = new Map<string, string>();
  /** When this worker last wrote samples of a collector. */
  private readonly writtenAt = new Map<string, Instant>();
  /** Collectors of which it has been said that nothing is wrong. */
  private readonly toldFine = new Set<string>();
  /** Which versions of a collector were told last, and when. */
  private readonly noted = new Map<string, { readonly key: string; readonly at: Instant }>();
  /** How often in a row the past of a collector could not be read. */
  private readonly failedGaps = new Map<string, number>();

  constructor(
    private readonly collectors: readonly RunningCollector[],
    private readonly deps: CollectorRunnerDeps,
  ) {}

  get schedule(): readonly RunningCollector[] {
    return this.collectors;
  }

  /** One round of one collector, if this worker holds its lease. */
  async runRound(collector: RunningCollector): Promise<void> {
    const { source, intervalMs } = collector;
    if (!(await this.holdsLease(collector))) {
      // Another worker writes, and says what is wrong.
      this.writtenAt.delete(source.name);
      this.toldFine.delete(source.name);
      return;
    }
    const at = this.deps.clock.now();
    if (source.past !== undefined) await this.fillGap(collector, source.past, at);
    const {
      samples,
      problems,
      failures,
      counted = [],
    } = await source.collect(at, AbortSignal.timeout(Math.max(intervalMs, MIN_ROUND_TIMEOUT_MS)));
    this.reportProblems(source.name, problems);
    await this.deps.counts.write({ collector: source.name, model: collector.model }, at, counted);
    await this.write(collector, samples);
    await this.tell(collector, failures, at);
    await this.noteVersions(collector, samples, at);
    if (samples.length === 0) return;
    this.writtenAt.set(source.name, at);
    this.failedGaps.delete(source.name);
  }

  /** Reads the time since the newest sample that anybody wrote, when rounds are missing in it. */
  private async fillGap(collector: RunningCollector, past: PastSource, at: Instant): Promise<void> {
    const { source, intervalMs } = collector;
    const newest =
      this.writtenAt.get(source.name) ?? (await this.deps.signals.newestFrom(sourceName(source.name)));
    if (newest === null || at - newest <= GAP_ROUNDS * intervalMs) return;
    const from = Math.max(newest + intervalMs, at - past.backfillMs);
    const span = { from, to: at - intervalMs, stepMs: intervalMs };
    this.deps.logger.info(
      { collector: source.name, from: new Date(from).toISOString() },
      'filling in what was not collected',
    );
    const signal = AbortSignal.timeout(Math.max(intervalMs, MIN_ROUND_TIMEOUT_MS) * LEASE_ROUNDS);
    for await (const { samples, problems } of past.collectPast(span, signal)) {
      this.reportProblems(source.name, problems);
      if (samples.length === 0 && problems.length > 0) {
        this.giveUpGap(source.name, problems);
        return;
      }
      await this.write(collector, samples);
      const last = samples.at(-1)?.at;
      if (last !== undefined) this.writtenAt.set(source.name, last);
      if (!(await this.holdsLease(collector))) return;
    }
  }

  /** @throws Error until the past was asked for often enough: nothing newer is written, so the next round asks for it again */
  private giveUpGap(collector: string, problems: readonly string[]): void {
    const attempts = (this.failedGaps.get(collector) ?? 0) + 1;
    this.failedGaps.set(collector, attempts);
    if (attempts < GAP_ATTEMPTS) throw new Error(problems.join('; '));
    this.deps.logger.warn({ collector, problems }, 'the time in which nobody collected cannot be filled in');
  }

  private async write(
    { source, model, version }: RunningCollector,
    samples: readonly CollectedSample[],
  ): Promise<void> {
    for (let start = 0; start < samples.length; start += SAMPLES_AT_ONCE) {
      const written = samples.slice(start, start + SAMPLES_AT_ONCE).map((sample): SignalSample => ({
        name: sample.signal,
        model,
        labels: { ...(version === null ? {} : { version }), ...sample.labels, collector: source.name },
        unit: sample.unit,
        source: sourceName(source.name),
        at: sample.at,
        value: sample.value,
        isAtLeast: sample.isAtLeast,
      }));
      await this.deps.signals.prepare(written.map((sample) => sample.at));
      await this.deps.database.transaction((tx) => this.deps.signals.write(tx, written));
    }
  }

  /** Says beside the signals what is wrong with them; while nothing is and nothing was, nothing is written. */
  private async tell(
    { source, model }: RunningCollector,
    failures: readonly SignalFailure[],
    at: Instant,
  ): Promise<void> {
    if (failures.length === 0 && this.toldFine.has(source.name)) return;
    await this.deps.signals.reportProblems(
      this.deps.database,
      { source: sourceName(source.name), model },
      failures,
      at,
    );
    if (failures.length === 0) this.toldFine.add(source.name);
    else this.toldFine.delete(source.name);
  }

  /** Tells which versions the signals are of, as a label says. A model that is not registered has none. */
  private async noteVersions(
    { source, model }: RunningCollector,
    samples: readonly CollectedSample[],
    at: Instant,
  ): Promise<void> {
    const versions = [...new Set(samples.flatMap(({ labels }) => labels['version'] ?? []))].sort();
    const key = JSON.stringify(versions);
    const last = this.noted.get(source.name);
    if (versions.length === 0 || (last?.key === key && at - last.at < SIGHTING_INTERVAL_MS)) return;
    try {
      await this.deps.sightings.noteVersions(
        model,
        versions.map((version) => ({ version, at })),
      );
    } catch (error) {
      if (!(error instanceof LeewayError && error.code === 'not-found')) throw error;
    }
    this.noted.set(source.name, { key, at });
  }

  /** Leases are compared between machines, so their time is the database's. */
  private async holdsLease({ source, intervalMs }: RunningCollector): Promise<boolean> {
    const rows = await this.deps.database.query(
      `insert into collector_lease (collector, holder, expires_at) values ($1, $2, now() + make_interval(secs => $3))
         on conflict (collector) do update set holder = excluded.holder, expires_at = excluded.expires_at
          where collector_lease.holder = excluded.holder or collector_lease.expires_at < now()
       returning collector`,
      [source.name, this.holder, (intervalMs * LEASE_ROUNDS) / 1_000 + 1],
    );
    return rows.length > 0;
  }

  /** A repeating problem is logged when it changes, not on every round. */
  private reportProblems(collector: string, problems: readonly string[]): void {
    const text = problems.join('; ');
    if (text === (this.problems.get(collector) ?? '')) return;
    this.problems.set(collector, text);
    if (text === '') this.deps.logger.info({ collector }, 'collector has no more problems');
    else this.deps.logger.warn({ collector, problems }, 'collector has problems');
  }

  /** Reports a round that threw. */
  reportFailure(collector: string, error: unknown): void {
    this.reportProblems(collector, [messageOf(error)]);
  }
}

function sourceName(collector: string): string {
  return `collector:${collector}`;
}
