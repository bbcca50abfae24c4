import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openTestDatabase, type TestDatabase } from '../../test/database.js';
import { PostgresCluster } from '../../test/postgres-cluster.js';
import { describeWithServer } from '../../test/real-servers.js';
import { connectIngest, connectRooms, evenRows, registerVersion, send } from '../../test/rooms.js';
import { Database } from '#platform';
import { MIGRATIONS } from '../../migrations/index.js';
import { KEY_TTL_SECONDS, KeyRotation, lockTurn, MAX_WAIT_MS, rememberKeys } from './payload-keys.js';

const [ROUNDS, PAYLOADS] = [40, 24];

/** As if the current turn had begun a turn ago. */
async function endTurn(database: Database): Promise<void> {
  await database.query(
    `update payload_key_turn set started_at = clock_timestamp() - make_interval(secs => $1)`,
    [KEY_TTL_SECONDS],
  );
}

function remember(database: Database, key: string): Promise<boolean> {
  return database.transaction(async (tx) => (await rememberKeys(tx, await lockTurn(tx), [key])).has(key));
}

/** The turn, as everybody sees it. */
async function turnOf(database: Database): Promise<number> {
  const [row] = await database.query<{ turn: string }>('select turn from payload_key_turn');
  return Number(row?.turn);
}

describe('the keys of payloads', () => {
  let test: TestDatabase;
  let rotation: KeyRotation;
  beforeAll(async () => {
    test = await openTestDatabase();
    rotation = new KeyRotation(test.database);
  }, 60_000);
  afterAll(() => test.close());

  it('are remembered over a change of turns, and forgotten after two', async () => {
    expect(await remember(test.database, 'k')).toBe(true);
    for (let change = 0; change < 3; change += 1) {
      expect(await remember(test.database, `k${change}`)).toBe(true);
      await endTurn(test.database);
      await rotation.run();
      expect(await remember(test.database, `k${change}`)).toBe(false);
    }
    expect(await remember(test.database, 'k')).toBe(true);
  });

  it('take no turn before the last one has had its time, however long nobody looked', async () => {
    const before = await turnOf(test.database);
    await rotation.run();
    expect(await turnOf(test.database)).toBe(before);
    await test.database.query(`update payload_key_turn set started_at = started_at - interval '5 hours'`);
    expect(await remember(test.database, 'just now')).toBe(true);
    await Promise.all([rotation.run(), rotation.run()]);
    await rotation.run();
    expect(await turnOf(test.database)).toBe(before + 1);
    expect(await remember(test.database, 'just now')).toBe(false);
  });

  it('refuse a payload that waited so long that it may have been counted elsewhere and forgotten', async () => {
    const rooms = connectRooms(test.database);
    await registerVersion(rooms.models, 'waited');
    const context = await rooms.ingest.contextOf('waited', 'v1');
    const decoded = (payloadId: string) =>
      rooms.ingest.decodeMessage(
        {
          kind: 'payload',
          message: { body: { format: 'json', value: { payloadId, rows: [{ values: evenRows(1)[0] }] } } },
        },
        context,
        { id: payloadId, at: rooms.clock.now() },
      ).payloads[0]!.pending;
    const [overdue, keyless] = [decoded('overdue'), { ...decoded('keyless'), key: null }];
    rooms.clock.advance(MAX_WAIT_MS + 1);
    const outcomes = await Promise.allSettled(
      [overdue, keyless, decoded('in-time')].map((payload) => rooms.committer.commit(payload)),
    );
    expect(outcomes).toEqual([
      expect.objectContaining({ reason: expect.objectContaining({ code: 'ingest-overloaded' }) as object }),
      { status: 'fulfilled', value: 'accepted' },
      { status: 'fulfilled', value: 'accepted' },
    ]);
    const { items } = await rooms.windows.list('waited', 'v1', { limit: 10 });
    expect(items.reduce((sum, { rowCount }) => sum + rowCount, 0)).toBe(2);
  });
});

describeWithServer('initdb', 'the keys of payloads, on a server', () => {
  let cluster: PostgresCluster;
  let database: Database;
  let rotation: KeyRotation;
  beforeAll(async () => {
    cluster = await PostgresCluster.start();
    database = await Database.open({
      databaseUrl: cluster.url,
      dataDir: '',
      entities: [],
      migrations: MIGRATIONS,
    });
    rotation = new KeyRotation(database);
  }, 60_000);
  afterAll(async () => {
    await database.close();
    await cluster.remove();
  });

  it('do not change turns while a commit is under way, whose keys are then known', async () => {
    const before = await turnOf(database);
    await endTurn(database);
    await database.transaction(async (tx) => {
      await rememberKeys(tx, await lockTurn(tx), ['under way']);
      await rotation.run();
      expect(await turnOf(database)).toBe(before);
    });
    await rotation.run();
    expect(await turnOf(database)).toBe(before + 1);
    expect(await remember(database, 'under way')).toBe(false);
  });

  it('stay in their turn while something reads the table that is to be emptied', async () => {
    const before = await turnOf(database);
    await endTurn(database);
    await database.transaction(async (tx) => {
      for (const table of [0, 1, 2]) await tx.query(`select count(*) from payload_key_${table}`);
      await rotation.run();
      expect(await remember(database, 'during a dump')).toBe(true);
    });
    expect(await turnOf(database)).toBe(before);
    await rotation.run();
    expect(await turnOf(database)).toBe(before + 1);
  });

  it('count each payload once while turns change all the time, and nobody waits for each other in a circle', async () => {
    const nodes = [connectRooms(database), connectRooms(database)];
    await registerVersion(nodes[0]!.models, 'turning');
    const ingests = nodes.map((node) => connectIngest(database, node).ingest);
    const before = await turnOf(database);
    let accepted = 0;
    // One change in each round: a payload and its repetition are never more than a turn apart.
    for (let round = 0; round < ROUNDS; round += 1) {
      await endTurn(database);
      const change = rotation.run();
      const receipts = await Promise.all(
        Array.from({ length: PAYLOADS }, (_, each) => {
          const payload = { payloadId: `p-${round}-${each}`, rows: [{ values: { x: 1, c: 'a' } }] };
          return ingests.map((ingest) => send({ ingest }, 'turning', 'v1', payload));
        }).flat(),
      );
      accepted += receipts.filter(({ status }) => status === 'accepted').length;
      expect(await remember(database, `in steps ${round}`)).toBe(true);
      await change;
    }
    expect(await turnOf(database)).toBe(before + ROUNDS);
    expect(accepted).toBe(ROUNDS * PAYLOADS);
    const [counted] = await database.query<{ rows: string }>(
      'select sum(row_count) as rows from window_delta',
    );
    expect(Number(counted?.rows)).toBe(ROUNDS * PAYLOADS);
    const [state] = await database.query<{ deadlocks: string }>(
      'select deadlocks from pg_stat_database where datname = current_database()',
    );
    expect(Number(state?.deadlocks)).toBe(0);
  }, 60_000);
});
