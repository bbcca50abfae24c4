import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { PostgresCluster } from '../../test/postgres-cluster.js';
import { describeWithServer } from '../../test/real-servers.js';
import { MIGRATIONS } from '../../migrations/index.js';
import { DailyPartitions } from './daily-partitions.js';
import { Database } from './database.js';

const TABLES = ['captured_row', 'profile_window', 'signal_sample'];
const day = (number: number): number => Date.UTC(2026, 0, number, 12);

describeWithServer('initdb', 'daily partitions, while something reads the table for long', () => {
  let cluster: PostgresCluster;
  let database: Database;
  beforeAll(async () => {
    cluster = await PostgresCluster.start();
    database = await Database.open({
      databaseUrl: cluster.url,
      dataDir: '',
      entities: [],
      migrations: MIGRATIONS,
    });
  }, 60_000);
  afterAll(async () => {
    await database.close();
    await cluster.remove();
  });

  /** As a dump does: it has read every table, and has not ended. */
  const whileRead = (work: () => Promise<void>): Promise<void> =>
    database.transaction(async (tx) => {
      for (const table of TABLES) await tx.query(`select count(*) from ${table}`);
      await work();
    });

  it.each(TABLES)('are made of %s, with its keys and indexes', async (table) => {
    const partitions = new DailyPartitions(table);
    await whileRead(() => partitions.ensure(database, [day(1), day(2)]));
    const shape = await database.query(
      `select (select count(*)::int from pg_index where indrelid = t.oid) as indexes,
              (select count(*)::int from pg_inherits join pg_index on indexrelid = inhrelid where indrelid = t.oid) as attached,
              (select count(*)::int from pg_attribute where attrelid = t.oid and attnotnull) as required
         from unnest(array['${table}', '${table}_20260101', '${table}_20260102']::regclass[]) as t (oid)`,
    );
    const [whole] = shape as { indexes: number; required: number }[];
    const part = { indexes: whole?.indexes, attached: whole?.indexes, required: whole?.required };
    expect(shape.slice(1)).toEqual([part, part]);
  });

  it('hold up nobody for long when they are to be dropped, and are dropped later', async () => {
    const partitions = new DailyPartitions('signal_sample');
    await whileRead(async () => {
      const dropped = partitions.dropBefore(database, day(2));
      await database.query('insert into signal_sample (signal_id, at, value) values (1, $1, 1)', [
        new Date(day(2)),
      ]);
      expect(await dropped).toEqual([]);
    });
    expect(await partitions.dropBefore(database, day(2))).toEqual(['signal_sample_20260101']);
  });

  it('are made by several processes at once', async () => {
    for (let each = 3; each < 13; each += 1)
      await Promise.all(
        Array.from({ length: 4 }, () => new DailyPartitions('captured_row').ensure(database, [day(each)])),
      );
  });
});
