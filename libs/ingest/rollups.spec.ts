import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { openTestDatabase, type TestDatabase } from '../../test/database.js';
import { connectRooms, send as sendPayload, START } from '../../test/rooms.js';
import { modelSchema, versionSchema, type Version } from '#registry';
import { emptyProfile, mergeProfiles, serializeProfile, type Profile } from '#stats';
import type { TimeRange } from './windows.js';
import { addCounts } from './tallies.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Rounds of a race between two workers, which has no other outcome on the embedded database with its one session. */
const ROUNDS = 60;
const COLUMNS = [
  { name: 'x', role: 'feature', type: 'numeric' },
  { name: 'c', role: 'feature', type: 'categorical' },
  { name: 's', role: 'segment', type: 'categorical' },
];
/** Rows in pairs around 10: every mean is 10 and every sum a whole number, so that sums are exact in any order. */
const pairOf = (k: number, segment: string) =>
  [10 - k, 10 + k].map((x) => ({ x, c: `c${k % 7}`, s: segment }));

describe('roll-ups', () => {
  let test: TestDatabase;
  let rooms: ReturnType<typeof connectRooms>;
  beforeAll(async () => {
    test = await openTestDatabase();
    rooms = connectRooms(test.database);
  }, 60_000);
  afterAll(() => test.close());

  async function prepare(name: string, grain = '20m'): Promise<Version> {
    await rooms.models.put(modelSchema.parse({ name, grain, capture: { fraction: 0 } }));
    await rooms.models.putVersion(name, versionSchema.parse({ name: 'v1', columns: COLUMNS }));
    await registerBaseline(name, 1);
    return rooms.models.getVersion(name, 'v1');
  }
  const registerBaseline = (name: string, step: number): Promise<unknown> =>
    rooms.baselines
      .register(name, 'v1', {
        kind: 'rows',
        rows: ['a', 'b'].flatMap((segment) => [1, 2, 3].flatMap((k) => pairOf(k * step, segment))),
      })
      .catch(() => undefined);
  const send = (name: string, at: number, k: number, segment = 'a', bad = 0): Promise<unknown> =>
    sendPayload(rooms, name, 'v1', {
      rows: [
        ...pairOf(k, segment).map((values) => ({ timestamp: new Date(at).toISOString(), values })),
        ...Array.from({ length: bad }, () => ({ values: {} })),
      ],
    });

  /** What a range amounts to, per segment and grid, to the last byte. */
  async function sumsOf(version: Version, range: TimeRange, minPieces?: number): Promise<object> {
    const pieces = await rooms.windows.profiles(version, range, minPieces === undefined ? {} : { minPieces });
    const groups = Map.groupBy(pieces, ({ segment, profile }) => `${segment}/${profile.grid.hash}`);
    return Object.fromEntries(
      [...groups].sort().map(([key, group]) => {
        const sum: Profile = emptyProfile(group[0]!.profile.grid);
        for (const { profile } of group) mergeProfiles(sum, profile);
        return [
          key,
          {
            profile: Buffer.from(serializeProfile(sum)).toString('base64'),
            receivedCount: group.reduce((total, { receivedCount }) => total + receivedCount, 0),
            rejections: addCounts(group.map(({ rejections }) => rejections)),
          },
        ];
      }),
    );
  }
  const rowsIn = async (version: Version, range: TimeRange, minPieces: number): Promise<number> =>
    (await rooms.windows.profiles(version, range, { minPieces })).reduce(
      (total, { profile }) => total + profile.rowCount,
      0,
    );
  const stored = async (version: Version): Promise<string[]> =>
    (
      await test.database.query<{ name: string }>(
        `select grain || ' of ' || row_count as name from profile_rollup where version_id = $1 order by 1`,
        [version.id],
      )
    ).map(({ name }) => name);

  const action = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('send' as const),
        hoursAgo: fc.integer({ min: 0, max: 80 }),
        k: fc.integer({ min: 0, max: 30 }),
        segment: fc.constantFrom('a', 'b', 'unknown'),
        bad: fc.integer({ min: 0, max: 1 }),
      }),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('compact', 'roll up', 'all at once') }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('wait' as const), hours: fc.integer({ min: 1, max: 40 }) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('new baseline' as const) }) },
  );
  const range = fc.record({
    hoursAgo: fc.integer({ min: 1, max: 150 }),
    hours: fc.integer({ min: 1, max: 150 }),
  });
  let models = 0;

  it('change no byte of what a range amounts to, whatever comes late and whoever works at once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 14 }), range, async (actions, { hoursAgo, hours }) => {
        const name = `random-${(models += 1)}`;
        const version = await prepare(name);
        for (const each of actions) {
          switch (each.kind) {
            case 'send':
              await send(name, rooms.clock.now() - each.hoursAgo * HOUR, each.k, each.segment, each.bad);
              break;
            case 'wait':
              rooms.clock.advance(each.hours * HOUR);
              break;
            case 'new baseline':
              await registerBaseline(name, models + actions.indexOf(each));
              break;
            case 'compact':
              await rooms.compaction.run();
              break;
            case 'roll up':
              await rooms.rollups.run();
              break;
            case 'all at once':
              await Promise.all([
                rooms.compaction.run(),
                rooms.rollups.run(),
                send(name, rooms.clock.now() - 30 * HOUR, 3),
                rooms.compaction.run(),
                rooms.rollups.run(),
              ]);
              break;
          }
          const from = rooms.clock.now() - hoursAgo * HOUR;
          const asked = { from, to: from + hours * HOUR };
          expect(await sumsOf(version, asked, 1)).toEqual(await sumsOf(version, asked));
        }
      }),
      { numRuns: 40 },
    );
  }, 120_000);

  it('are built once however many workers do, when the hour and the day are over', async () => {
    const name = 'once';
    const version = await prepare(name);
    const day = Math.floor(rooms.clock.now() / DAY) * DAY + DAY;
    rooms.clock.advance(day - rooms.clock.now());
    for (const [hour, minutes] of [
      [0, 0],
      [0, 40],
      [1, 0],
    ])
      await send(name, day + (hour ?? 0) * HOUR + (minutes ?? 0) * 60_000 - DAY, 1);
    const work = async (): Promise<void> => {
      await rooms.compaction.run();
      await Promise.all([rooms.rollups.run(), rooms.rollups.run(), rooms.rollups.run()]);
    };
    await work();
    expect(await stored(version)).toEqual(['day of 6', 'hour of 2', 'hour of 4']);
    await send(name, day, 1);
    await work();
    expect(await stored(version)).toEqual(['day of 6', 'hour of 2', 'hour of 4']);
    rooms.clock.advance(HOUR);
    await work();
    expect(await stored(version)).toEqual(['day of 6', 'hour of 2', 'hour of 2', 'hour of 4']);
  });

  it('that a late row outdates are gone with its compaction, and built again', async () => {
    const version = await prepare('again');
    const at = rooms.clock.now() - 2 * DAY;
    await send('again', at, 1);
    await rooms.compaction.run();
    await rooms.rollups.run();
    await send('again', at, 2);
    expect(await stored(version)).toEqual(['day of 2', 'hour of 2']);
    await rooms.compaction.run();
    expect(await stored(version)).toEqual([]);
    await rooms.rollups.run();
    expect(await stored(version)).toEqual(['day of 4', 'hour of 4']);
  });

  it('hold rows that are compacted while they are built, or are gone', async () => {
    const version = await prepare('race');
    const at = rooms.clock.now() - 2 * DAY;
    const asked = { from: at - DAY, to: at + DAY };
    for (let round = 0; round < ROUNDS; round += 1) {
      await send('race', at, round % 10);
      await rooms.compaction.run();
      await send('race', at, round % 10);
      const building = rooms.rollups.run();
      await new Promise((resolve) => setTimeout(resolve, round % 6));
      await Promise.all([building, rooms.compaction.run()]);
      expect(await sumsOf(version, asked, 1)).toEqual(await sumsOf(version, asked));
    }
  }, 60_000);

  it('stand for the windows of a range that is long enough, and only for those', async () => {
    const version = await prepare('pieces', '10m');
    const to = Math.floor(rooms.clock.now() / DAY) * DAY + 50 * 60_000;
    for (let minutes = 30 * 60; minutes > 0; minutes -= 10) await send('pieces', to - minutes * 60_000, 1);
    await rooms.compaction.run();
    await rooms.rollups.run();
    const pieces = async (hours: number) =>
      (await rooms.windows.profiles(version, { from: to - hours * HOUR, to }, { minPieces: 24 })).length;
    // 23 whole hours, 1 window before them and 5 behind them.
    expect(await pieces(24)).toBe(23 + 1 + 5);
    expect(await pieces(23)).toBe(23 * 6);
    expect(await rowsIn(version, { from: to - 24 * HOUR, to }, 24)).toBe(2 * 24 * 6);
  });

  it('see a row exactly once while it moves from delta to window to hour to day', async () => {
    const version = await prepare('moving');
    const begin = Math.floor(START / DAY) * DAY - 3 * DAY;
    for (let hour = 0; hour < 48; hour += 1) await send('moving', begin + hour * HOUR, hour % 9);
    const seen = new Set<number>();
    let isOver = false;
    const look = async (): Promise<void> => {
      while (!isOver) seen.add(await rowsIn(version, { from: begin, to: begin + 2 * DAY }, 1));
    };
    const looking = look();
    await rooms.compaction.run();
    await rooms.rollups.run();
    isOver = true;
    await looking;
    expect([...seen]).toEqual([96]);
    expect((await stored(version)).filter((each) => each.startsWith('day'))).toHaveLength(2);
  });

  it('are built of whole days only for windows of an hour and more, and of none for days', async () => {
    const versions = [await prepare('hourly', '1h'), await prepare('daily', '1d')];
    for (const name of ['hourly', 'daily']) await send(name, rooms.clock.now() - 3 * DAY, 1);
    await rooms.compaction.run();
    await rooms.rollups.run();
    expect(await Promise.all(versions.map(stored))).toEqual([['day of 2'], []]);
  });

  it('outlive their windows, for as long as they are kept', async () => {
    const version = await prepare('kept');
    const old = rooms.clock.now() - 20 * DAY;
    await send('kept', old, 1);
    await rooms.compaction.run();
    await rooms.rollups.run();
    await rooms.windows.dropBefore(old + 5 * DAY);
    const asked = { from: old - 2 * DAY, to: old + 2 * DAY };
    expect(await sumsOf(version, asked)).toEqual({});
    expect(await rowsIn(version, asked, 1)).toBe(2);
    await rooms.rollups.deleteBefore({ hour: old + DAY, day: 0 });
    expect(await stored(version)).toEqual(['day of 2']);
    await rooms.rollups.deleteBefore({ hour: old + DAY, day: old + DAY });
    expect(await stored(version)).toEqual([]);
  });
});
