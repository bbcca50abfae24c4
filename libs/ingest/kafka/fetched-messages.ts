import type { RecordsBatch } from '@platformatic/kafka';
import type { Instant } from '#platform';

/** A message as the broker has it. */
export interface KafkaMessage {
  readonly offset: bigint;
  /** When it was produced, or appended where the topic says so; null where the producer did not say. */
  readonly at: Instant | null;
  readonly key: Buffer | null;
  /** Null is a tombstone. */
  readonly value: Buffer | null;
  readonly headers: readonly (readonly [Buffer | null, Buffer | null])[];
  /** What it holds in memory, about. */
  readonly sizeBytes: number;
}

/** A stretch of a partition: `from` to before `to`. Offsets without a message are of markers, or of what was aborted or compacted. */
export interface Stretch {
  readonly from: bigint;
  readonly to: bigint;
  readonly messages: readonly KafkaMessage[];
  readonly sizeBytes: number;
}

/** An aborted transaction of which a fetch brought records: who wrote them, from where on. */
export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: bigint;
}

const IS_CONTROL = 0b10_0000;
const IS_TRANSACTIONAL = 0b1_0000;
const HAS_APPEND_TIME = 0b1000;
/** The type of a control record that ends an aborted transaction: the second 16 bits of its key. */
const ABORT = 0;
/** The last instant that a Date can be. */
const MAX_INSTANT = 8_640_000_000_000_000n;
/** What a message costs in memory besides its bytes. */
const MESSAGE_OVERHEAD_BYTES = 200;

/**
 * What a fetch from `from` brought of one partition: a broker answers with whole batches, which may begin before, and with
 * those of aborted transactions, of which it names the producers. (The client leaves those in whose end is in a later answer.)
 */
export function stretchOf(
  from: bigint,
  batches: readonly RecordsBatch[],
  aborted: readonly AbortedTransaction[],
): Stretch {
  const pending = aborted.toSorted((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1));
  const abortedProducers = new Set<bigint>();
  const messages: KafkaMessage[] = [];
  let to = from;
  for (const batch of batches) {
    const last = batch.firstOffset + BigInt(batch.lastOffsetDelta);
    while (pending[0] !== undefined && pending[0].firstOffset <= last)
      abortedProducers.add(pending.shift()?.producerId ?? -1n);
    if ((batch.attributes & IS_CONTROL) !== 0) {
      if (batch.records[0]?.key?.readInt16BE(2) === ABORT) abortedProducers.delete(batch.producerId);
    } else if ((batch.attributes & IS_TRANSACTIONAL) === 0 || !abortedProducers.has(batch.producerId)) {
      messages.push(...messagesOf(batch).filter(({ offset }) => offset >= from));
    }
    if (last >= to) to = last + 1n;
  }
  return { from, to, messages, sizeBytes: messages.reduce((sum, message) => sum + message.sizeBytes, 0) };
}

function messagesOf(batch: RecordsBatch): KafkaMessage[] {
  const appendedAt = (batch.attributes & HAS_APPEND_TIME) === 0 ? null : batch.maxTimestamp;
  return batch.records.map(({ offsetDelta, timestampDelta, key, value, headers }) => {
    const at = appendedAt ?? batch.firstTimestamp + timestampDelta;
    return {
      offset: batch.firstOffset + BigInt(offsetDelta),
      at: at < 0n || at > MAX_INSTANT ? null : Number(at),
      key,
      value,
      headers,
      sizeBytes: sizeOf(key, value, headers),
    };
  });
}

function sizeOf(key: Buffer | null, value: Buffer | null, headers: KafkaMessage['headers']): number {
  const inHeaders = headers.reduce(
    (size, [name, text]) => size + (name?.length ?? 0) + (text?.length ?? 0),
    0,
  );
  return MESSAGE_OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0) + inHeaders;
}
