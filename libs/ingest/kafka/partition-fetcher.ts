import { ResponseError, type ClusterMetadata } from '@platformatic/kafka';
import type { Instant } from '#platform';
import type { AssignedPartition } from './assigned-partition.js';
import { stretchOf } from './fetched-messages.js';
import type { KafkaConsumer } from './kafka-client.js';

type FetchResponse = Awaited<ReturnType<KafkaConsumer['fetch']>>;
type FetchRequestPartition = Parameters<KafkaConsumer['fetch']>[0]['topics'][number]['partitions'][number];

/** How long a broker waits for messages before it answers that there are none. */
const MAX_WAIT_MS = 500;
const MAX_FETCH_BYTES = 8 * 1024 * 1024;
const MAX_FETCH_BYTES_PER_PARTITION = 1024 * 1024;
/** Error codes of Kafka's protocol. */
const NONE = 0;
const OFFSET_OUT_OF_RANGE = 1;
/** Timestamps of ListOffsets that mean the ends of the log. */
const EARLIEST = -2n;
const LATEST = -1n;

/** Asks brokers for what stands in partitions. Only what is asked for is ever in memory: see `KafkaSession`. */
export class PartitionFetcher {
  constructor(private readonly consumer: KafkaConsumer) {}

  /** The brokers and partitions of topics, at most five seconds old. @throws Error of the client */
  metadata(topics: readonly string[]): Promise<ClusterMetadata> {
    return this.consumer.metadata({ topics: [...topics] });
  }

  /** The first or the next offset of every partition of a topic. @throws Error of the client */
  async endsOf(topic: string, end: 'earliest' | 'latest'): Promise<Map<number, bigint>> {
    const offsets = await this.consumer.listOffsets({
      topics: [topic],
      timestamp: end === 'earliest' ? EARLIEST : LATEST,
    });
    return new Map((offsets.get(topic) ?? []).entries());
  }

  /** When the first message from an offset on was produced, or null when there is none or it does not say. @throws Error of the client */
  async producedAt({ topic, partition, offset }: MessageAddress): Promise<Instant | null> {
    const found = (await this.metadata([topic])).topics.get(topic);
    const node = found?.partitions[partition]?.leader ?? -1;
    if (found === undefined || node < 0) return null;
    // A broker answers with a whole batch, however few bytes are asked for.
    const response = await this.consumer.fetch({
      node,
      maxWaitTime: MAX_WAIT_MS,
      topics: [{ topicId: found.id, partitions: [request(partition, offset, 1)] }],
    });
    const answer = response.responses[0]?.partitions[0];
    const { messages } = stretchOf(offset, answer?.records ?? [], answer?.abortedTransactions ?? []);
    return messages[0]?.at ?? null;
  }

  /**
   * Fetches partitions from the broker that leads them, and delivers to each what is its own.
   *
   * @throws Error of the client; what came of other partitions is delivered nevertheless
   */
  async fetch(node: number, partitions: readonly AssignedPartition[]): Promise<void> {
    const asked = new Map(partitions.map((each) => [each, each.fetchOffset]));
    const byPlace = new Map(partitions.map((each) => [placeOf(each.topic.topicId, each.partition), each]));
    const { response, error } = await this.ask(node, asked);
    const outOfRange: AssignedPartition[] = [];
    let failure = error;
    for (const { topicId, partitions: answers } of response?.responses ?? []) {
      for (const answer of answers) {
        const partition = byPlace.get(placeOf(topicId, answer.partitionIndex));
        const from = partition && asked.get(partition);
        if (partition === undefined || from === undefined) continue;
        if (answer.errorCode === OFFSET_OUT_OF_RANGE) outOfRange.push(partition);
        if (answer.errorCode !== NONE) continue;
        partition.endOffset = answer.lastStableOffset >= 0n ? answer.lastStableOffset : answer.highWatermark;
        partition.deliver(stretchOf(from, answer.records ?? [], answer.abortedTransactions ?? []));
      }
    }
    for (const partition of outOfRange) {
      if (partition.fetchOffset === asked.get(partition)) await this.findBeginning(partition);
      failure = null;
    }
    if (failure !== null) throw failure;
  }

  /** An answer with an error in one partition is an error of the client, with what came of the others inside. */
  private async ask(
    node: number,
    asked: ReadonlyMap<AssignedPartition, bigint>,
  ): Promise<{ readonly response: FetchResponse | null; readonly error: Error | null }> {
    const topics = Map.groupBy(asked, ([{ topic }]) => topic.topicId);
    try {
      const response = await this.consumer.fetch({
        node,
        maxWaitTime: MAX_WAIT_MS,
        maxBytes: MAX_FETCH_BYTES,
        topics: [...topics].map(([topicId, partitions]) => ({
          topicId,
          partitions: partitions.map(([{ partition }, offset]) =>
            request(partition, offset, MAX_FETCH_BYTES_PER_PARTITION),
          ),
        })),
      });
      return { response, error: null };
    } catch (error) {
      this.consumer.clearMetadata();
      return { response: responseIn(error), error: error as Error };
    }
  }

  /** The broker has deleted what is next, or lost what was last: it goes on with the first, or the next, message that there is. */
  private async findBeginning(partition: AssignedPartition): Promise<void> {
    const { topic } = partition.topic;
    const earliest = (await this.endsOf(topic, 'earliest')).get(partition.partition) ?? 0n;
    const latest = (await this.endsOf(topic, 'latest')).get(partition.partition) ?? 0n;
    const wanted = partition.fetchOffset;
    if (wanted < earliest) partition.skipTo(earliest);
    else if (wanted > latest) partition.skipTo(latest);
  }
}

/** A place in a partition. */
export interface MessageAddress {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

function request(partition: number, fetchOffset: bigint, maxBytes: number): FetchRequestPartition {
  return {
    partition,
    fetchOffset,
    currentLeaderEpoch: -1,
    lastFetchedEpoch: -1,
    partitionMaxBytes: maxBytes,
  };
}

/** The client adds the response to its error; its types do not say so. */
function responseIn(error: unknown): FetchResponse | null {
  return error instanceof ResponseError && 'response' in error ? (error.response as FetchResponse) : null;
}

function placeOf(topicId: string, partition: number): string {
  return `${topicId}/${partition}`;
}
