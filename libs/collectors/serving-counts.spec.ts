import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { OutboundMetrics } from '#platform';
import { Signals } from '#signals';
import { openTestDatabase, type TestDatabase } from '../../test/database.js';
import { closedPort, startLocalServer, type LocalServer } from '../../test/local-server.js';
import { CollectorMetrics } from './collector-metrics.js';
import { CollectorRunner, type RunningCollector } from './collector-runner.js';
import { collectorSchema } from './collector-schema.js';
import { createMetricsSource } from './create-metrics-source.js';
import { ServingCountsReader } from './serving-counts-reader.js';
import { StoredCounts } from './stored-counts.js';

const MINUTE = 60_000;
const START = Date.UTC(2026, 10, 23, 4);
const NEVER = new AbortController().signal;

describe('serving counts', () => {
  let test: TestDatabase;
  let page: LocalServer;
  let stored: StoredCounts;
  let now = START;
  /** What the page shows: requests by version and status, and calls of v1 by latency. */
  let counters: Record<string, number> = {};

  const registry = new Registry();
  const deps = {
    metrics: new OutboundMetrics(registry),
    now: () => now,
    collectorMetrics: new CollectorMetrics(registry),
    resolveSecret: () => '',
  };
  const log = { info: () => undefined, warn: () => undefined } as never;
  const running = (spec: object): RunningCollector => {
    const parsed = collectorSchema.parse({ model: 'm', ...spec });
    return {
      source: createMetricsSource(parsed, deps),
      model: 'm',
      version: parsed.version ?? null,
      intervalMs: 15_000,
    };
  };

  beforeAll(async () => {
    test = await openTestDatabase();
    stored = new StoredCounts(test.database);
    page = await startLocalServer((_, response) =>
      response.end(
        Object.entries(counters)
          .map(([series, value]) => `${series} ${value}\n`)
          .join(''),
      ),
    );
  }, 60_000);
  afterAll(async () => {
    await page.close();
    await test.close();
  });

  const requests = (version: string, status: string): string =>
    `r_total{version="${version}",status="${status}"}`;
  const bucket = (le: string): string => `d_seconds_bucket{version="v1",le="${le}"}`;
  const direct = (name: string, more: object = {}): RunningCollector =>
    running({
      ...{ name, kind: 'scrape', targets: [`${page.url}/metrics`], versionLabel: 'version' },
      ...{ latency: { metric: 'd_seconds' }, requests: { metric: 'r_total' }, ...more },
    });

  async function rounds(
    collector: RunningCollector,
    pages: readonly [second: number, Record<string, number>][],
  ): Promise<void> {
    const signals = new Signals(test.database);
    const runner = new CollectorRunner([collector], {
      ...{ database: test.database, signals, counts: stored },
      ...{ sightings: { noteVersions: () => Promise.resolve() }, clock: { now: () => now }, logger: log },
    });
    for (const [second, each] of pages) {
      now = START + second * 1_000;
      counters = each;
      await runner.runRound(collector);
    }
  }
  const steps = async (collectors: readonly RunningCollector[], versions: string[], minutes = 3) => {
    const range = { from: START, to: START + minutes * MINUTE, stepMs: MINUTE };
    const read = await new ServingCountsReader(collectors, stored).read('m', versions, range, NEVER);
    return Object.fromEntries(
      [...read].map(([version, each]) => [
        version,
        each.map(({ at, counts }) => [(at - START) / MINUTE, counts]),
      ]),
    );
  };

  it('of scraped pages are the growth of the counters, by version and step, resets taken out', async () => {
    const collector = direct('direct');
    await rounds(collector, [
      [0, { [requests('v1', '200')]: 100, [bucket('0.1')]: 50, [bucket('+Inf')]: 100 }],
      [
        30,
        {
          [requests('v1', '200')]: 110,
          [requests('v1', '503')]: 2,
          [bucket('0.1')]: 56,
          [bucket('+Inf')]: 112,
        },
      ],
      [
        60,
        {
          [requests('v1', '200')]: 120,
          [requests('v1', '503')]: 2,
          [bucket('0.1')]: 60,
          [bucket('+Inf')]: 122,
        },
      ],
      // The process starts again, and a canary appears.
      [
        90,
        {
          [requests('v1', '200')]: 7,
          [requests('v1', '404')]: 1,
          [requests('v2', '500')]: 3,
          [bucket('0.1')]: 8,
          [bucket('+Inf')]: 8,
        },
      ],
    ]);
    const bounds = (low: number, all: number) => [
      { le: 0.1, count: low },
      { le: Infinity, count: all },
    ];
    expect(await steps([collector], ['v1', 'v2', 'v3'])).toEqual({
      v1: [
        [0, { requests: 22, clientErrors: 0, serverErrors: 2, latency: bounds(10, 22) }],
        [1, { requests: 8, clientErrors: 1, serverErrors: 0, latency: bounds(8, 8) }],
      ],
      v2: [[1, { requests: 3, clientErrors: 0, serverErrors: 3, latency: null }]],
    });
  });

  it('are of the version that the configuration names, where no label tells', async () => {
    const collector = direct('fixed', { versionLabel: undefined, version: 'v9', latency: undefined });
    await rounds(collector, [
      [0, { 'r_total{status="200"}': 0 }],
      [60, { 'r_total{status="200"}': 5 }],
    ]);
    expect(await steps([collector], ['v9'])).toEqual({
      v9: [[0, { requests: 5, clientErrors: 0, serverErrors: 0, latency: null }]],
    });
    expect(await steps([direct('unknown', { versionLabel: undefined })], ['v9'])).toEqual({});
  });

  it('are taken from the first collector that knows a version, and never twice', async () => {
    const [one, other] = [direct('one', { latency: undefined }), direct('other', { latency: undefined })];
    for (const collector of [one, other])
      await rounds(collector, [
        [0, { [requests('v5', '200')]: 1 }],
        [60, { [requests('v5', '200')]: 3 }],
      ]);
    const away = running({
      ...{ name: 'away', kind: 'prometheus', url: `http://127.0.0.1:${await closedPort()}`, version: 'v5' },
      presets: [{ preset: 'fastapi', parameters: { job: 'x' } }],
    });
    expect(await steps([away, one, other], ['v5'])).toEqual({
      v5: [[0, { requests: 2, clientErrors: 0, serverErrors: 0, latency: null }]],
    });
    await expect(steps([away], ['v5'])).rejects.toThrow('ECONNREFUSED');
  });

  it('a round that is stored again changes nothing', async () => {
    const counts = { requests: 4, clientErrors: 0, serverErrors: 1, latency: null };
    for (let time = 0; time < 2; time += 1)
      await stored.write({ collector: 'again', model: 'm' }, START + 1, [{ version: 'v1', counts }]);
    const range = { from: START, to: START + MINUTE, stepMs: MINUTE };
    expect((await stored.read('again', ['v1'], range)).get('v1')).toEqual([{ at: START, counts }]);
  });
});
