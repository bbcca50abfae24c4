import type { Clock, Database, Instant } from '#platform';
import type { SignalSample, Signals } from '#signals';
import type { PartitionFetcher } from './partition-fetcher.js';
import type { SourceSpec } from './source-schema.js';
import type { StoredOffsets } from './stored-offsets.js';

/** How far one partition is behind. */
interface PartitionLag {
  readonly messages: number;
  /** When its oldest message that is not counted was produced; null where there is none, or it does not say. */
  readonly oldestAt: Instant | null;
}

/**
 * How far a source is behind, as signals of its model: what the broker has and the database does not count, over all partitions,
 * whichever process reads them, and also those that none reads.
 */
export class LagSignals {
  constructor(
    private readonly spec: SourceSpec,
    private readonly offsets: StoredOffsets,
    private readonly database: Database,
    private readonly signals: Signals,
    private readonly clock: Clock,
  ) {}

  /** @throws Error of the client, LeewayError `database-unavailable` */
  async write(topics: readonly string[], fetcher: PartitionFetcher): Promise<void> {
    const samples: SignalSample[] = [];
    for (const topic of topics) samples.push(...this.samplesOf(topic, await this.lagsOf(topic, fetcher)));
    if (samples.length === 0) return;
    await this.signals.prepare(samples.map(({ at }) => at));
    await this.signals.write(this.database, samples);
  }

  /** The ends of the log are asked for last: so no message counts as behind that was counted meanwhile, only the other way round. */
  private async lagsOf(topic: string, fetcher: PartitionFetcher): Promise<PartitionLag[]> {
    const { topics } = await fetcher.metadata([topic]);
    const topicId = topics.get(topic)?.id ?? '';
    const stored = await this.offsets.of({ groupId: this.spec.groupId, topicId, topic });
    const ends = await fetcher.endsOf(topic, 'latest');
    const lags: PartitionLag[] = [];
    for (const [partition, next] of stored) {
      const end = ends.get(partition) ?? next;
      const messages = end > next ? Number(end - next) : 0;
      const oldestAt = messages === 0 ? null : await fetcher.producedAt({ topic, partition, offset: next });
      lags.push({ messages, oldestAt });
    }
    return lags;
  }

  private samplesOf(topic: string, lags: readonly PartitionLag[]): SignalSample[] {
    const at = this.clock.now();
    const counts = lags.map(({ messages }) => messages);
    const sample = (
      name: string,
      unit: string,
      value: number | null,
      labels: Readonly<Record<string, string>>,
    ): SignalSample => ({
      name,
      model: this.spec.model,
      labels: { source: this.spec.name, topic, ...labels },
      unit,
      source: `source:${this.spec.name}`,
      at,
      value,
    });
    return [
      sample(
        'kafka_lag_messages',
        'messages',
        counts.reduce((sum, count) => sum + count, 0),
        {
          partitions: 'sum',
        },
      ),
      sample('kafka_lag_messages', 'messages', Math.max(0, ...counts), { partitions: 'max' }),
      sample('kafka_lag_seconds', 'seconds', ageOf(lags, at), {}),
    ];
  }
}

/** Seconds since the oldest message that is not counted was produced: 0 where all are counted, null where none of them says. */
function ageOf(lags: readonly PartitionLag[], now: Instant): number | null {
  const behind = lags.filter(({ messages }) => messages > 0);
  const oldest = behind.flatMap(({ oldestAt }) => oldestAt ?? []);
  if (behind.length === 0) return 0;
  return oldest.length === 0 ? null : Math.max(0, now - Math.min(...oldest)) / 1_000;
}
