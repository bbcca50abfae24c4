import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { Database } from '#platform';
import { MIGRATIONS } from '../migrations/index.js';

export interface TestDatabase {
  readonly database: Database;
  close(): Promise<void>;
}

/** An empty, migrated database: on the server of DATABASE_URL when it is set, else the embedded one in a fresh folder. */
export async function openTestDatabase(): Promise<TestDatabase> {
  const place = await createTestPlace();
  const database = await Database.open({ ...place, entities: [], migrations: MIGRATIONS });
  return {
    database,
    async close() {
      await database.close();
      await place.remove();
    },
  };
}

export interface TestPlace {
  readonly databaseUrl: string | null;
  readonly dataDir: string;
  remove(): Promise<void>;
}

/** Where a test's server may keep its data: a database of its own on a real server, or a fresh folder. */
export async function createTestPlace(): Promise<TestPlace> {
  const serverUrl = process.env['DATABASE_URL'];
  const dataDir = mkdtempSync(join(tmpdir(), 'leeway-test-'));
  const removeFolder = (): void => rmSync(dataDir, { recursive: true, force: true });
  if (serverUrl === undefined || serverUrl === '')
    return { databaseUrl: null, dataDir, remove: () => Promise.resolve(removeFolder()) };
  const name = `leeway_test_${randomBytes(6).toString('hex')}`;
  await administer(serverUrl, `create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return {
    databaseUrl: url.toString(),
    dataDir,
    async remove() {
      removeFolder();
      await administer(serverUrl, `drop database ${name} with (force)`);
    },
  };
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
