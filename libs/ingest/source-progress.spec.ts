import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openTestDatabase, type TestDatabase } from '../../test/database.js';
import { connectRooms, registerVersion } from '../../test/rooms.js';
import type { IngestReceipt } from './receipts.js';
import type { NewDeadLetter, SourceProgress } from './source-progress.js';

const PARTITION = { groupId: 'g', topicId: 't', partition: 0 };

const deadLetter = (offset: bigint): NewDeadLetter => ({
  source: 's',
  topic: 'T',
  partition: 0,
  offset,
  key: Buffer.from('k'),
  headers: { a: 'b' },
  value: Buffer.from([0, 255]),
  sizeBytes: 2,
  reason: 'invalid-json',
  detail: 'it is not',
  model: 'm',
  version: 'v1',
  producedAt: null,
});

describe('payloads of a source, with its progress', () => {
  let test: TestDatabase;
  let rooms: ReturnType<typeof connectRooms>;
  beforeAll(async () => {
    test = await openTestDatabase();
    rooms = connectRooms(test.database);
    await registerVersion(rooms.models, 'm');
  }, 60_000);
  afterAll(() => test.close());
  beforeEach(async () => {
    for (const table of ['source_offset', 'dead_letter', 'window_delta', 'captured_row'])
      await test.database.query(`delete from ${table}`);
    await test.database.query(
      `insert into source_offset (group_id, topic_id, partition, topic, next_offset) values ('g', 't', 0, 'T', 10), ('g', 't', 1, 'T', 10)`,
    );
  });

  /** Stores one payload of so many rows for each key; null is none. */
  async function store(
    progress: Partial<SourceProgress>,
    keys: readonly (string | undefined)[] = [undefined],
  ): Promise<readonly IngestReceipt[] | 'outdated'> {
    const context = await rooms.ingest.contextOf('m', 'v1');
    const messages = keys.map((payloadId, index) =>
      rooms.ingest.decodeMessage(
        {
          kind: 'payload',
          message: { body: { format: 'json', value: { rows: [{ values: { x: 1, c: 'a' } }] } }, payloadId },
        },
        context,
        { id: `id-${index}`, at: rooms.clock.now() },
      ),
    );
    return rooms.ingest.store(messages, { ...PARTITION, from: 10n, to: 11n, deadLetters: [], ...progress });
  }
  async function stored(): Promise<object> {
    const [row] = await test.database.query(
      `select (select next_offset from source_offset where partition = 0)::int as next,
              (select coalesce(sum(row_count), 0) from window_delta)::int as rows,
              (select count(*) from captured_row)::int as captured,
              (select count(*) from dead_letter)::int as letters`,
    );
    return row ?? {};
  }

  it('are counted and move the offset on', async () => {
    expect(await store({})).toMatchObject([{ status: 'accepted', payloadId: 'id-0' }]);
    expect(await stored()).toEqual({ next: 11, rows: 1, captured: 1, letters: 0 });
  });

  it('leave nothing behind when another consumer has moved the offset', async () => {
    await store({});
    expect(await store({ deadLetters: [deadLetter(10n)] })).toBe('outdated');
    expect(await stored()).toEqual({ next: 11, rows: 1, captured: 1, letters: 0 });
  });

  it('leave nothing behind when nobody knows the partition', async () => {
    expect(await store({ topicId: 'made anew' })).toBe('outdated');
    expect(await stored()).toEqual({ next: 10, rows: 0, captured: 0, letters: 0 });
  });

  it('do not fail those that are committed with them', async () => {
    const first = store({});
    const [again, other] = await Promise.all([store({}), store({ partition: 1 })]);
    expect([await first, again, other]).toEqual([
      [expect.objectContaining({ status: 'accepted' })],
      'outdated',
      [expect.objectContaining({ status: 'accepted' })],
    ]);
    expect(await stored()).toEqual({ next: 11, rows: 2, captured: 2, letters: 0 });
  });

  it('are counted once when their sender gave them a key and sent them twice', async () => {
    const receipts = await store({ to: 12n }, ['k', 'k']);
    expect(receipts).toMatchObject([{ status: 'accepted' }, { status: 'duplicate' }]);
    expect(await store({ from: 12n, to: 13n }, ['k'])).toMatchObject([{ status: 'duplicate' }]);
    expect(await stored()).toMatchObject({ next: 13, rows: 1 });
  });

  it('may be none: dead letters alone move the offset on', async () => {
    expect(await store({ to: 12n, deadLetters: [deadLetter(10n), deadLetter(11n)] }, [])).toEqual([]);
    expect(await stored()).toEqual({ next: 12, rows: 0, captured: 0, letters: 2 });
    const [letter] = await test.database.query('select * from dead_letter order by id');
    expect(letter).toMatchObject({
      message_offset: '10',
      key: Buffer.from('k'),
      headers: { a: 'b' },
      value: Buffer.from([0, 255]),
      size_bytes: 2,
      reason: 'invalid-json',
    });
  });

  it('keep offsets beyond 2^53', async () => {
    const far = 2n ** 62n;
    await test.database.query('update source_offset set next_offset = $1 where partition = 0', [String(far)]);
    expect(await store({ from: far + 1n, to: far + 2n })).toBe('outdated');
    expect(await store({ from: far, to: far + 1n })).toMatchObject([{ status: 'accepted' }]);
  });
});
