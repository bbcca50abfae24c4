import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { PROJECT_ROOT } from '../apps/demo/project-root.js';
import { ChurnLeeway, KEY } from './examples/churn-leeway.js';
import { ChurnService, Traffic } from './examples/churn-service.js';
import { describeWithPython } from './real-servers.js';
import { until } from './until.js';

/** What the example's middleware says of itself. */
interface Stats {
  readonly calls: Readonly<Record<string, number>>;
  readonly waiting_calls: number;
  readonly taken_rows: number;
  readonly acknowledged_rows: number;
  readonly rejected_rows: number;
  readonly dropped_rows: Readonly<Record<string, number>>;
  readonly unconfirmed_rows: number;
  readonly queued_rows: number;
  readonly max_seen_queued_rows: number;
  readonly retries: number;
}
const QUEUE_ROWS = 300;

const droppedOf = ({ dropped_rows }: Stats): number =>
  Object.values(dropped_rows).reduce((sum, count) => sum + count, 0);

describeWithPython('the FastAPI example', (python) => {
  let leeway: ChurnLeeway;
  let service: ChurnService;
  const stats = (): Promise<Stats> => service.json<Stats>('GET', '/leeway-stats');

  beforeAll(async () => {
    leeway = await ChurnLeeway.start();
    await leeway.register();
  }, 120_000);
  beforeEach(async () => {
    service = await ChurnService.python(
      python,
      { folder: 'examples/fastapi' },
      {
        LEEWAY_URL: leeway.url,
        LEEWAY_KEY: KEY,
        LEEWAY_QUEUE_ROWS: String(QUEUE_ROWS),
        LEEWAY_TIMEOUT_SECONDS: '1',
      },
    );
  }, 60_000);
  afterEach(() => service.stop(), 60_000);
  afterAll(() => leeway.close(), 60_000);

  const settled = (): Promise<void> =>
    until(
      async () => {
        const { waiting_calls, queued_rows } = await stats();
        return waiting_calls === 0 && queued_rows === 0;
      },
      60_000,
      'everything sent or dropped',
    );

  it('sends what waits when the service ends', async () => {
    for (let i = 0; i < 20; i += 1) await service.json('POST', '/predict', { age: 30 + i, country: 'DE' });
    await service.stop();
    expect(await leeway.counts()).toMatchObject({ rowCount: 20 });
  }, 60_000);

  it('answers every request rightly while Leeway is killed, hangs and comes back, and accounts for every row', async () => {
    const countedBefore = (await leeway.counts()).rowCount;
    const traffic = new Traffic(service);
    await until(async () => (await stats()).acknowledged_rows > 200, 30_000, 'rows with Leeway');
    await leeway.turn('down');
    await until(async () => droppedOf(await stats()) > 100, 30_000, 'a full queue');
    await leeway.turn('hung');
    const before = traffic.calls;
    await sleep(2_500);
    expect(traffic.calls).toBeGreaterThan(before + 100);
    await leeway.turn('up');
    const { acknowledged_rows } = await stats();
    await until(
      async () => (await stats()).acknowledged_rows > acknowledged_rows + 200,
      60_000,
      'rows again',
    );
    await traffic.end();
    await settled();

    expect(traffic.wrong).toEqual([]);
    const end = await stats();
    expect(end.calls).toMatchObject({ read: traffic.calls, failed: 0, 'queue-full': 0 });
    expect(end.taken_rows).toBe(traffic.rows);
    expect(end.unconfirmed_rows).toBe(0);
    expect(end.acknowledged_rows + droppedOf(end)).toBe(traffic.rows);
    expect((await leeway.counts()).rowCount - countedBefore).toBe(end.acknowledged_rows);
    expect(end.dropped_rows['queue-full']).toBe(droppedOf(end));
    expect(end.max_seen_queued_rows).toBeLessThanOrEqual(QUEUE_ROWS);
    expect(end.retries).toBeGreaterThan(0);
    const metrics = await service.call('GET', '/leeway-metrics');
    expect(metrics.text).toContain(
      `leeway_client_rows_total{outcome="acknowledged"} ${end.acknowledged_rows}`,
    );
    expect(metrics.text).toContain(
      `leeway_client_rows_total{outcome="dropped-queue-full"} ${droppedOf(end)}`,
    );
  }, 180_000);

  it('ends in time when Leeway hangs, and says how many rows are lost', async () => {
    await leeway.turn('hung');
    for (let i = 0; i < 20; i += 1) await service.json('POST', '/predict', { age: 30 + i, country: 'DE' });
    await service.stop();
    expect(service.log).toMatch(/ends with 20 rows and 0 calls that were not sent/);
  }, 60_000);
});

describeWithPython('leeway_middleware.py', (python) => {
  it('keeps each of its promises', async () => {
    const script = join(PROJECT_ROOT, 'test/python/test_leeway_middleware.py');
    // What failed is in the message of the rejection.
    const { stderr } = await promisify(execFile)(python, ['-B', script]);
    expect(stderr).toMatch(/Ran \d+ tests[\s\S]*OK/);
  }, 120_000);
});
