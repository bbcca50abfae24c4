import type { Database } from '#platform';
import type { SourcePartition } from '../source-progress.js';

/** A topic as its group reads it. */
export interface SourceTopic {
  readonly groupId: string;
  readonly topicId: string;
  readonly topic: string;
}

/** How far a partition has been counted. */
export interface StoredOffset {
  readonly topic: string;
  readonly partition: number;
  readonly nextOffset: bigint;
  readonly updatedAt: Date;
}

interface Row {
  topic: string;
  partition: number;
  next_offset: string;
  updated_at: Date;
}

/** How far groups have read their topics. The commits of ingest move these offsets on; here they are begun and read. */
export class StoredOffsets {
  constructor(private readonly database: Database) {}

  /** The next offset of each partition of a topic that was begun. */
  async of({ groupId, topicId }: SourceTopic): Promise<Map<number, bigint>> {
    const rows = await this.database.query<Row>(
      'select partition, next_offset from source_offset where group_id = $1 and topic_id = $2',
      [groupId, topicId],
    );
    return new Map(rows.map(({ partition, next_offset: next }) => [partition, BigInt(next)]));
  }

  /** The next offset of one partition, or null when it was not begun. */
  async find({ groupId, topicId, partition }: SourcePartition): Promise<bigint | null> {
    const [row] = await this.database.query<Row>(
      'select next_offset from source_offset where group_id = $1 and topic_id = $2 and partition = $3',
      [groupId, topicId, partition],
    );
    return row === undefined ? null : BigInt(row.next_offset);
  }

  /** Whether the group has ever read a topic of this name, be it this one or one before it. */
  async knows({ groupId, topic }: SourceTopic): Promise<boolean> {
    const rows = await this.database.query(
      'select 1 from source_offset where group_id = $1 and topic = $2 limit 1',
      [groupId, topic],
    );
    return rows.length > 0;
  }

  /** Begins partitions at these offsets; those that another consumer has begun meanwhile stay as they are. */
  async begin({ groupId, topicId, topic }: SourceTopic, offsets: ReadonlyMap<number, bigint>): Promise<void> {
    const rows = [...offsets].map(([partition, next]) => ({ partition, next_offset: String(next) }));
    await this.database.query(
      `insert into source_offset (group_id, topic_id, topic, partition, next_offset)
       select $1, $2, $3, partition, next_offset
         from json_to_recordset($4::json) as r (partition int, next_offset bigint)
           on conflict do nothing`,
      [groupId, topicId, topic, JSON.stringify(rows)],
    );
  }

  /** Where a group is, by topic and partition: of a topic that was made anew, the one that was read last. */
  async list(groupId: string): Promise<StoredOffset[]> {
    const rows = await this.database.query<Row>(
      `select distinct on (topic, partition) topic, partition, next_offset, updated_at from source_offset
        where group_id = $1 order by topic, partition, updated_at desc`,
      [groupId],
    );
    return rows.map(({ topic, partition, next_offset: next, updated_at: updatedAt }) => ({
      topic,
      partition,
      nextOffset: BigInt(next),
      updatedAt,
    }));
  }
}
