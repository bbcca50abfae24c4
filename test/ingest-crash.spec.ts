import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { seededRandom } from '../apps/demo/seeded-random.js';
import { Cable } from './cable.js';
import { LeewayProcess } from './leeway-process.js';
import { PostgresCluster } from './postgres-cluster.js';
import { describeWithServer } from './real-servers.js';
import { until } from './until.js';

const ROWS = 25;
const CLIENTS = 6;
const KILLS = 20;
const CUT_OFF_MS = 30_000;
/** What a client waits for an answer while the database is cut off, with a margin for a slow machine. */
const ANSWERED_WITHIN_MS = 14_000;

describeWithServer('initdb', 'rows that were acknowledged, whatever dies', () => {
  let cluster: PostgresCluster;
  let cable: Cable;
  let folder: string;
  let nodes: LeewayProcess[];
  let worker: LeewayProcess;
  let acknowledged = 0;
  let retries = 0;
  let sequence = 0;

  beforeAll(async () => {
    cluster = await PostgresCluster.start();
    cable = await Cable.to(cluster.port);
    folder = mkdtempSync(join(tmpdir(), 'leeway-crash-'));
    const url = `postgres://postgres@127.0.0.1:${cable.port}/postgres`;
    const node = (roles: string): Promise<LeewayProcess> =>
      LeewayProcess.of({ roles, folder, databaseUrl: url });
    nodes = [await node('ingest,api'), await node('ingest,api')];
    worker = await node('worker');
    for (const node of [...nodes, worker]) await node.start();
    await nodes[0]?.api('PUT', '/models/m', { name: 'm', grain: '1m', capture: { fraction: 0.1 } });
    await nodes[0]?.api('PUT', '/models/m/versions/v1', {
      name: 'v1',
      columns: [
        { name: 'x', role: 'feature', type: 'numeric' },
        { name: 'c', role: 'feature', type: 'categorical' },
      ],
    });
    const rows = Array.from({ length: 500 }, (_, i) => ({ x: i, c: i % 2 === 0 ? 'a' : 'b' }));
    await nodes[0]?.api('POST', '/models/m/versions/v1/baselines', { rows });
  }, 120_000);
  afterAll(async () => {
    for (const node of [...nodes, worker]) await node.stop();
    cable.close();
    await cluster.remove();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  /** Sends a payload to one node after the other until one says that it is counted. */
  async function deliver(payloadId: string, first: number): Promise<void> {
    const rows = Array.from({ length: ROWS }, (_, i) => ({ values: { x: i, c: 'a' } }));
    for (let attempt = 0; ; attempt += 1) {
      try {
        const node = nodes[(first + attempt) % nodes.length];
        await node?.api('POST', '/models/m/versions/v1/inferences', { payloadId, rows });
        acknowledged += ROWS;
        return;
      } catch (error) {
        const { status } = error as { status?: number };
        if (status !== undefined && status !== 429 && status !== 503) throw error;
        retries += 1;
        await sleep(100);
      }
    }
  }

  /** Clients that send until `isOver`; resolves when the last of them has its answer. */
  async function load(isOver: () => boolean): Promise<void> {
    await Promise.all(
      Array.from({ length: CLIENTS }, async (_, client) => {
        while (!isOver()) await deliver(`p-${(sequence += 1)}`, client);
      }),
    );
  }

  /** While the database is away a payload is answered with 503 and when to come back, and nothing waits in memory. */
  async function expectAway(): Promise<void> {
    const response = await fetch(`${nodes[0]?.url}/api/v1/models/m/versions/v1/inferences`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: LeewayProcess.authorization },
      body: JSON.stringify({ rows: [{ values: { x: 1, c: 'a' } }] }),
      signal: AbortSignal.timeout(ANSWERED_WITHIN_MS),
    });
    expect([response.status, Number(response.headers.get('retry-after'))]).toEqual([503, 2]);
    await response.body?.cancel();
  }

  async function counted(): Promise<number> {
    let total = 0;
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${cursor}`;
      const page = (await nodes[0]?.api('GET', `/models/m/versions/v1/windows?limit=1000${query}`)) as {
        items: { rowCount: number }[];
        nextCursor: string | null;
      };
      total += page.items.reduce((sum, { rowCount }) => sum + rowCount, 0);
      cursor = page.nextCursor;
    } while (cursor !== null);
    return total;
  }

  /** Runs `break_` in the middle of the load, and compares when everything runs again and every client has its answer. */
  async function under(break_: () => Promise<void>): Promise<void> {
    let isOver = false;
    const before = acknowledged;
    const clients = load(() => isOver);
    await break_();
    isOver = true;
    await clients;
    expect(acknowledged).toBeGreaterThan(before);
    expect(await counted()).toBe(acknowledged);
  }

  it(`are counted, exactly, after each of ${KILLS} kill -9 of an ingest node or the worker`, async () => {
    const random = seededRandom(20_261_123);
    for (let kill = 0; kill < KILLS; kill += 1) {
      const victim = [...nodes, worker][Math.floor(3 * random())] ?? worker;
      await under(async () => {
        await sleep(100 + 500 * random());
        await victim.kill();
        await sleep(100);
        await victim.start();
        await sleep(50);
      });
    }
    expect(retries).toBeGreaterThan(0);
  }, 300_000);

  it('are counted, exactly, when PostgreSQL crashes and comes back', async () => {
    for (let time = 0; time < 2; time += 1) {
      await under(async () => {
        await sleep(500);
        await cluster.crash();
        await sleep(500);
        await expectAway();
        await cluster.up();
        await sleep(2_000);
      });
    }
  }, 120_000);

  it('are counted, exactly, when the database is cut off for 30 s, without a restart of any node', async () => {
    await under(async () => {
      await sleep(500);
      cable.cut();
      // Those that were under way first: their answers must not wait until the cable is whole again.
      await Promise.all([expectAway(), expectAway(), sleep(ANSWERED_WITHIN_MS)]);
      await expectAway();
      await sleep(CUT_OFF_MS - ANSWERED_WITHIN_MS);
      cable.join();
      await sleep(3_000);
    });
  }, 180_000);

  it('are counted, exactly, when every connection is lost and nobody says so, and new ones work', async () => {
    for (let time = 0; time < 2; time += 1) {
      await under(async () => {
        await sleep(500);
        cable.lose();
        const before = acknowledged;
        await until(() => acknowledged > before, ANSWERED_WITHIN_MS * 3);
        await sleep(2_000);
      });
    }
  }, 180_000);
});
