import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { openTestDatabase, type TestDatabase } from '../../../test/database.js';
import { KafkaBroker } from '../../../test/kafka-broker.js';
import { describeWithServer } from '../../../test/real-servers.js';
import { connectRooms } from '../../../test/rooms.js';
import { connectKafka, type KafkaConsumer } from './kafka-client.js';
import { LagSignals } from './lag-signals.js';
import { PartitionFetcher } from './partition-fetcher.js';
import { sourceSchema, type SourceSpec } from './source-schema.js';
import { StoredOffsets } from './stored-offsets.js';

describeWithServer('kafka', 'the lag of a source', () => {
  let broker: KafkaBroker;
  let test: TestDatabase;
  let rooms: ReturnType<typeof connectRooms>;
  let consumer: KafkaConsumer;
  let spec: SourceSpec;
  let topicId: string;
  beforeAll(async () => {
    broker = await KafkaBroker.start();
    await broker.createTopic('t', 3);
    test = await openTestDatabase();
    rooms = connectRooms(test.database);
    spec = sourceSchema.parse({
      name: 's',
      kind: 'kafka',
      brokers: [broker.address],
      topics: ['t'],
      groupId: 'g',
      model: 'm',
      version: 'v1',
    });
    consumer = connectKafka(spec, 'fetches', () => '');
    topicId = (await consumer.metadata({ topics: ['t'] })).topics.get('t')?.id ?? '';
  }, 120_000);
  afterAll(async () => {
    await consumer.close(true);
    await test.close();
    await broker.remove();
  }, 60_000);

  it('is what the broker has and the database does not count, over all partitions, and the age of the oldest', async () => {
    const offsets = new StoredOffsets(test.database);
    await offsets.begin(
      { groupId: 'g', topicId, topic: 't' },
      new Map([
        [0, 1n],
        [1, 0n],
        [2, 0n],
      ]),
    );
    const now = rooms.clock.now();
    const sent = (partition: number, secondsAgo: number): object => ({
      partition,
      at: now - 1_000 * secondsAgo,
    });
    // The first message of partition 0 is counted already, and is the oldest.
    const messages = [sent(0, 900), sent(0, 60), sent(0, 50), sent(1, 90), sent(1, 10), sent(1, 5)];
    await broker.send(
      't',
      messages.map((each) => ({ value: 'x', ...each })),
    );
    const lag = new LagSignals(spec, offsets, test.database, rooms.signals, rooms.clock);
    await lag.write(['t'], new PartitionFetcher(consumer));
    const { items } = await rooms.signals.list({ limit: 10, model: 'm' }, 0);
    expect(items.toSorted((a, b) => Number(b.lastValue) - Number(a.lastValue))).toEqual([
      expect.objectContaining({
        name: 'kafka_lag_seconds',
        labels: { source: 's', topic: 't' },
        lastValue: 90,
      }),
      expect.objectContaining({
        name: 'kafka_lag_messages',
        labels: { source: 's', topic: 't', partitions: 'sum' },
        lastValue: 5,
        source: 'source:s',
      }),
      expect.objectContaining({
        name: 'kafka_lag_messages',
        labels: { source: 's', topic: 't', partitions: 'max' },
        lastValue: 3,
      }),
    ]);
  });
});
