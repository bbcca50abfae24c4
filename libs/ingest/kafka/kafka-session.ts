import type { ClusterMetadata } from '@platformatic/kafka';
import { durationMs, type Clock, type Instant } from '#platform';
import { AssignedPartition, failureReasonOf, type PartitionDeps } from './assigned-partition.js';
import { backoffMs } from './backoff.js';
import { GroupMembership, type Assignment } from './group-membership.js';
import type { KafkaConsumer } from './kafka-client.js';
import type { KafkaMetrics, TopicState } from './kafka-metrics.js';
import type { LagSignals } from './lag-signals.js';
import { PartitionFetcher } from './partition-fetcher.js';
import type { SourceSpec } from './source-schema.js';
import type { SourceTopic, StoredOffsets } from './stored-offsets.js';
import { Wake } from './wake.js';

export interface SessionDeps {
  readonly spec: SourceSpec;
  readonly partitions: Omit<PartitionDeps, 'onRoom'>;
  readonly offsets: StoredOffsets;
  readonly lag: LagSignals;
  readonly metrics: KafkaMetrics;
  readonly clock: Clock;
  readonly connect: (purpose: 'group' | 'fetches') => KafkaConsumer;
}

/** Bytes of a partition that may wait to be counted before no more of it is asked for. */
const PARTITION_BUFFER_BYTES = 2 * 1024 * 1024;
/** The same for all partitions of a source. What one fetch of each broker brings comes on top. */
const SOURCE_BUFFER_BYTES = 32 * 1024 * 1024;
/** How often the broker hears how far the group is, and the loop looks around when nothing happens. */
const COMMIT_EVERY_MS = 5_000;
const LOOK_EVERY_MS = 1_000;

/**
 * One membership of a source in its group, from joining to leaving: partitions come and go, what they hold is fetched while there
 * is room, and counted. When the group is lost the session is over, and another one begins.
 */
export class KafkaSession {
  private readonly partitions = new Map<string, AssignedPartition>();
  private readonly wake = new Wake();
  private readonly fetching = new Set<number>();
  private readonly clients: readonly KafkaConsumer[];
  private readonly group: GroupMembership;
  private readonly fetcher: PartitionFetcher;
  private readonly lagFetcher: PartitionFetcher;
  private readonly committed = new Map<string, bigint>();
  private applied: readonly Assignment[] | null = null;
  private partitionCounts: ReadonlyMap<string, number> | null = null;
  private fetchFailures = 0;
  private lastCommitAt: Instant;
  private lastLagAt = -Infinity;
  private lagRound: Promise<void> | null = null;
  private isClosed = false;

  constructor(private readonly deps: SessionDeps) {
    const forGroup = deps.connect('group');
    const [forFetches, forLag] = [deps.connect('fetches'), deps.connect('fetches')];
    this.clients = [forFetches, forLag];
    this.group = new GroupMembership(forGroup, deps.spec.topics, () => this.wake.up());
    this.fetcher = new PartitionFetcher(forFetches);
    this.lagFetcher = new PartitionFetcher(forLag);
    this.lastCommitAt = deps.clock.now();
  }

  /** Reads until `signal` aborts. @throws Error when the group is lost */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.wake.up(), { once: true });
    await this.join(signal);
    for (let failures = 0; !signal.aborted;) {
      if (this.group.failure !== null) throw this.group.failure;
      try {
        await this.look();
        failures = 0;
        await this.wake.wait(LOOK_EVERY_MS);
      } catch (error) {
        // The database or the broker is away for now; the membership outlives that.
        const reason = failureReasonOf(error);
        this.deps.partitions.report(reason === 'other' ? 'broker' : reason, error);
        await this.wake.wait(backoffMs((failures += 1)));
      }
    }
  }

  /** A join waits for the other members of the group; a process that is to end does not wait for it. */
  private async join(signal: AbortSignal): Promise<void> {
    const aborted = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    // Joining tries for a while before it says what is wrong; a broker or topic that is not there shows at once here.
    await this.fetcher.metadata(this.deps.spec.topics);
    const joined = this.group.join();
    joined.catch(() => undefined);
    await Promise.race([joined, aborted]);
  }

  /** Finishes the batches under way, says how far it came, and leaves the group. */
  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all([...this.partitions.values()].map((partition) => partition.stop()));
    await this.commit().catch(() => undefined);
    await this.group.leave().catch(() => undefined);
    await Promise.all(this.clients.map((client) => client.close(true).catch(() => undefined)));
    await this.lagRound;
    this.partitions.clear();
  }

  /** What this process reads, by topic. */
  states(): TopicState[] {
    const now = this.deps.clock.now();
    const byTopic = Map.groupBy(this.partitions.values(), ({ topic }) => topic.topic);
    return [...byTopic].map(([topic, partitions]) => ({
      source: this.deps.spec.name,
      topic,
      partitionCount: partitions.length,
      bufferedBytes: partitions.reduce((sum, { bufferedBytes }) => sum + bufferedBytes, 0),
      lagMessages: partitions.reduce(
        (sum, { endOffset, nextOffset }) => sum + lagOf(endOffset ?? nextOffset, nextOffset),
        0,
      ),
      lagSeconds: Math.max(0, ...partitions.map(({ oldestAt }) => (now - (oldestAt ?? now)) / 1_000)),
    }));
  }

  private async look(): Promise<void> {
    const { assignments } = this.group;
    if (assignments === null) return;
    const metadata = await this.fetcher.metadata(this.deps.spec.topics);
    if (assignments !== this.applied || this.isMadeAnew(metadata)) {
      await this.assign(assignments, metadata);
      this.applied = assignments;
    }
    if (this.hasGrown(metadata))
      this.group.giveUp('a topic has more partitions than when they were handed out');
    this.partitionCounts ??= countsOf(metadata);
    this.fetchAll(metadata);
    this.commitIfDue();
    this.writeLagIfDue(assignments);
  }

  /** Begins the partitions that are new to this process, where the database says, and ends those that are its own no longer. */
  private async assign(assignments: readonly Assignment[], metadata: ClusterMetadata): Promise<void> {
    const keys = new Set(assignments.map(keyOf));
    const gone = [...this.partitions].filter(
      ([key, { topic }]) => !keys.has(key) || topicOf(metadata, topic.topic).id !== topic.topicId,
    );
    await Promise.all(gone.map(([, partition]) => partition.stop()));
    for (const [key] of gone) this.partitions.delete(key);
    this.committed.clear();
    for (const [topic, own] of Map.groupBy(assignments, (each) => each.topic)) {
      const added = own.filter((each) => !this.partitions.has(keyOf(each)));
      if (added.length === 0) continue;
      const source = { groupId: this.deps.spec.groupId, topicId: topicOf(metadata, topic).id, topic };
      const offsets = await this.beginnings(source, topicOf(metadata, topic).partitionsCount);
      for (const each of added) {
        const next = offsets.get(each.partition);
        if (next === undefined) throw new Error(`${topic}-${each.partition} has no offset to begin at`);
        this.partitions.set(keyOf(each), this.partitionOf(source, each.partition, next));
      }
    }
  }

  private partitionOf(topic: SourceTopic, partition: number, next: bigint): AssignedPartition {
    const deps = { ...this.deps.partitions, onRoom: () => this.wake.up() };
    return new AssignedPartition(deps, topic, partition, next);
  }

  /**
   * The next offset of every partition of a topic. All are begun at once, so that `from: latest` means one moment for all; those
   * that a topic gets later, and those of a topic that was made anew, begin with their first message.
   */
  private async beginnings(topic: SourceTopic, partitionCount: number): Promise<Map<number, bigint>> {
    const { offsets, spec } = this.deps;
    const stored = await offsets.of(topic);
    if (stored.size >= partitionCount) return stored;
    const end = (await offsets.knows(topic)) ? 'earliest' : spec.from;
    await offsets.begin(topic, await this.fetcher.endsOf(topic.topic, end));
    return offsets.of(topic);
  }

  /** Whether a topic was deleted and made anew: its partitions have nothing to do with those of before. */
  private isMadeAnew(metadata: ClusterMetadata): boolean {
    return [...this.partitions.values()].some(
      ({ topic }) => topicOf(metadata, topic.topic).id !== topic.topicId,
    );
  }

  /** Whether a topic has more partitions than when they were handed out: nobody reads those. */
  private hasGrown(metadata: ClusterMetadata): boolean {
    const before = this.partitionCounts;
    if (before === null) return false;
    return [...countsOf(metadata)].some(([topic, count]) => count > (before.get(topic) ?? count));
  }

  /** Asks every broker that leads partitions with room for more, one fetch at a time each. */
  private fetchAll(metadata: ClusterMetadata): void {
    const buffered = [...this.partitions.values()].reduce((sum, { bufferedBytes }) => sum + bufferedBytes, 0);
    if (buffered >= SOURCE_BUFFER_BYTES) return;
    const wanted = [...this.partitions.values()].filter(
      ({ bufferedBytes }) => bufferedBytes < PARTITION_BUFFER_BYTES,
    );
    const leaderOf = ({ topic, partition }: AssignedPartition): number =>
      topicOf(metadata, topic.topic).partitions[partition]?.leader ?? -1;
    for (const [node, partitions] of Map.groupBy(wanted, leaderOf))
      if (node >= 0 && !this.fetching.has(node)) this.fetchFrom(node, partitions);
  }

  private fetchFrom(node: number, partitions: readonly AssignedPartition[]): void {
    this.fetching.add(node);
    this.fetcher
      .fetch(node, partitions)
      .then(() => {
        this.fetchFailures = 0;
        this.deps.metrics.recordSuccess(this.deps.spec.name, this.deps.clock.now());
      })
      .catch(async (error: unknown) => {
        if (this.isClosed) return;
        this.deps.partitions.report('broker', error);
        await new Wake().wait(backoffMs((this.fetchFailures += 1)));
      })
      .finally(() => {
        this.fetching.delete(node);
        this.wake.up();
      });
  }

  private commitIfDue(): void {
    const now = this.deps.clock.now();
    if (now - this.lastCommitAt < COMMIT_EVERY_MS) return;
    this.lastCommitAt = now;
    // The database has the offsets; what the broker shows may be behind.
    this.commit().catch(() => undefined);
  }

  private async commit(): Promise<void> {
    const moved = [...this.partitions].filter(
      ([key, { nextOffset }]) => this.committed.get(key) !== nextOffset,
    );
    const offsets = moved.map(([key, { topic, partition, nextOffset }]) => {
      this.committed.set(key, nextOffset);
      return { topic: topic.topic, partition, offset: nextOffset };
    });
    await this.group.commit(offsets);
  }

  /** The member that reads a topic's first partition writes its lag, so that one does. */
  private writeLagIfDue(assignments: readonly Assignment[]): void {
    const { spec, clock, lag, partitions } = this.deps;
    const now = clock.now();
    if (this.lagRound !== null || now - this.lastLagAt < durationMs(spec.lagInterval)) return;
    this.lastLagAt = now;
    const topics = assignments.filter(({ partition }) => partition === 0).map(({ topic }) => topic);
    this.lagRound = lag
      .write(topics, this.lagFetcher)
      .catch((error: unknown) => {
        if (!this.isClosed)
          partitions.report(failureReasonOf(error) === 'database' ? 'database' : 'broker', error);
      })
      .finally(() => (this.lagRound = null));
  }
}

function countsOf({ topics }: ClusterMetadata): Map<string, number> {
  return new Map([...topics].map(([topic, { partitionsCount }]) => [topic, partitionsCount]));
}

function keyOf({ topic, partition }: Assignment): string {
  return `${topic}/${partition}`;
}

function topicOf(
  { topics }: ClusterMetadata,
  name: string,
): { id: string; partitionsCount: number; partitions: { leader: number }[] } {
  const topic = topics.get(name);
  if (topic === undefined) throw new Error(`the cluster has no topic ${name}`);
  return topic;
}

/** Messages from `next` to before `end`, counting offsets: those of markers and of compacted messages are among them. */
export function lagOf(end: bigint, next: bigint): number {
  return end > next ? Number(end - next) : 0;
}
