import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { Cable } from '../../test/cable.js';
import { PostgresCluster } from '../../test/postgres-cluster.js';
import { describeWithServer } from '../../test/real-servers.js';
import { MIGRATIONS } from '../../migrations/index.js';
import { asLeewayError } from './database-errors.js';
import { Database } from './database.js';

const AWAY = { code: 'database-unavailable', retryAfterSeconds: 2 };

describe('errors of a database', () => {
  const systemError = (code: string, syscall?: string): Error =>
    Object.assign(new Error(`${syscall ?? ''} ${code}`), {
      code,
      ...(syscall === undefined ? {} : { syscall }),
    });
  const answer = (code: string): Error => Object.assign(new pg.DatabaseError('no', 2, 'error'), { code });

  it.each([
    systemError('ENOTFOUND', 'getaddrinfo'),
    systemError('EAI_AGAIN', 'getaddrinfo'),
    systemError('EHOSTUNREACH', 'connect'),
    systemError('ENETUNREACH', 'connect'),
    systemError('ECONNREFUSED', 'connect'),
    systemError('ENOENT', 'connect'),
    systemError('ECONNRESET', 'read'),
    systemError('EPIPE', 'write'),
    Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' }),
    new Error('Connection terminated unexpectedly'),
    new Error('Query read timeout'),
    ...['08006', '25006', '25P03', '53300', '57014', '57P01', '57P03'].map(answer),
  ])('say that it is away and when to come back: %s', (error) => {
    expect(asLeewayError(error, 'nothing-sent')).toMatchObject(AWAY);
  });

  it.each([
    systemError('ENOENT', 'open'),
    new TypeError('x is not a function'),
    answer('42P01'),
    answer('40P01'),
    answer('55P03'),
  ])('are left as they are where something else is wrong: %s', (error) => {
    expect(asLeewayError(error, 'sent')).toBe(error);
  });

  it.each([
    [new Error('Connection terminated unexpectedly'), 'nothing-sent', /nothing was stored/],
    [new Error('Connection terminated unexpectedly'), 'not-committed', /nothing was stored/],
    [new Error('Connection terminated unexpectedly'), 'sent', /may be stored or not/],
    [answer('57P01'), 'sent', /may be stored or not/],
    [answer('25006'), 'sent', /nothing was stored/],
    [answer('57014'), 'sent', /nothing was stored/],
  ] as const)('say what is known of the outcome: %s, %s', (error, progress, message) => {
    expect((asLeewayError(error, progress) as Error).message).toMatch(message);
  });
});

describeWithServer('initdb', 'a database that does not answer', () => {
  let cluster: PostgresCluster;
  let cable: Cable;
  let database: Database;
  beforeAll(async () => {
    cluster = await PostgresCluster.start();
    cable = await Cable.to(cluster.port);
    const databaseUrl = `postgres://postgres@127.0.0.1:${cable.port}/postgres`;
    database = await Database.open({ databaseUrl, dataDir: '', entities: [], migrations: MIGRATIONS });
  }, 60_000);
  afterAll(async () => {
    await database.close();
    cable.close();
    await cluster.remove();
  });
  /** Opens as many connections as are lent at once. */
  const connections = (count: number): Promise<unknown> =>
    Promise.all(Array.from({ length: count }, () => database.query('select pg_sleep(0.05)')));
  beforeEach(() => connections(4));

  it('is away to what is under way when it is cut off, and there again afterwards', async () => {
    const underWay = database.query('select pg_sleep(1)');
    const inTransaction = database.transaction((tx) => tx.query('select pg_sleep(1)'));
    cable.cut();
    const next = database.query('select 1');
    await expect(underWay).rejects.toMatchObject({
      ...AWAY,
      message: expect.stringContaining('or not') as unknown,
    });
    await expect(inTransaction).rejects.toMatchObject({
      ...AWAY,
      message: expect.stringContaining('nothing was stored') as unknown,
    });
    await expect(next).rejects.toMatchObject(AWAY);
    await expect(database.query('select 1')).rejects.toMatchObject(AWAY);
    cable.join();
    expect(await database.query('select 1 as one')).toEqual([{ one: 1 }]);
  }, 40_000);

  it('is asked on new connections when those that it has were lost and nobody said so', async () => {
    cable.lose();
    const first = await Promise.allSettled(Array.from({ length: 4 }, () => database.query('select 1')));
    for (const each of first) expect(each).toMatchObject({ status: 'rejected', reason: AWAY });
    await connections(4);
  }, 40_000);

  it('may take its time where it works: that is not silence', async () => {
    expect(await database.query('select 1 as one from pg_sleep(9)')).toEqual([{ one: 1 }]);
  }, 40_000);

  it('took too long where it ended a statement itself', async () => {
    const attempt = database.transaction(async (tx) => {
      await tx.query('set local statement_timeout = 50');
      await tx.query('select pg_sleep(5)');
    });
    await expect(attempt).rejects.toMatchObject(AWAY);
  });

  it('takes back the locks of a process that stands still in a transaction', async () => {
    const [locked, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const standing = database.transaction(async (tx) => {
      await tx.query('lock table payload_key_turn in exclusive mode');
      locked.resolve();
      await gate.promise;
      await tx.query('select 1');
    });
    await locked.promise;
    const outcome = expect(standing).rejects.toMatchObject(AWAY);
    await database.query('update payload_key_turn set turn = turn');
    gate.resolve();
    await outcome;
  }, 40_000);
});
