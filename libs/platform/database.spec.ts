import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openTestDatabase, type TestDatabase } from '../../test/database.js';
import { ApiKeys } from './api-keys.js';
import { TestClock } from './clock.js';
import { DailyPartitions } from './daily-partitions.js';
import { lockFolder } from './folder-lock.js';

describe('on a database', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await openTestDatabase();
  }, 60_000);
  afterAll(() => test.close());

  it('rolls back what a failing transaction wrote', async () => {
    const attempt = test.database.transaction(async (tx) => {
      await tx.query(`insert into rule (name, spec) values ('half', '{}')`);
      throw new Error('stop');
    });
    await expect(attempt).rejects.toThrow('stop');
    expect(await test.database.query(`select 1 from rule where name = 'half'`)).toEqual([]);
  });

  it('serves transactions that are asked for at the same time', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `rule-${index}`);
    await Promise.all(
      names.map((name) =>
        test.database.transaction((tx) =>
          tx.query(`insert into rule (name, spec) values ($1, $2)`, [
            name,
            JSON.stringify({ filler: 'x'.repeat(20_000) }),
          ]),
        ),
      ),
    );
    const [row] = await test.database.query<{ count: string }>(
      `select count(*) as count from rule where name like 'rule-%'`,
    );
    expect(Number(row?.count)).toBe(20);
  });

  describe('API keys', () => {
    const clock = new TestClock(Date.UTC(2026, 0));

    it('knows a key that it created, with its scopes, and no other', async () => {
      const keys = new ApiKeys(test.database, clock);
      const { key, id } = await keys.create({ name: 'service', scopes: ['ingest'] });
      expect(await keys.authenticate(key)).toMatchObject({ id, name: 'service', scopes: ['ingest'] });
      expect(await keys.authenticate(`${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`)).toBeNull();
      expect(await keys.authenticate('lw_000000000000_' + 'a'.repeat(43))).toBeNull();
    });

    it('stores no secret', async () => {
      const { key } = await new ApiKeys(test.database, clock).create({ name: 'x', scopes: ['read'] });
      const rows = await test.database.query('select * from api_key');
      expect(JSON.stringify(rows)).not.toContain(key.slice('lw_000000000000_'.length));
    });

    it('generates the first admin key once, and takes one of any form from the environment', async () => {
      const keys = new ApiKeys(test.database, clock);
      const generated = await keys.ensureAdminKey(null);
      expect(generated).toMatch(/^lw_/);
      expect(await keys.ensureAdminKey(null)).toBeNull();
      await keys.ensureAdminKey('any text of some length will do');
      expect(await keys.authenticate('any text of some length will do')).toMatchObject({ scopes: ['admin'] });
    });

    it('forgets a removed key at once where it was removed', async () => {
      const keys = new ApiKeys(test.database, clock);
      const { key, id } = await keys.create({ name: 'gone', scopes: ['read'] });
      await keys.authenticate(key);
      await keys.remove(id);
      expect(await keys.authenticate(key)).toBeNull();
    });
  });

  it('makes daily partitions when they are needed and drops those that have aged out whole', async () => {
    const partitions = new DailyPartitions('signal_sample');
    const day = (number: number): number => Date.UTC(2026, 0, number, 12);
    await partitions.ensure(test.database, [day(1), day(2), day(3), day(3)]);
    await new DailyPartitions('signal_sample').ensure(test.database, [day(1)]);
    await test.database.query(
      'insert into signal_sample (signal_id, at, value) values (1, $1, 1), (1, $2, 2)',
      [new Date(day(1)), new Date(day(3))],
    );
    expect(await partitions.dropBefore(test.database, day(3))).toEqual([
      'signal_sample_20260101',
      'signal_sample_20260102',
    ]);
    expect(await test.database.query('select value from signal_sample')).toEqual([{ value: 2 }]);
  });

  it('makes a partition again that another process dropped', async () => {
    const [day, next] = [Date.UTC(2026, 1, 1), Date.UTC(2026, 1, 2)];
    const partitions = new DailyPartitions('captured_row');
    await partitions.ensure(test.database, [day, next]);
    await new DailyPartitions('captured_row').dropBefore(test.database, next);
    await partitions.ensure(test.database, [day]);
    expect(
      await test.database.query(`select to_regclass('captured_row_20260201') is not null as is_there`),
    ).toEqual([{ is_there: true }]);
  });
});

describe('lockFolder', () => {
  const script = `
    import { lockFolder } from './dist/libs/platform/folder-lock.js';
    lockFolder(process.argv[1]); process.stdout.write('locked'); setInterval(() => {}, 1000);`;

  it('refuses a second process with a message that says what to do, and is free again after kill -9', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'leeway-lock-'));
    const holder = spawn(process.execPath, ['--input-type=module', '-e', script, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    expect(() => lockFolder(folder)).toThrow(/in use by another Leeway process \(pid \d+\).*DATABASE_URL/s);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    lockFolder(folder).release();
    rmSync(folder, { recursive: true });
  });
});
