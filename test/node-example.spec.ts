import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { LeewayClient, type Options, type Stats } from '../examples/node/leeway-client.mjs';
import { ChurnLeeway, KEY } from './examples/churn-leeway.js';
import { ChurnService, Traffic } from './examples/churn-service.js';
import { answerJson, bodyOf, closedPort, startLocalServer, type LocalServer } from './local-server.js';
import { until } from './until.js';

const QUEUE_ROWS = 300;

const droppedOf = ({ droppedRows }: Stats): number =>
  Object.values(droppedRows).reduce((sum, count) => sum + count, 0);

describe('the Node example', () => {
  let leeway: ChurnLeeway;
  let service: ChurnService;
  const stats = async (): Promise<Stats> =>
    (await service.json<{ inferences: Stats }>('GET', '/leeway-stats')).inferences;

  beforeAll(async () => {
    leeway = await ChurnLeeway.start();
    await leeway.register();
  }, 120_000);
  beforeEach(async () => {
    service = await ChurnService.node('examples/node/server.mjs', {
      LEEWAY_URL: leeway.url,
      LEEWAY_KEY: KEY,
      LEEWAY_QUEUE_ROWS: String(QUEUE_ROWS),
      LEEWAY_TIMEOUT_SECONDS: '1',
    });
  }, 60_000);
  afterEach(() => service.stop(), 60_000);
  afterAll(() => leeway.close(), 60_000);

  it('sends what waits when the service ends', async () => {
    for (let i = 0; i < 20; i += 1) await service.json('POST', '/predict', { age: 30 + i, country: 'DE' });
    await service.stop();
    expect(await leeway.counts()).toMatchObject({ rowCount: 20 });
  }, 60_000);

  it('sends ground truth of what it predicted', async () => {
    const customer = { age: 30, country: 'DE' };
    const { inferenceId } = await service.json<{ inferenceId: string }>('POST', '/predict', customer);
    await service.json('POST', '/outcomes', [
      { id: inferenceId, value: true },
      { id: inferenceId, value: { churned: true } },
    ]);
    const truths = async (): Promise<Stats> =>
      (await service.json<{ groundTruth: Stats }>('GET', '/leeway-stats')).groundTruth;
    await until(async () => (await truths()).queuedRows === 0);
    expect(await truths()).toMatchObject({ acknowledgedRows: 2, rejectedRows: 1 });
  }, 60_000);

  it('answers every request rightly while Leeway is killed, hangs and comes back, and accounts for every row', async () => {
    const countedBefore = (await leeway.counts()).rowCount;
    const traffic = new Traffic(service, { clients: 2, pauseMs: 2 });
    await until(async () => (await stats()).acknowledgedRows > 200, 30_000, 'rows with Leeway');
    await leeway.turn('down');
    await until(async () => droppedOf(await stats()) > 100, 30_000, 'a full queue');
    await leeway.turn('hung');
    const before = traffic.calls;
    await sleep(2_500);
    expect(traffic.calls).toBeGreaterThan(before + 100);
    await leeway.turn('up');
    const { acknowledgedRows } = await stats();
    await until(async () => (await stats()).acknowledgedRows > acknowledgedRows + 200, 60_000, 'rows again');
    await traffic.end();
    await until(async () => (await stats()).queuedRows === 0, 60_000, 'everything sent or dropped');

    expect(traffic.wrong).toEqual([]);
    const end = await stats();
    expect(end.takenRows).toBe(traffic.rows);
    expect(end.unconfirmedRows).toBe(0);
    expect(end.acknowledgedRows + droppedOf(end)).toBe(traffic.rows);
    expect((await leeway.counts()).rowCount - countedBefore).toBe(end.acknowledgedRows);
    expect(end.droppedRows['queue-full']).toBe(droppedOf(end));
    expect(end.maxSeenQueuedRows).toBeLessThanOrEqual(QUEUE_ROWS);
    expect(end.retries).toBeGreaterThan(0);
  }, 180_000);

  it('ends in time when Leeway hangs, and says how many rows are lost', async () => {
    await leeway.turn('hung');
    for (let i = 0; i < 20; i += 1) await service.json('POST', '/predict', { age: 30 + i, country: 'DE' });
    await service.stop();
    expect(service.log).toMatch(/the service ends with/);
  }, 60_000);
});

interface Received {
  readonly path: string;
  readonly key: string;
  readonly rows: readonly Record<string, unknown>[];
}
type Answer = { readonly status: number; readonly body?: unknown; readonly retryAfter?: string } | 'hang-up';

describe('leeway-client.mjs', () => {
  let server: LocalServer;
  let answers: Answer[];
  let received: Received[];
  let warnings: string[];

  beforeEach(async () => {
    answers = [];
    received = [];
    warnings = [];
    server = await startLocalServer((request, response) => {
      void bodyOf(request).then((text) => {
        const { rows } = JSON.parse(text) as Pick<Received, 'rows'>;
        received.push({ path: request.url ?? '', key: String(request.headers['idempotency-key']), rows });
        const answer = answers.shift() ?? {
          status: 202,
          body: { receivedCount: rows.length, rejectedCount: 0 },
        };
        if (answer === 'hang-up') {
          response.destroy();
          return;
        }
        if (answer.retryAfter !== undefined) response.setHeader('retry-after', answer.retryAfter);
        answerJson(response, answer.status, answer.body ?? {});
      });
    });
  });
  afterEach(() => server.close());

  const clientOf = (options: Partial<Options> = {}): LeewayClient =>
    new LeewayClient({
      url: server.url,
      apiKey: 'lw_test',
      model: 'a model',
      version: 'v1',
      maxWaitMs: 10,
      warn: (message: string) => warnings.push(message),
      ...options,
    });
  const rows = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ inferenceId: `i-${index}`, values: { x: index } }));

  it('gathers rows into batches with a key each', async () => {
    const client = clientOf({ maxBatchRows: 10, maxWaitMs: 60_000 });
    client.add(rows(25));
    expect(await client.flush()).toBe(true);
    expect(received.map((each) => each.rows.length)).toEqual([10, 10, 5]);
    expect(received[0]?.path).toBe('/api/v1/models/a%20model/versions/v1/inferences');
    expect(new Set(received.map(({ key }) => key)).size).toBe(3);
    expect(client.stats).toMatchObject({
      takenRows: 25,
      acknowledgedRows: 25,
      queuedRows: 0,
      queuedBytes: 0,
    });
  });

  it('sends a lonely row after a short wait', async () => {
    const client = clientOf();
    client.add(rows(1));
    await until(() => client.stats.acknowledgedRows === 1);
  });

  it('sends the same batch again until it is answered, and waits as Retry-After says', async () => {
    answers = [{ status: 503 }, 'hang-up', { status: 500 }, { status: 202, body: [] }];
    const client = clientOf();
    client.add(rows(3));
    expect(await client.flush(20_000)).toBe(true);
    expect(received).toHaveLength(5);
    expect(new Set(received.map((each) => JSON.stringify(each))).size).toBe(1);
    expect(client.stats).toMatchObject({ acknowledgedRows: 3, retries: 4, unconfirmedRows: 0 });

    answers = [{ status: 429, retryAfter: '30' }];
    client.add(rows(1));
    expect(await client.flush(1_000)).toBe(false);
    expect(received).toHaveLength(6);
    // A client that is being closed does not wait for so long.
    await client.close();
    expect(client.stats).toMatchObject({ acknowledgedRows: 4, queuedRows: 0 });
  }, 30_000);

  it('drops what Leeway refuses for good, and counts what it rejects', async () => {
    answers = [
      { status: 404, body: { detail: 'no such model' } },
      {
        status: 202,
        body: { rejectedCount: 1, rejections: [{ reason: 'wrong-type', message: 'x is text' }] },
      },
    ];
    const client = clientOf({ maxBatchRows: 3 });
    client.add(rows(6));
    await client.flush();
    expect(client.stats).toMatchObject({ acknowledgedRows: 3, rejectedRows: 1, droppedRows: { refused: 3 } });
    expect(warnings.join('\n')).toMatch(/no such model[\s\S]*wrong-type: x is text/);
  });

  it('gives a batch up after a while, and tells apart what may have been counted', async () => {
    answers = Array.from({ length: 50 }, () => ({ status: 503 }));
    const client = clientOf({ giveUpMs: 500 });
    client.add(rows(2));
    expect(await client.flush()).toBe(true);
    expect(client.stats).toMatchObject({ droppedRows: { 'gave-up': 2 }, unconfirmedRows: 0 });
    answers = Array.from({ length: 50 }, () => 'hang-up' as const);
    client.add(rows(3));
    expect(await client.flush()).toBe(true);
    expect(client.stats).toMatchObject({ droppedRows: { 'gave-up': 2 }, unconfirmedRows: 3 });
  });

  it('holds its bounds, and the oldest rows give way', async () => {
    const client = clientOf({ maxQueuedRows: 10, maxWaitMs: 60_000 });
    client.add(rows(25));
    expect(client.stats).toMatchObject({ queuedRows: 10, droppedRows: { 'queue-full': 15 } });
    await client.flush();
    expect(received[0]?.rows.map(({ inferenceId }) => inferenceId)).toEqual(
      Array.from({ length: 10 }, (_, i) => `i-${15 + i}`),
    );
    const byBytes = clientOf({
      maxQueuedBytes: 10_000,
      maxBatchBytes: 5_000,
      maxWaitMs: 60_000,
      url: `http://127.0.0.1:${await closedPort()}`,
    });
    byBytes.add(Array.from({ length: 30 }, () => ({ values: { text: 'x'.repeat(1_000) } })));
    byBytes.add([{ values: { text: 'x'.repeat(6_000) } }]);
    expect(byBytes.stats.queuedBytes).toBeLessThanOrEqual(10_000);
    expect(byBytes.stats.droppedRows['row-too-large']).toBe(1);
    expect(byBytes.stats.takenRows).toBe(byBytes.stats.queuedRows + droppedOf(byBytes.stats));
    await byBytes.close(100);
    expect(byBytes.stats.takenRows).toBe(droppedOf(byBytes.stats) + byBytes.stats.unconfirmedRows);
  });

  it('never throws into its caller', async () => {
    const circle: Record<string, unknown> = {};
    circle['itself'] = circle;
    const thrower = {
      toString(): string {
        throw new Error('no');
      },
    };
    const client = clientOf({
      maxBatchRows: 1,
      warn: () => {
        throw new Error('the log is full');
      },
    });
    for (const bad of [
      null,
      undefined,
      7,
      [null],
      [{ values: circle }],
      [{ inferenceId: thrower, values: {} }],
      [
        {
          get values(): never {
            throw new Error('no');
          },
        },
      ],
    ])
      expect(() => client.add(bad as never)).not.toThrow();
    client.add([
      { inferenceId: 'a', values: { x: NaN, y: Infinity, z: 3n, big: 2n ** 70n, at: new Date(0) } },
    ]);
    await client.flush();
    expect(client.stats.droppedRows.unreadable).toBe(4);
    expect(received[0]?.rows[0]?.['values']).toEqual({
      x: null,
      y: null,
      z: 3,
      big: '1180591620717411303424',
      at: '1970-01-01T00:00:00.000Z',
    });
  });

  it('samples by the inference id', async () => {
    const client = clientOf({ sample: 0.25 });
    client.add(rows(2_000));
    client.add(rows(2_000));
    await client.flush();
    const ids = received.flatMap((each) => each.rows.map(({ inferenceId }) => inferenceId));
    expect(ids).toHaveLength(2 * new Set(ids).size);
    expect(ids.length).toBeGreaterThan(800);
    expect(ids.length).toBeLessThan(1_200);
    expect(client.stats.sampledOutRows + client.stats.acknowledgedRows).toBe(4_000);
  });

  it('sends ground truth to its own endpoint', async () => {
    const client = clientOf();
    client.addGroundTruth([{ id: 'i-1', value: 1, observedAt: new Date(0) }]);
    await client.flush();
    expect(received).toMatchObject([
      {
        path: '/api/v1/models/a%20model/ground-truth',
        rows: [{ id: 'i-1', value: 1, observedAt: '1970-01-01T00:00:00.000Z' }],
      },
    ]);
    expect(client.groundTruthStats.acknowledgedRows).toBe(1);
  });

  it.each([
    [{ url: 'ftp://x' }],
    [{ url: 'leeway' }],
    [{ sample: 2 }],
    [{ maxBatchRows: 10_001 }],
    [{ giveUpMs: 4e6 }],
    [{ maxQueuedRows: 0 }],
  ])('refuses options that cannot work: %j', (options) => {
    expect(() => clientOf(options)).toThrow();
  });
});
