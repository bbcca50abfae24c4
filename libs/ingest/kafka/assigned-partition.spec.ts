import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { openTestDatabase, type TestDatabase } from '../../../test/database.js';
import { connectRooms, registerVersion } from '../../../test/rooms.js';
import { until } from '../../../test/until.js';
import { AssignedPartition } from './assigned-partition.js';
import type { KafkaMessage, Stretch } from './fetched-messages.js';
import { KafkaMetrics } from './kafka-metrics.js';
import { MessageDecoder } from './message-decoder.js';
import { sourceSchema } from './source-schema.js';
import { StoredOffsets } from './stored-offsets.js';

const TOPIC = { groupId: 'g', topicId: 'id', topic: 't' };
const SPEC = sourceSchema.parse({
  name: 's',
  kind: 'kafka',
  brokers: ['k:9092'],
  topics: ['t'],
  groupId: 'g',
  model: 'm',
  version: 'v1',
});
/** A payload of so many rows is refused by the database of this suite. */
const REFUSED = 13;

describe('a partition that this process reads', () => {
  let test: TestDatabase;
  let rooms: ReturnType<typeof connectRooms>;
  let offsets: StoredOffsets;
  let metrics: KafkaMetrics;
  let registry: Registry;
  let reports: string[];
  let partition: AssignedPartition;

  beforeAll(async () => {
    test = await openTestDatabase();
    rooms = connectRooms(test.database);
    await registerVersion(rooms.models, 'm', 'v1', { fraction: 0, maxRowsPerWindow: 1 }, [
      { name: 'x', role: 'feature', type: 'numeric' },
    ]);
    await test.database.query(
      `alter table window_delta add constraint refused check (row_count % 100 <> ${REFUSED})`,
    );
    offsets = new StoredOffsets(test.database);
  }, 60_000);
  afterAll(() => test.close());
  beforeEach(async () => {
    for (const table of ['source_offset', 'dead_letter', 'window_delta'])
      await test.database.query(`delete from ${table}`);
    await offsets.begin(TOPIC, new Map([[0, 10n]]));
    registry = new Registry();
    metrics = new KafkaMetrics(registry);
    metrics.declare('s', () => []);
    reports = [];
    partition = new AssignedPartition(
      {
        source: 's',
        ingest: rooms.ingest,
        decoder: new MessageDecoder(SPEC, rooms.ingest, rooms.clock),
        offsets,
        metrics,
        report: (reason, error) => reports.push(`${reason}: ${(error as Error).message}`),
        onProgress: () => undefined,
        onRoom: () => undefined,
      },
      TOPIC,
      0,
      10n,
    );
  });

  const message = (offset: bigint, rowCount = 1): KafkaMessage => ({
    offset,
    at: rooms.clock.now(),
    key: null,
    value: Buffer.from(JSON.stringify(Array.from({ length: rowCount }, (_, x) => ({ x })))),
    headers: [],
    sizeBytes: 100,
  });
  const stretch = (from: bigint, to: bigint, messages: KafkaMessage[]): Stretch => ({
    from,
    to,
    messages,
    sizeBytes: 100 * messages.length,
  });
  async function stored(): Promise<object> {
    const [row] = await test.database.query(
      `select (select next_offset from source_offset)::int as next, (select count(*) from dead_letter)::int as letters,
              (select coalesce(sum(row_count), 0) from window_delta)::int as rows`,
    );
    return row ?? {};
  }
  const untilNext = (next: bigint): Promise<void> => until(() => partition.nextOffset === next);

  it('is counted in the order of the log, with the offsets that have no message', async () => {
    partition.deliver(stretch(10n, 20n, [message(11n), message(15n)]));
    partition.deliver(stretch(20n, 25n, []));
    await untilNext(25n);
    expect(await stored()).toEqual({ next: 25, letters: 0, rows: 2 });
    expect(partition.bufferedBytes).toBe(0);
  });

  it('drops what was asked for before it was read anew', async () => {
    partition.deliver(stretch(9n, 11n, [message(10n)]));
    partition.deliver(stretch(10n, 11n, [message(10n)]));
    await untilNext(11n);
    expect(await stored()).toEqual({ next: 11, letters: 0, rows: 1 });
  });

  it('goes on where the database says when another process has counted what it was about to', async () => {
    await test.database.query('update source_offset set next_offset = 12');
    partition.deliver(
      stretch(
        10n,
        14n,
        [10n, 11n, 12n, 13n].map((offset) => message(offset)),
      ),
    );
    await until(() => partition.fetchOffset === 12n);
    expect([partition.nextOffset, partition.bufferedBytes]).toEqual([12n, 0]);
    partition.deliver(stretch(12n, 14n, [message(12n), message(13n)]));
    await untilNext(14n);
    expect(await stored()).toEqual({ next: 14, letters: 0, rows: 2 });
    expect(await registry.metrics()).toContain('leeway_ingest_kafka_outdated_batches_total{source="s"} 1');
  });

  it('has the messages that the database refuses as dead letters, and counts those around them', async () => {
    // With the others it makes 120 rows: only a commit that comes to 13 or 113 is refused.
    partition.deliver(
      stretch(10n, 15n, [message(10n, 50), message(11n, REFUSED), message(12n, 50), message(14n, 7)]),
    );
    await untilNext(15n);
    expect(await stored()).toMatchObject({ next: 15 });
    partition.deliver(stretch(15n, 18n, [message(15n, 50), message(16n, REFUSED), message(17n, 50)]));
    await untilNext(18n);
    expect(await stored()).toEqual({ next: 18, letters: 1, rows: 120 + 100 });
    expect(await test.database.query('select message_offset, reason, detail from dead_letter')).toEqual([
      { message_offset: '16', reason: 'internal', detail: expect.stringContaining('refused') as unknown },
    ]);
    expect(reports).toEqual([]);
  });

  it('counts what the broker has deleted as lost, and goes on behind it', async () => {
    partition.skipTo(30n);
    partition.deliver(stretch(30n, 31n, [message(30n)]));
    await untilNext(31n);
    expect(await stored()).toEqual({ next: 31, letters: 0, rows: 1 });
    expect(await registry.metrics()).toContain('leeway_ingest_kafka_lost_messages_total{source="s"} 20');
  });

  it('finishes what is being stored when it is stopped, and takes nothing more', async () => {
    partition.deliver(stretch(10n, 11n, [message(10n)]));
    await partition.stop();
    const after = await stored();
    partition.deliver(stretch(11n, 12n, [message(11n)]));
    await partition.stop();
    expect(await stored()).toEqual(after);
  });

  it('waits while its offset is not there, and says so', async () => {
    await test.database.query('delete from source_offset');
    partition.deliver(stretch(10n, 11n, [message(10n)]));
    await until(() => reports.length > 0);
    expect(reports[0]).toBe('other: the offset of t-0 is gone from the database');
    await partition.stop();
    expect(await stored()).toMatchObject({ rows: 0 });
  });
});
