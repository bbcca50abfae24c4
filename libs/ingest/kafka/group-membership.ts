import { type GroupAssignment } from '@platformatic/kafka';
import type { KafkaConsumer } from './kafka-client.js';

/** A partition that the group has given to this process. */
export interface Assignment {
  readonly topic: string;
  readonly partition: number;
}

/**
 * This process as a member of its group: which partitions are its own to read. While the group rebalances it reads on; what
 * another member has counted meanwhile its commits will see.
 */
export class GroupMembership {
  /** The partitions of this process; null before the first answer of the group. */
  assignments: readonly Assignment[] | null = null;
  /** Why it is a member no longer, for good: a new one has to join. */
  failure: Error | null = null;

  /** `onChange` hears of new assignments and of a failure. */
  constructor(
    private readonly consumer: KafkaConsumer,
    private readonly topics: readonly string[],
    private readonly onChange: () => void,
  ) {
    consumer.on('consumer:group:join', () => this.take(consumer.assignments));
    consumer.on('error', (error: Error) => this.fail(error));
    consumer.on('consumer:heartbeat:stalled', ({ lastError }) =>
      this.fail(lastError ?? new Error('the group coordinator does not answer')),
    );
  }

  /** Joins the group. @throws Error of the client */
  async join(): Promise<void> {
    this.consumer.topics.trackAll(...this.topics.filter((topic) => !this.consumer.topics.has(topic)));
    await this.consumer.joinGroup();
  }

  /** Ends this membership, so that a new member joins and the group hands its partitions out anew. */
  giveUp(why: string): void {
    this.fail(new Error(why));
  }

  /** Tells the broker how far this process has counted, for the sake of tools that show lag. @throws Error of the client */
  async commit(offsets: readonly (Assignment & { readonly offset: bigint })[]): Promise<void> {
    if (offsets.length === 0 || !this.consumer.isActive()) return;
    await this.consumer.commit({ offsets: offsets.map((each) => ({ ...each, leaderEpoch: -1 })) });
  }

  /** Leaves the group, so that its partitions need not wait for the session to time out. */
  async leave(): Promise<void> {
    await this.consumer.close(true);
  }

  private take(assignments: readonly GroupAssignment[] | null): void {
    this.assignments = (assignments ?? []).flatMap(({ topic, partitions }) =>
      partitions.map((partition) => ({ topic, partition })),
    );
    this.onChange();
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.onChange();
  }
}
