import { Counter, Gauge, type Registry } from 'prom-client';
import { DEAD_LETTER_REASONS, type DeadLetterReason } from '../dead-letter-reasons.js';

/** What becomes of a message. `duplicate`: all of its payloads were counted before, by their keys. */
export const MESSAGE_OUTCOMES = ['counted', 'duplicate', 'dead-lettered', 'ignored'] as const;
export type MessageOutcome = (typeof MESSAGE_OUTCOMES)[number];

/** Why a source cannot go on for a while. `overload`: commits are behind. */
export const FAILURE_REASONS = ['broker', 'database', 'overload', 'other'] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

/** The state of a topic in this process: of the partitions that it reads. */
export interface TopicState {
  readonly source: string;
  readonly topic: string;
  readonly partitionCount: number;
  readonly bufferedBytes: number;
  readonly lagMessages: number;
  /** The age of the oldest message that is not counted yet, 0 where all are. */
  readonly lagSeconds: number;
}

/** Whether sources work, on Leeway's own /metrics. */
export class KafkaMetrics {
  private readonly messages: Counter<'source' | 'outcome'>;
  private readonly deadLetters: Counter<'source' | 'reason'>;
  private readonly failures: Counter<'source' | 'reason'>;
  private readonly outdated: Counter<'source'>;
  private readonly lost: Counter<'source'>;
  private readonly lastSuccess: Gauge<'source'>;
  private readonly states: (() => readonly TopicState[])[] = [];

  constructor(registry: Registry) {
    const counter = <Label extends string>(
      name: string,
      help: string,
      labelNames: readonly Label[],
    ): Counter<Label> =>
      new Counter({ name: `leeway_ingest_kafka_${name}`, help, labelNames, registers: [registry] });
    this.messages = counter('messages_total', 'Messages read, by what became of them.', [
      'source',
      'outcome',
    ]);
    this.deadLetters = counter('dead_letters_total', 'Messages that could not be counted, by reason.', [
      'source',
      'reason',
    ]);
    this.failures = counter('failures_total', 'Tries that a source had to repeat later, by reason.', [
      'source',
      'reason',
    ]);
    this.outdated = counter(
      'outdated_batches_total',
      'Batches that were dropped because another process had counted them, after a rebalance.',
      ['source'],
    );
    this.lost = counter(
      'lost_messages_total',
      'Messages that the broker had deleted before they were counted.',
      ['source'],
    );
    this.lastSuccess = new Gauge({
      name: 'leeway_ingest_kafka_last_success_timestamp_seconds',
      help: 'When a source last heard from its broker; 0 is never.',
      labelNames: ['source'],
      registers: [registry],
    });
    this.gauge(registry, 'assigned_partitions', 'Partitions that this process reads.', 'partitionCount');
    this.gauge(
      registry,
      'buffered_bytes',
      'Messages that were read and wait to be counted.',
      'bufferedBytes',
    );
    this.gauge(
      registry,
      'lag_messages',
      'Messages of its partitions that are not counted yet.',
      'lagMessages',
    );
    this.gauge(
      registry,
      'lag_seconds',
      'The age of the oldest message that is not counted yet.',
      'lagSeconds',
    );
  }

  /** Makes every series of a source exist, so that rates see its first event; `states` is asked at every scrape. */
  declare(source: string, states: () => readonly TopicState[]): void {
    for (const outcome of MESSAGE_OUTCOMES) this.messages.inc({ source, outcome }, 0);
    for (const reason of DEAD_LETTER_REASONS) this.deadLetters.inc({ source, reason }, 0);
    for (const reason of FAILURE_REASONS) this.failures.inc({ source, reason }, 0);
    this.outdated.inc({ source }, 0);
    this.lost.inc({ source }, 0);
    this.lastSuccess.set({ source }, 0);
    this.states.push(states);
  }

  countMessage(source: string, outcome: MessageOutcome): void {
    this.messages.inc({ source, outcome });
  }

  countDeadLetter(source: string, reason: DeadLetterReason): void {
    this.deadLetters.inc({ source, reason });
  }

  countFailure(source: string, reason: FailureReason): void {
    this.failures.inc({ source, reason });
  }

  countOutdated(source: string): void {
    this.outdated.inc({ source });
  }

  countLost(source: string, messages: number): void {
    this.lost.inc({ source }, messages);
  }

  recordSuccess(source: string, at: number): void {
    this.lastSuccess.set({ source }, at / 1_000);
  }

  /** Series are made anew at every scrape: those of topics that others read now vanish. */
  private gauge(
    registry: Registry,
    name: string,
    help: string,
    value: Exclude<keyof TopicState, 'source' | 'topic'>,
  ): void {
    const { states } = this;
    new Gauge({
      name: `leeway_ingest_kafka_${name}`,
      help,
      labelNames: ['source', 'topic'],
      registers: [registry],
      collect() {
        this.reset();
        for (const each of states.flatMap((ask) => ask())) {
          const { source, topic } = each;
          this.set({ source, topic }, each[value]);
        }
      },
    });
  }
}
