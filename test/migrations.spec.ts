import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Database } from '#platform';
import { FirstSchema1795400000001 } from '../migrations/0001-first-schema.js';
import { MIGRATIONS } from '../migrations/index.js';
import { createTestPlace, type TestPlace } from './database.js';

const STARTS = ['2026-11-22T23:55:00.000Z', '2026-11-23T00:00:00.000Z', '2026-11-23T04:00:00.000Z'];

describe('the migrations, on a database with data', () => {
  let place: TestPlace;
  let database: Database;
  const openWith = async (migrations: readonly (new () => unknown)[]): Promise<void> => {
    database = await Database.open({ ...place, entities: [], migrations });
  };
  beforeAll(async () => {
    place = await createTestPlace();
    await openWith([FirstSchema1795400000001]);
    for (const start of STARTS) {
      await database.query(
        `insert into profile_window (version_id, segment, window_start, grid_hash, row_count, rejections, profile)
         values (1, 'all', $1, 'g', 7, '{"wrong-type": 1}', '\\x01')`,
        [start],
      );
    }
    await database.query(
      `insert into window_delta (version_id, segment, window_start, grid_hash, row_count, rejections, profile)
       values (1, 'all', $1, 'g', 3, '{}', '\\x02')`,
      [STARTS[2]],
    );
    await database.close();
    await openWith(MIGRATIONS);
  }, 60_000);
  afterAll(async () => {
    await database.close();
    await place.remove();
  });

  const windows = (): Promise<object[]> =>
    database.query(
      `select window_start, row_count, rejections, encode(profile, 'hex') as profile from profile_window order by window_start`,
    );
  const kept = STARTS.map((start) => ({
    window_start: new Date(start),
    row_count: '7',
    rejections: { 'wrong-type': 1 },
    profile: '01',
  }));

  it('move every window into the partition of its day, and take its rows for those that arrived', async () => {
    expect(await windows()).toEqual(kept);
    expect(
      await database.query(
        `select tableoid::regclass::text as name, sum(received_count)::int as received from profile_window group by 1 order by 1`,
      ),
    ).toEqual([
      { name: 'profile_window_20261122', received: 7 },
      { name: 'profile_window_20261123', received: 14 },
    ]);
  });

  it('can be undone to the first one and run again, without losing a window', async () => {
    for (let each = 1; each < MIGRATIONS.length; each += 1) await database.dataSource.undoLastMigration();
    expect(await windows()).toEqual(kept);
    expect(await database.query('select row_count from window_delta')).toEqual([{ row_count: '3' }]);
    await database.dataSource.runMigrations();
    expect(await windows()).toEqual(kept);
  });
});
