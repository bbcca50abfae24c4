import { afterEach, describe, expect, it } from '@jest/globals';
import { LeewayApi } from '../api-client.js';
import type { RetrainingRequested, RunReport } from '../api-types.js';
import { serveJson, type JsonRequest, type RunningServer } from '../json-server.js';
import { ModelServerClient } from '../model-server-client.js';
import type { Release } from '../model-server/prediction-service.js';
import { retrain } from './retrain.js';

const PARAMETERS = {
  intercept: -1,
  perThousandMiles: 0,
  perThousandLongHaulMiles: 0,
  byHour: Array.from({ length: 24 }, () => 0),
  byOrigin: {},
};
const LIVE: Release = {
  version: 'v1',
  revision: 'flight-delay:1.0.0',
  parameters: PARAMETERS,
  lookupMs: 200,
};

let server: RunningServer | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

/** Leeway and a model server in one, as far as the consumer talks to them. */
async function world(capturedCount: number, versionNames: readonly string[] = ['v1']) {
  const seen = { reports: [] as RunReport[], baseline: '', deployments: [] as object[], released: LIVE };
  const captured = Array.from({ length: capturedCount }, (_, row) => ({
    inferenceId: `flight-${row}-1`,
    timestamp: '',
    values: { distance: 2_000, origin: 'LAX', hour: 9, delay_risk: 0.27 },
  }));
  const record =
    <T>(list: T[]) =>
    ({ body }: JsonRequest) => {
      list.push(JSON.parse(body) as T);
      return { status: 201, body: {} };
    };
  server = await serveJson(
    {
      'PATCH /api/v1/retraining-runs/12': record(seen.reports),
      'GET /api/v1/models/flight-delay/versions/v1/captured-rows': () => ({
        status: 200,
        body: { items: captured, nextCursor: null },
      }),
      'GET /api/v1/models/flight-delay/versions': () => ({
        status: 200,
        body: { items: versionNames.map((name) => ({ name })), nextCursor: null },
      }),
      'POST /api/v1/models/flight-delay/versions': () => ({ status: 201, body: {} }),
      'POST /api/v1/models/flight-delay/versions/v2/baselines': ({ body }) => {
        seen.baseline = body;
        return { status: 201, body: {} };
      },
      'POST /api/v1/models/flight-delay/deployments': record(seen.deployments),
      'GET /admin/release': () => ({ status: 200, body: seen.released }),
      'POST /admin/deploy': ({ body }) => {
        seen.released = JSON.parse(body) as Release;
        return { status: 200, body: seen.released };
      },
    },
    0,
  );
  const { url } = server;
  const message = {
    type: 'retraining.requested',
    data: {
      runId: '12',
      model: 'flight-delay',
      version: 'v1',
      capturedRows: {
        from: '',
        to: null,
        url: `${url}/api/v1/models/flight-delay/versions/v1/captured-rows?from=2026-11-23T04%3A00%3A00Z`,
      },
    },
  } as unknown as RetrainingRequested;
  const run = (): Promise<void> =>
    retrain(message, {
      leeway: new LeewayApi(url, 'lw_test'),
      modelServer: new ModelServerClient(url),
      delayOf: (row) => (row % 2 === 0 ? 60 : 0),
    });
  return { seen, run };
}

describe('retraining', () => {
  it('registers the next version with its baseline and its deployment, and reports it', async () => {
    const { seen, run } = await world(1_000);
    await run();
    expect(seen.reports.map(({ status, newVersion }) => [status, newVersion])).toEqual([
      ['running', undefined],
      ['succeeded', 'v2'],
    ]);
    expect(seen.released).toMatchObject({ version: 'v2', revision: 'flight-delay:2.0.0', lookupMs: 200 });
    expect(seen.deployments).toEqual([
      expect.objectContaining({ version: 'v2', revision: 'flight-delay:2.0.0' }),
    ]);
    const rows = seen.baseline
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, number>);
    expect(rows).toHaveLength(1_000);
    expect(rows[0]).toMatchObject({ distance: 2_000, origin: 'LAX', hour: 9, delay: 60 });
  });

  it('learns from the outcomes: half of these flights were late', async () => {
    const { seen, run } = await world(2_000);
    await run();
    const risk = Number(
      (JSON.parse(seen.baseline.split('\n')[0] ?? '{}') as Record<string, number>)['delay_risk'],
    );
    expect(risk).toBeGreaterThan(0.4);
    expect(risk).toBeLessThan(0.6);
  });

  it('reports a failure when too few rows have an outcome, and leaves the live version alone', async () => {
    const { seen, run } = await world(10);
    await run();
    expect(seen.reports.at(-1)).toMatchObject({
      status: 'failed',
      message: expect.stringContaining('10 captured rows'),
    });
    expect(seen.released).toBe(LIVE);
  });
});
