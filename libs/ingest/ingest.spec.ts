import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openTestDatabase, type TestDatabase } from '../../test/database.js';
import { connectIngest, connectRooms, evenRows, registerVersion, START, send } from '../../test/rooms.js';
import { modelSchema, versionSchema } from '#registry';
import { Compaction } from './compaction.js';
import { sampleRank } from './sampling.js';

const PAGE = { limit: 1_000 };
const DAY = 86_400_000;

describe('ingest', () => {
  let test: TestDatabase;
  let rooms: ReturnType<typeof connectRooms>;
  beforeAll(async () => {
    test = await openTestDatabase();
    rooms = connectRooms(test.database);
  }, 60_000);
  afterAll(() => test.close());

  async function prepare(model: string): Promise<void> {
    await registerVersion(rooms.models, model);
    await rooms.baselines.register(model, 'v1', { kind: 'rows', rows: evenRows(2_000) });
  }

  const payload = (id: string, count = 10, bad = 0) => ({
    payloadId: id,
    rows: [
      ...evenRows(count).map((values) => ({ values: { ...values, secret: 's' } })),
      ...Array.from({ length: bad }, () => ({ values: {} })),
    ],
  });

  const total = async (model: string): Promise<{ rows: number; rejected: number }> => {
    const { items } = await rooms.windows.list(model, 'v1', PAGE);
    return {
      rows: items.reduce((sum, window) => sum + window.rowCount, 0),
      rejected: items.reduce((sum, window) => sum + window.rejectedCount, 0),
    };
  };

  it('counts each row of a payload exactly once, however often it is sent and how many at once', async () => {
    await prepare('once');
    const sends = Array.from({ length: 30 }, (_, index) =>
      send(rooms, 'once', 'v1', payload(`p${index % 10}`, 10, 2)),
    );
    const receipts = await Promise.all(sends);
    expect(receipts.filter(({ status }) => status === 'accepted')).toHaveLength(10);
    expect(receipts.filter(({ status }) => status === 'duplicate')).toHaveLength(20);
    expect(await total('once')).toEqual({ rows: 100, rejected: 20 });
  });

  it('keeps the same id of another version apart', async () => {
    await prepare('apart-1');
    await prepare('apart-2');
    const receipts = [
      await send(rooms, 'apart-1', 'v1', payload('same')),
      await send(rooms, 'apart-2', 'v1', payload('same')),
    ];
    expect(receipts.map(({ status }) => status)).toEqual(['accepted', 'accepted']);
  });

  it('reads the same before, while and after deltas are compacted', async () => {
    await prepare('compact');
    for (let each = 0; each < 5; each += 1) await send(rooms, 'compact', 'v1', payload(`p${each}`, 100, 1));
    const version = await rooms.models.getVersion('compact', 'v1');
    const range = { from: START, to: START + 60_000 };
    const before = await rooms.windows.profiles(version, range);
    rooms.clock.advance(60_000);
    await Promise.all([rooms.compaction.run(), rooms.compaction.run()]);
    expect(
      await test.database.query('select 1 from window_delta where version_id = $1', [version.id]),
    ).toEqual([]);
    const after = await rooms.windows.profiles(version, range);
    expect(after).toEqual(before);
    expect(after[0]?.profile.rowCount).toBe(500);
    expect(after[0]?.rejections).toEqual({ 'missing-column': 5, 'missing-column/x': 5 });
    // A late row opens a delta again, and is added to what was compacted.
    await send(rooms, 'compact', 'v1', {
      payloadId: 'late',
      rows: [{ timestamp: new Date(START).toISOString(), values: { x: 1, c: 'a' } }],
    });
    await rooms.compaction.run();
    expect((await rooms.windows.profiles(version, range))[0]?.profile.rowCount).toBe(501);
  });

  it('compacts however many deltas wait, after a worker was away', async () => {
    await prepare('backlog');
    for (let each = 0; each < 205; each += 1) await send(rooms, 'backlog', 'v1', payload(`p${each}`, 3));
    const version = await rooms.models.getVersion('backlog', 'v1');
    rooms.clock.advance(60_000);
    await rooms.compaction.run();
    expect(
      await test.database.query('select 1 from window_delta where version_id = $1', [version.id]),
    ).toEqual([]);
    expect(await total('backlog')).toEqual({ rows: 615, rejected: 0 });
  });

  it('counts what arrived beside what was counted, and takes other tallies for no refusal', async () => {
    await prepare('received');
    await send(rooms, 'received', 'v1', payload('p1', 10, 2));
    const version = await rooms.models.getVersion('received', 'v1');
    // A delta of a sampling node: 40 rows arrived for the 10 that it counted.
    await test.database.query(
      `update window_delta set received_count = 40, rejections = rejections || '{"sampled-out": 30}' where version_id = $1`,
      [version.id],
    );
    await send(rooms, 'received', 'v1', payload('p2', 10));
    const counted = { rowCount: 20, receivedCount: 50, rejectedCount: 2 };
    const range = { from: 0, to: rooms.clock.now() + 60_000 };
    expect((await rooms.windows.list('received', 'v1', PAGE)).items).toMatchObject([counted]);
    rooms.clock.advance(60_000);
    await rooms.compaction.run();
    expect((await rooms.windows.list('received', 'v1', PAGE)).items).toMatchObject([
      { ...counted, rejections: { 'missing-column': 2 } },
    ]);
    expect(await rooms.windows.counts(version.model.id, range)).toMatchObject([counted]);
    expect(await rooms.windows.profiles(version, range)).toMatchObject([{ receivedCount: 50 }]);
  });

  it('drops the windows of days that have aged out, whole days of them', async () => {
    await prepare('old');
    const sendOld = (daysAgo: number) => {
      const timestamp = new Date(rooms.clock.now() - daysAgo * DAY).toISOString();
      return send(rooms, 'old', 'v1', { rows: [{ timestamp, values: { x: 1, c: 'a' } }] });
    };
    for (const daysAgo of [0, 1, 2, 3]) await sendOld(daysAgo);
    await rooms.compaction.run();
    const partitions = await rooms.windows.dropBefore(rooms.clock.now() - 2 * DAY);
    expect(partitions).toContain('profile_window_20261120');
    expect(partitions).not.toContain('profile_window_20261121');
    expect(await total('old')).toEqual({ rows: 3, rejected: 0 });
    await sendOld(3);
    await rooms.compaction.run();
    expect(await total('old')).toEqual({ rows: 4, rejected: 0 });
  });

  it('holds captured rows to their bound in the transaction that is done with their window', async () => {
    await registerVersion(rooms.models, 'trimmed', 'v1', { fraction: 1, maxRowsPerWindow: 10 });
    // Two nodes, each with its own ten smallest.
    const other = connectRooms(test.database);
    other.clock.advance(rooms.clock.now() - other.clock.now());
    for (const node of [rooms, other])
      await send(node, 'trimmed', 'v1', payload(`of-${node === rooms ? 1 : 2}`, 30));
    rooms.clock.advance(60_000);
    // What is outside of a transaction never happens, as when the process dies between the two.
    const dying = Object.create(test.database, {
      query: {
        value: (text: string, values: unknown[]) =>
          text.includes('delete from captured_row')
            ? Promise.reject(new Error('killed'))
            : test.database.query(text, values),
      },
    }) as typeof test.database;
    await new Compaction(dying, rooms.baselines, rooms.clock, 0).run().catch(() => undefined);
    await rooms.compaction.run();
    expect((await rooms.capturedRows.list('trimmed', 'v1', { limit: 100 })).items).toHaveLength(10);
  });

  it('captures at most the bound of a window, those with the smallest hashes, without redacted columns', async () => {
    await prepare('capture');
    const at = rooms.clock.now();
    await send(rooms, 'capture', 'v1', payload('p1', 200));
    await send(rooms, 'capture', 'v1', payload('p2', 200));
    rooms.clock.advance(60_000);
    await rooms.compaction.run();
    const { items } = await rooms.capturedRows.list('capture', 'v1', {
      ...PAGE,
      from: Math.floor(at / 60_000) * 60_000,
    });
    expect(items).toHaveLength(50);
    const ids = ['p1', 'p2'].flatMap((id) => Array.from({ length: 200 }, (_, row) => `${id}-${row}`));
    const smallest = ids.sort((a, b) => sampleRank(a) - sampleRank(b)).slice(0, 50);
    expect(items.map(({ inferenceId }) => inferenceId).sort()).toEqual(smallest.sort());
    for (const { values } of items) expect(Object.keys(values).sort()).toEqual(['c', 'x']);
  });

  it('captures the first 2,000 code units of a text, whole characters of them', async () => {
    await registerVersion(rooms.models, 'long', 'v1', undefined, [
      { name: 't', role: 'feature', type: 'text' },
    ]);
    await rooms.baselines.register('long', 'v1', { kind: 'rows', rows: [{ t: 'a' }, { t: 'b' }] });
    const at = rooms.clock.now();
    const t = `${'x'.repeat(1_999)}😀${'y'.repeat(5_000)}`;
    await send(rooms, 'long', 'v1', { payloadId: 'p', rows: [{ values: { t } }] });
    const { items } = await rooms.capturedRows.list('long', 'v1', {
      ...PAGE,
      from: Math.floor(at / 60_000) * 60_000,
    });
    expect(items.map(({ values }) => values)).toEqual([{ t: `${'x'.repeat(1_999)}…` }]);
  });

  it('counts rows of a version without a baseline, without columns', async () => {
    await registerVersion(rooms.models, 'bare');
    const receipt = await send(rooms, 'bare', 'v1', payload('p', 10, 1));
    expect(receipt).toMatchObject({ acceptedCount: 10, rejectedCount: 1 });
    expect(await total('bare')).toEqual({ rows: 10, rejected: 1 });
  });

  it('lists windows by page without losing or repeating one', async () => {
    await prepare('pages');
    for (let each = 0; each < 7; each += 1) {
      await send(rooms, 'pages', 'v1', payload(`p${each}`, 3));
      rooms.clock.advance(60_000);
    }
    const starts: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await rooms.windows.list('pages', 'v1', { limit: 3, cursor });
      starts.push(...page.items.map(({ start }) => start));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(starts).toHaveLength(7);
    expect([...new Set(starts)].sort()).toEqual(starts);
  });

  it('says what is wrong with a payload as a whole', async () => {
    await expect(send(rooms, 'nobody', 'v1', payload('p'))).rejects.toMatchObject({
      code: 'not-found',
    });
    await prepare('whole');
    await expect(send(rooms, 'whole', 'v1', { rows: [] })).rejects.toMatchObject({
      code: 'payload-empty',
    });
    await expect(
      send(rooms, 'whole', 'v1', { rows: Array.from({ length: 10_001 }, () => ({})) }),
    ).rejects.toMatchObject({ code: 'payload-too-large' });
  });

  it.each(['36h', '2d', '7d'])(
    'stores rows of windows of %s, which start on other days than they',
    async (grain) => {
      const model = `grain-${grain}`;
      await rooms.models.put(modelSchema.parse({ name: model, grain, capture: { fraction: 1 } }));
      await rooms.models.putVersion(
        model,
        versionSchema.parse({ name: 'v1', columns: [{ name: 'x', role: 'feature', type: 'numeric' }] }),
      );
      for (const daysAgo of [0, 1, 2, 3, 8]) {
        const timestamp = new Date(rooms.clock.now() - daysAgo * DAY).toISOString();
        await send(rooms, model, 'v1', { rows: [{ timestamp, values: { x: 1 } }] });
      }
      expect(await total(model)).toEqual({ rows: 5, rejected: 0 });
      await rooms.compaction.run();
      expect((await rooms.capturedRows.list(model, 'v1', { limit: 10 })).items).toHaveLength(5);
    },
  );

  it('tells senders to come back while more is held than may be, and takes their payloads again afterwards', async () => {
    await prepare('busy');
    const { ingest } = connectIngest(test.database, rooms, undefined, 10_000);
    // Larger than the bound by itself, and taken: none is too large for ever.
    const first = send({ ingest }, 'busy', 'v1', payload('p1', 1_000));
    const others = await Promise.allSettled(
      Array.from({ length: 5 }, (_, i) => send({ ingest }, 'busy', 'v1', payload(`p${i + 2}`, 100))),
    );
    for (const other of others)
      expect(other).toMatchObject({
        status: 'rejected',
        reason: { code: 'ingest-overloaded', retryAfterSeconds: 1 },
      });
    expect(await first).toMatchObject({ status: 'accepted', acceptedCount: 1_000 });
    expect(await send({ ingest }, 'busy', 'v1', payload('p2', 100))).toMatchObject({ status: 'accepted' });
    expect(await total('busy')).toEqual({ rows: 1_100, rejected: 0 });
  });
});

describe('sampleRank', () => {
  it('is spread evenly, also over the ids of a counter', () => {
    const ranks = Array.from({ length: 20_000 }, (_, index) => sampleRank(`flight-${index}`));
    const perTenth = Array.from(
      { length: 10 },
      (_, tenth) => ranks.filter((rank) => Math.floor(rank * 10) === tenth).length,
    );
    // Five standard deviations of a binomial count of 20,000 at 1/10.
    const tolerance = 5 * Math.sqrt(20_000 * 0.1 * 0.9);
    for (const count of perTenth) expect(Math.abs(count - 2_000)).toBeLessThan(tolerance);
  });
});
