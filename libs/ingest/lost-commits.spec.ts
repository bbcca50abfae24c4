import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { Database } from '#platform';
import { MIGRATIONS } from '../../migrations/index.js';
import { Cable } from '../../test/cable.js';
import { PostgresCluster } from '../../test/postgres-cluster.js';
import { describeWithServer } from '../../test/real-servers.js';
import { connectRooms, registerVersion, send } from '../../test/rooms.js';
import { until } from '../../test/until.js';

const PAYLOADS = 5;

describeWithServer('initdb', 'a commit whose answer is lost', () => {
  let cluster: PostgresCluster;
  let cable: Cable;
  let database: Database;
  let beside: pg.Client;
  beforeAll(async () => {
    cluster = await PostgresCluster.start();
    cable = await Cable.to(cluster.port);
    const databaseUrl = `postgres://postgres@127.0.0.1:${cable.port}/postgres`;
    database = await Database.open({ databaseUrl, dataDir: '', entities: [], migrations: MIGRATIONS });
    beside = new pg.Client({ connectionString: cluster.url });
    await beside.connect();
  }, 60_000);
  afterAll(async () => {
    await beside.end();
    await database.close();
    cable.close();
    await cluster.remove();
  });

  it('is not made again for payloads without an id, whose senders hear that the outcome is not known', async () => {
    const rooms = connectRooms(database);
    await registerVersion(rooms.models, 'm');
    const payload = { rows: [{ values: { x: 1, c: 'a' } }] };
    await send(rooms, 'm', 'v1', payload);
    await beside.query('begin');
    await beside.query('lock table window_delta in exclusive mode');
    // The first two commits hold one payload each; what comes while they wait makes the next group.
    const sent = Array.from({ length: PAYLOADS }, () => send(rooms, 'm', 'v1', payload));
    const outcomes = Promise.allSettled(sent);
    await until(async () => {
      const { rows } = await beside.query(`select 1 from pg_stat_activity where wait_event_type = 'Lock'`);
      return rows.length > 0;
    });
    cable.lose();
    await beside.query('rollback');
    const rejected = (await outcomes).map(
      (each) => (each.status === 'rejected' ? each.reason : null) as unknown,
    );
    for (const reason of rejected) expect(reason).toMatchObject({ code: 'database-unavailable' });
    const saidUnknown = rejected.filter((reason) => String(reason).includes('may be stored or not'));
    const { rows } = await beside.query<{ rows: string }>('select sum(row_count) as rows from window_delta');
    expect(saidUnknown.length).toBeGreaterThan(0);
    expect(Number(rows[0]?.rows)).toBe(1 + saidUnknown.length);
    expect(await send(rooms, 'm', 'v1', payload)).toMatchObject({ status: 'accepted' });
  }, 60_000);
});
