import { toRfc3339, type Instant, type Transaction } from '#platform';
import type { DeadLetterReason } from './dead-letter-reasons.js';

/** One partition of a topic, as its group of consumers reads it. A topic that is made anew has another id. */
export interface SourcePartition {
  readonly groupId: string;
  readonly topicId: string;
  readonly partition: number;
}

/** A message that could not be counted, as it is kept. */
export interface NewDeadLetter {
  readonly source: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly key: Uint8Array | null;
  readonly headers: Readonly<Record<string, string>>;
  /** The beginning of the value: as much as is kept. */
  readonly value: Uint8Array | null;
  /** The size of the whole value. */
  readonly sizeBytes: number;
  readonly reason: DeadLetterReason;
  readonly detail: string;
  readonly model: string;
  readonly version: string;
  readonly producedAt: Instant | null;
}

/**
 * How far a source has read a partition when its payloads are stored. The stored offset is compared and set in the transaction
 * of the payloads: a consumer that lost its partition to another one, and does not know it yet, stores nothing.
 */
export interface SourceProgress extends SourcePartition {
  /** The offset that must be stored: that of the first message of the payloads. */
  readonly from: bigint;
  /** The offset to store: that after the last message. */
  readonly to: bigint;
  readonly deadLetters: readonly NewDeadLetter[];
}

/** Moves the offset on, or returns false when it is not where the source believes that it is. */
export async function advanceOffset(tx: Transaction, progress: SourceProgress): Promise<boolean> {
  const rows = await tx.query(
    `update source_offset o set next_offset = m.to_offset, updated_at = now() from ${OFFSET_RECORDS('$1')}
      where ${OFFSET_MATCH} returning 1`,
    [JSON.stringify([offsetRecord(progress)])],
  );
  return rows.length === 1;
}

export async function insertDeadLetters(
  tx: Transaction,
  deadLetters: readonly NewDeadLetter[],
): Promise<void> {
  if (deadLetters.length > 0)
    await tx.query(`${INSERT_DEAD_LETTERS('$1')}`, [JSON.stringify(deadLetters.map(deadLetterRecord))]);
}

/** The progress of a commit as parts of its one statement: offsets in `offsets`, dead letters in `letters`, both parameters. */
export function progressParts(offsets: string, letters: string): string {
  return `
  moved as (
    update source_offset o set next_offset = m.to_offset, updated_at = now() from ${OFFSET_RECORDS(offsets)}
     where ${OFFSET_MATCH} returning 1),
  letter as (${INSERT_DEAD_LETTERS(letters)} returning 1),`;
}

/** The parameters of `progressParts`. */
export function progressParameters(progress: readonly SourceProgress[]): [string, string] {
  const letters = progress.flatMap(({ deadLetters }) => deadLetters);
  return [JSON.stringify(progress.map(offsetRecord)), JSON.stringify(letters.map(deadLetterRecord))];
}

const OFFSET_RECORDS = (parameter: string): string =>
  `json_to_recordset(${parameter}::json) as m (group_id text, topic_id text, partition int, from_offset bigint, to_offset bigint)`;

const OFFSET_MATCH = `o.group_id = m.group_id and o.topic_id = m.topic_id and o.partition = m.partition
       and o.next_offset = m.from_offset`;

const INSERT_DEAD_LETTERS = (parameter: string): string =>
  `insert into dead_letter (source, topic, partition, message_offset, key, headers, value, size_bytes, reason, detail, model,
                            version, produced_at)
   select source, topic, partition, message_offset, decode(key, 'base64'), headers, decode(value, 'base64'), size_bytes, reason,
          detail, model, version, produced_at
     from json_to_recordset(${parameter}::json) as r (source text, topic text, partition int, message_offset bigint, key text,
                                                      headers jsonb, value text, size_bytes int, reason text, detail text,
                                                      model text, version text, produced_at timestamptz)`;

/** Offsets are sent as texts: a number of JSON has 53 bits. */
function offsetRecord({ groupId, topicId, partition, from, to }: SourceProgress): object {
  return {
    group_id: groupId,
    topic_id: topicId,
    partition,
    from_offset: String(from),
    to_offset: String(to),
  };
}

function deadLetterRecord(letter: NewDeadLetter): object {
  return {
    source: letter.source,
    topic: letter.topic,
    partition: letter.partition,
    message_offset: String(letter.offset),
    key: base64(letter.key),
    headers: letter.headers,
    value: base64(letter.value),
    size_bytes: letter.sizeBytes,
    reason: letter.reason,
    detail: letter.detail,
    model: letter.model,
    version: letter.version,
    produced_at: letter.producedAt === null ? null : toRfc3339(letter.producedAt),
  };
}

function base64(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}
