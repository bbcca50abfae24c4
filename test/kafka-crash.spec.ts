import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { seededRandom } from '../apps/demo/seeded-random.js';
import { KafkaBroker, type SentMessage } from './kafka-broker.js';
import { LeewayProcess } from './leeway-process.js';
import { PostgresCluster } from './postgres-cluster.js';
import { describeWithServer } from './real-servers.js';
import { until } from './until.js';

const PARTITIONS = 6;
const KILLS = 5;
const SESSION_TIMEOUT_MS = 2_000;
/** One message in so many cannot be decoded. */
const POISON_EVERY = 7;
const ROWS = 5;
const CAUGHT_UP_TIMEOUT_MS = 60_000;

const rowsOfKafka = (): void => {
  let broker: KafkaBroker;
  let cluster: PostgresCluster;
  let client: pg.Client;
  let folder: string;
  let nodes: LeewayProcess[];
  let visitor: LeewayProcess;
  let worker: LeewayProcess;
  let sentMessages = 0;
  let sentRows = 0;
  let sentPoison = 0;

  beforeAll(async () => {
    cluster = await PostgresCluster.start();
    broker = await KafkaBroker.start();
    await broker.createTopic('payloads', PARTITIONS);
    folder = mkdtempSync(join(tmpdir(), 'leeway-kafka-crash-'));
    writeFileSync(join(folder, 'leeway.yaml'), configuration(broker));
    const node = (roles: string): Promise<LeewayProcess> =>
      LeewayProcess.of({ roles, folder, databaseUrl: cluster.url, logLevel: 'warn' });
    nodes = [await node('ingest,api'), await node('ingest,api')];
    visitor = await node('ingest');
    worker = await node('worker');
    await nodes[0]?.start();
    await nodes[0]?.api('PUT', '/models/m', { grain: '1m', capture: { fraction: 0.1 } });
    await nodes[0]?.api('PUT', '/models/m/versions/v1', {
      columns: [{ name: 'x', role: 'feature', type: 'numeric' }],
    });
    await nodes[1]?.start();
    await worker.start();
    client = new pg.Client({ connectionString: cluster.url });
    await client.connect();
  }, 180_000);
  afterAll(async () => {
    for (const node of [...nodes, visitor, worker]) await node.stop();
    await client.end();
    await broker.remove();
    await cluster.remove();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  /** What the database has, in one snapshot. */
  async function stored(): Promise<{ rows: number; deadLetters: number; next: number }> {
    const { rows } = await client.query<{ rows: string; letters: string; next: string }>(
      `select (select coalesce(sum(row_count), 0) from profile_window) + (select coalesce(sum(row_count), 0) from window_delta) as rows,
              (select count(*) from dead_letter) as letters, (select coalesce(sum(next_offset), 0) from source_offset) as next`,
    );
    const [row] = rows;
    return { rows: Number(row?.rows), deadLetters: Number(row?.letters), next: Number(row?.next) };
  }

  async function produce(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const messages = Array.from({ length: 60 }, (): SentMessage => {
        const index = (sentMessages += 1);
        const partition = index % PARTITIONS;
        if (index % POISON_EVERY === 0) {
          sentPoison += 1;
          return { value: `poison ${index}`, partition };
        }
        sentRows += ROWS;
        return { value: JSON.stringify(Array.from({ length: ROWS }, (_, x) => ({ x }))), partition };
      });
      await broker.send('payloads', messages);
      await sleep(20);
    }
  }

  /** Runs `break_` in the middle of the load, and compares when everything that was sent has been read. */
  async function under(break_: () => Promise<void>): Promise<void> {
    let isOver = false;
    const before = sentMessages;
    const load = produce(() => isOver);
    await break_();
    isOver = true;
    await load;
    expect(sentMessages).toBeGreaterThan(before);
    await until(
      async () => (await stored()).next >= sentMessages,
      CAUGHT_UP_TIMEOUT_MS,
      'the group has caught up, and it',
    );
    expect(await stored()).toEqual({ rows: sentRows, deadLetters: sentPoison, next: sentMessages });
  }

  it(`are counted or dead-lettered, exactly, after each of ${KILLS} kill -9 of one of two nodes`, async () => {
    const random = seededRandom(20_261_125);
    for (let kill = 0; kill < KILLS; kill += 1) {
      const victim = nodes[Math.floor(2 * random())];
      await under(async () => {
        await sleep(500 + 2_000 * random());
        await victim?.kill();
        await sleep(SESSION_TIMEOUT_MS * 2 * random());
        await victim?.start();
        await sleep(500);
      });
    }
  }, 300_000);

  it('are counted or dead-lettered, exactly, while a third node joins and leaves', async () => {
    await under(async () => {
      await sleep(1_000);
      await visitor.start();
      await until(
        async () => (await visitor.metric('leeway_ingest_kafka_messages_total')) > 0,
        30_000,
        'the visitor reads, and it',
      );
      await visitor.stop();
      await sleep(1_000);
    });
  }, 120_000);

  it('are counted or dead-lettered, exactly, when a node wakes up that was given up for dead', async () => {
    const [zombie, other] = nodes;
    await under(async () => {
      await until(
        async () => ((await zombie?.metric('leeway_ingest_kafka_assigned_partitions')) ?? 0) > 0,
        30_000,
      );
      process.kill(zombie?.pid ?? -1, 'SIGSTOP');
      await until(
        async () => (await other?.metric('leeway_ingest_kafka_assigned_partitions')) === PARTITIONS,
        30_000,
        'the other node reads all, and it',
      );
      await sleep(500);
      process.kill(zombie?.pid ?? -1, 'SIGCONT');
      await sleep(2_000);
    });
  }, 120_000);

  it('are counted or dead-lettered, exactly, when PostgreSQL crashes and comes back', async () => {
    client.on('error', () => undefined);
    await under(async () => {
      await sleep(500);
      await cluster.crash();
      await sleep(2_000);
      await cluster.up();
      client = new pg.Client({ connectionString: cluster.url });
      await client.connect();
      await sleep(1_000);
    });
  }, 120_000);
};

describeWithServer('kafka', 'rows of Kafka', () =>
  describeWithServer('initdb', 'whatever dies', rowsOfKafka),
);

function configuration(broker: KafkaBroker): string {
  return `
sources:
  - name: payloads
    kind: kafka
    brokers: ["${broker.address}"]
    topics: [payloads]
    groupId: leeway
    model: m
    version: v1
    sessionTimeout: ${SESSION_TIMEOUT_MS}ms
    lagInterval: 1s
`;
}
