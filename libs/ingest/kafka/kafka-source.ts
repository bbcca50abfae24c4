import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, type Clock, type Database, type Logger, type ResolveSecret } from '#platform';
import type { Signals } from '#signals';
import type { Ingest } from '../ingest.js';
import { failureReasonOf } from './assigned-partition.js';
import { backoffMs } from './backoff.js';
import { connectKafka } from './kafka-client.js';
import type { FailureReason, KafkaMetrics } from './kafka-metrics.js';
import { KafkaSession, type SessionDeps } from './kafka-session.js';
import { LagSignals } from './lag-signals.js';
import { MessageDecoder } from './message-decoder.js';
import type { SourceSpec } from './source-schema.js';
import { StoredOffsets } from './stored-offsets.js';

/** What every source needs of the rooms. */
export interface SourceDeps {
  readonly database: Database;
  readonly ingest: Ingest;
  readonly signals: Signals;
  readonly metrics: KafkaMetrics;
  readonly resolveSecret: ResolveSecret;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A session that lasted so long was a good one: what ends it begins a new row of failures. */
const GOOD_SESSION_MS = 60_000;

/**
 * A configured source: reads its topics as a member of its group for as long as the process runs, and joins again, for ever, when the
 * group or the broker is lost.
 */
export class KafkaSource {
  private readonly stopping = new AbortController();
  private readonly session: SessionDeps;
  private current: KafkaSession | null = null;
  private running: Promise<void> = Promise.resolve();
  private problem = '';

  constructor(
    readonly spec: SourceSpec,
    private readonly deps: SourceDeps,
  ) {
    const { database, ingest, signals, metrics, clock, resolveSecret } = deps;
    const offsets = new StoredOffsets(database);
    this.session = {
      spec,
      offsets,
      metrics,
      clock,
      lag: new LagSignals(spec, offsets, database, signals, clock),
      connect: (purpose) => connectKafka(spec, purpose, resolveSecret),
      partitions: {
        source: spec.name,
        ingest,
        offsets,
        metrics,
        decoder: new MessageDecoder(spec, ingest, clock),
        report: (reason, error) => this.report(reason, error),
        onProgress: () => this.reportProgress(),
      },
    };
  }

  /** Begins to read. A broker or topic that is not there yet is waited for. */
  start(): void {
    this.deps.metrics.declare(this.spec.name, () => this.current?.states() ?? []);
    this.running = this.run();
  }

  /** Stops to read, finishes what is being stored, and leaves the group. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    for (let failures = 0; !signal.aborted; failures += 1) {
      const begunAt = this.deps.clock.now();
      try {
        await this.runSession(signal);
      } catch (error) {
        if (this.deps.clock.now() - begunAt > GOOD_SESSION_MS) failures = 0;
        const reason = failureReasonOf(error);
        this.report(reason === 'other' ? 'broker' : reason, error);
      }
      await sleep(backoffMs(failures), undefined, { signal }).catch(() => undefined);
    }
  }

  private async runSession(signal: AbortSignal): Promise<void> {
    const session = new KafkaSession(this.session);
    this.current = session;
    try {
      await session.run(signal);
    } finally {
      await session.close();
      this.current = null;
    }
  }

  /** Counts every failure; a repeating one is logged when it changes. */
  private report(reason: FailureReason, error: unknown): void {
    const { metrics, logger } = this.deps;
    metrics.countFailure(this.spec.name, reason);
    const problem = `${reason}: ${messageOf(error)}`;
    if (problem === this.problem) return;
    this.problem = problem;
    logger.warn({ source: this.spec.name, reason, err: error }, 'source has to wait');
  }

  private reportProgress(): void {
    if (this.problem === '') return;
    this.problem = '';
    this.deps.logger.info({ source: this.spec.name }, 'source goes on');
  }
}
