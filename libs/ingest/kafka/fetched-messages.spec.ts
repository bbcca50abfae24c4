import { describe, expect, it } from '@jest/globals';
import type { RecordsBatch } from '@platformatic/kafka';
import { stretchOf } from './fetched-messages.js';

const TRANSACTIONAL = 16;
const CONTROL = 32;
const APPEND_TIME = 8;

interface Facts {
  readonly attributes?: number;
  readonly producerId?: bigint;
  /** Offsets that compaction has taken are left out. */
  readonly deltas?: readonly number[];
  readonly key?: Buffer;
}

function batch(first: number, count: number, facts: Facts = {}): RecordsBatch {
  const { attributes = 0, producerId = -1n, key = null } = facts;
  const deltas = facts.deltas ?? Array.from({ length: count }, (_, delta) => delta);
  return {
    firstOffset: BigInt(first),
    lastOffsetDelta: count - 1,
    firstTimestamp: 1_000n,
    maxTimestamp: 9_000n,
    attributes,
    producerId,
    records: deltas.map((delta) => ({
      offsetDelta: delta,
      timestampDelta: BigInt(delta),
      key,
      value: Buffer.from('v'),
      headers: [],
    })),
  } as unknown as RecordsBatch;
}

const transaction = (first: number, count: number, producerId: bigint): RecordsBatch =>
  batch(first, count, { attributes: TRANSACTIONAL, producerId });
const marker = (offset: number, producerId: bigint, end: 'abort' | 'commit'): RecordsBatch =>
  batch(offset, 1, {
    attributes: TRANSACTIONAL | CONTROL,
    producerId,
    key: Buffer.from([0, 0, 0, end === 'abort' ? 0 : 1]),
  });

describe('what a fetch brought of a partition', () => {
  it.each<[sentence: string, from: number, batches: RecordsBatch[], offsets: number[], to: number]>([
    ['nothing', 5, [], [], 5],
    ['one batch', 0, [batch(0, 3)], [0, 1, 2], 3],
    ['a batch that begins before', 2, [batch(0, 3), batch(3, 1)], [2, 3], 4],
    ['what compaction has left', 0, [batch(0, 9, { deltas: [1, 4] })], [1, 4], 9],
    [
      'a committed transaction and its marker',
      0,
      [transaction(0, 2, 7n), marker(2, 7n, 'commit')],
      [0, 1],
      3,
    ],
    ['the marker alone', 2, [marker(2, 7n, 'commit')], [], 3],
    ['less than was asked for', 9, [batch(0, 3)], [], 9],
  ])('is %s', (_, from, batches, offsets, to) => {
    const stretch = stretchOf(BigInt(from), batches, []);
    expect(stretch.messages.map(({ offset }) => Number(offset))).toEqual(offsets);
    expect([stretch.from, stretch.to]).toEqual([BigInt(from), BigInt(to)]);
  });

  it.each<[sentence: string, batches: RecordsBatch[], aborted: [bigint, bigint][], offsets: number[]]>([
    ['with its end', [transaction(0, 2, 7n), marker(2, 7n, 'abort'), batch(3, 1)], [[7n, 0n]], [3]],
    ['whose end is not here yet', [transaction(0, 2, 7n), batch(2, 1)], [[7n, 0n]], [2]],
    ['that began before', [batch(4, 1), transaction(5, 1, 7n)], [[7n, 1n]], [4]],
    [
      'between two that were committed',
      [
        transaction(0, 1, 7n),
        marker(1, 7n, 'commit'),
        transaction(2, 1, 7n),
        marker(3, 7n, 'abort'),
        transaction(4, 1, 7n),
        marker(5, 7n, 'commit'),
      ],
      [[7n, 2n]],
      [0, 4],
    ],
    [
      'and another one of the same producer',
      [
        transaction(0, 1, 7n),
        marker(1, 7n, 'abort'),
        transaction(2, 1, 7n),
        marker(3, 7n, 'abort'),
        transaction(4, 1, 8n),
      ],
      [
        [7n, 2n],
        [7n, 0n],
      ],
      [4],
    ],
    [
      'amid that of another producer',
      [transaction(0, 1, 8n), transaction(1, 1, 7n), transaction(2, 1, 8n), marker(3, 7n, 'abort')],
      [[7n, 1n]],
      [0, 2],
    ],
  ])('leaves out an aborted transaction %s', (_, batches, aborted, offsets) => {
    const { messages } = stretchOf(
      0n,
      batches,
      aborted.map(([producerId, firstOffset]) => ({ producerId, firstOffset })),
    );
    expect(messages.map(({ offset }) => Number(offset))).toEqual(offsets);
  });

  it('has the time of the producer, or that of the broker where the topic says so', () => {
    expect(stretchOf(0n, [batch(0, 2)], []).messages.map(({ at }) => at)).toEqual([1_000, 1_001]);
    expect(
      stretchOf(0n, [batch(0, 2, { attributes: APPEND_TIME })], []).messages.map(({ at }) => at),
    ).toEqual([9_000, 9_000]);
    const without = { ...batch(0, 1), firstTimestamp: -1n };
    expect(stretchOf(0n, [without], []).messages.map(({ at }) => at)).toEqual([null]);
    const absurd = { ...batch(0, 1), firstTimestamp: 2n ** 62n };
    expect(stretchOf(0n, [absurd], []).messages.map(({ at }) => at)).toEqual([null]);
  });
});
