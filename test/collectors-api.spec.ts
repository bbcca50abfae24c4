import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { collectorSchema } from '#collectors';
import { configSchema } from '../apps/server/config.js';
import { answerJson, bodyOf, closedPort, startLocalServer, type LocalServer } from './local-server.js';
import { startTestServer, type TestServer } from './test-server.js';
import { until } from './until.js';

/** What the Prometheus of this test knows: whose series it counts, by the metric in the query. */
const KNOWN: Readonly<Record<string, Record<string, string>[]>> = {
  'vllm:num_requests_running': [{ model_name: 'meta/llama 3' }],
  istio_requests_total: [
    { destination_service_name: 'churn', destination_service_namespace: 'prod' },
    { destination_service_name: 'churn-canary', destination_service_namespace: 'prod' },
    { destination_service_name: 'cart', destination_service_namespace: 'prod' },
  ],
  node_memory_MemTotal_bytes: [{ instance: 'n1:9100' }],
};

describe('collectors over the API', () => {
  let prometheus: LocalServer;
  let server: TestServer;
  const tokens: (string | undefined)[] = [];

  beforeAll(async () => {
    prometheus = await startLocalServer((request, response) => {
      tokens.push(request.headers.authorization);
      void bodyOf(request).then((body) => {
        const query = new URLSearchParams(body).get('query') ?? '';
        if (request.url?.endsWith('/query_range') === true) {
          const [start, end, step] = ['start', 'end', 'step'].map((key) =>
            Number(new URLSearchParams(body).get(key)),
          );
          const values = [];
          for (let at = start ?? 0; at <= (end ?? 0); at += step ?? 1) values.push([at, '3']);
          const result = query === 'one' ? [{ metric: {}, values }] : [];
          answerJson(response, 200, { status: 'success', data: { resultType: 'matrix', result } });
          return;
        }
        const found = Object.entries(KNOWN).find(([metric]) => query.includes(`(${metric})`))?.[1] ?? [];
        const result = (query === 'one' ? [{}] : found).map((metric) => ({ metric, value: [1, '3'] }));
        answerJson(response, 200, { status: 'success', data: { resultType: 'vector', result } });
      });
    });
    server = await startTestServer(
      configSchema.parse({
        collectors: [
          {
            ...{ name: 'prom', model: 'churn', kind: 'prometheus', interval: '1s', rateWindow: '1m' },
            url: prometheus.url.replace('//', '//user:secret@'),
            presets: [{ preset: 'kserve', lines: { throughput_rps: null } }],
            queries: [{ signal: 'one', unit: 'ones', query: 'one' }],
          },
          {
            ...{ name: 'direct', model: 'churn', kind: 'scrape', interval: '1s' },
            targets: [`http://127.0.0.1:${await closedPort()}/metrics`],
            presets: [{ preset: 'kubernetes', parameters: { workload: 'c' } }],
          },
        ],
      }),
    );
  }, 60_000);
  afterAll(async () => {
    await server.close();
    await prometheus.close();
  });

  it('are listed with what they read, and without secrets', async () => {
    const collectors = async () =>
      (await server.api('GET', '/collectors')).body['items'] as Record<string, unknown>[];
    await until(async () => (await collectors())[0]?.['lastSampleAt'] !== null, 20_000, 'a first sample');
    const [prom, direct] = await collectors();
    expect(prom).toMatchObject({
      ...{ name: 'prom', kind: 'prometheus', model: 'churn', interval: '1s', from: [`${prometheus.url}/`] },
    });
    expect(prom?.['signals']).toContainEqual({
      ...{ signal: 'predict_latency_p99_seconds', unit: 'seconds' },
      query:
        'histogram_quantile(0.99, sum by (le) (rate(request_predict_seconds_bucket{model_name="churn"}[60s])))',
    });
    expect(prom?.['signals']).toContainEqual({ signal: 'one', unit: 'ones', query: 'one' });
    expect(direct).toMatchObject({ kind: 'scrape', lastSampleAt: null });
    expect(direct?.['signals']).toContainEqual({ signal: 'oom_kills', unit: 'restarts', query: null });
    expect(JSON.stringify([prom, direct])).not.toContain('secret');
  }, 30_000);

  it('say beside each signal why it has no value', async () => {
    await until(
      async () => {
        const { body } = await server.api('GET', '/signals/problems');
        const sources = (body['items'] as { source: string }[]).map(({ source }) => source);
        return new Set(sources).size === 2;
      },
      20_000,
      'problems of both collectors',
    );
    const { body } = await server.api('GET', '/signals/problems?model=churn');
    expect(body['items']).toContainEqual(
      expect.objectContaining({
        source: 'collector:prom',
        name: 'predict_latency_p99_seconds',
        detail: 'no data',
      }),
    );
    expect(body['items']).toContainEqual(
      expect.objectContaining({
        ...{ source: 'collector:direct', name: null },
        detail: expect.stringMatching(/network: ECONNREFUSED$/),
      }),
    );
  }, 40_000);

  it('tell of the past what the server remembers, not what Leeway stores', async () => {
    const query = new URLSearchParams({
      ...{ name: 'one', source: 'collector:prom', step: '1m' },
      ...{ from: '2026-11-20T10:00:00Z', to: '2026-11-20T10:02:00Z' },
    });
    const { status, body } = await server.api('GET', `/signals/query?${query.toString()}`);
    expect([status, body]).toEqual([
      200,
      {
        series: [
          {
            ...{ name: 'one', unit: 'ones', source: 'collector:prom' },
            labels: { collector: 'prom', model: 'churn' },
            samples: [
              ['2026-11-20T10:00:00.000Z', 3],
              ['2026-11-20T10:01:00.000Z', 3],
              ['2026-11-20T10:02:00.000Z', 3],
            ],
          },
        ],
        problems: [],
      },
    ]);
  });

  it('are shown on /metrics with what they read', async () => {
    const page = await (await fetch(`${server.url}/metrics`)).text();
    expect(page).toMatch(/^leeway_signal\{collector="prom",model="churn",signal="one"\} 3$/m);
    expect(page).toContain('leeway_signals_not_shown 0');
  });

  it('are proposed for what a Prometheus has, each as an entry that can be pasted', async () => {
    const { status, body } = await server.api('POST', '/collectors:detect', {
      ...{ url: prometheus.url, bearerToken: 'the-token' },
    });
    expect(status).toBe(200);
    const proposals = body['proposals'] as { preset: string; parameters: object; collector: object }[];
    expect(
      proposals.map(({ preset, collector }) => [preset, collectorSchema.parse(collector)]),
    ).toMatchObject([
      ['istio', { name: 'churn-istio', model: 'churn' }],
      ['istio', { name: 'churn-canary-istio', model: 'churn-canary' }],
      ['istio', { name: 'cart-istio', model: 'cart' }],
      [
        'vllm',
        {
          name: 'meta-llama-3-vllm',
          model: 'meta-llama-3',
          presets: [{ parameters: { model: 'meta/llama 3' } }],
        },
      ],
      ['node', { name: 'unnamed-model-node', presets: [{ parameters: { instance: 'n1:9100' } }] }],
    ]);
    expect(body['problems']).toEqual([]);
    expect(tokens).toContain('Bearer the-token');
  });

  it('only for the model that was asked for, with the machines that it may run on', async () => {
    const { body } = await server.api('POST', '/collectors:detect', { url: prometheus.url, model: 'churn' });
    const proposals = body['proposals'] as { preset: string; collector: { model: string } }[];
    expect(proposals.map(({ preset, collector }) => [preset, collector.model])).toEqual([
      ['istio', 'churn'],
      ['istio', 'churn'],
      ['node', 'churn'],
    ]);
  });

  it('a server that is not there is a problem, not an error', async () => {
    const url = `http://127.0.0.1:${await closedPort()}`;
    expect((await server.api('POST', '/collectors:detect', { url })).body).toEqual({
      proposals: [],
      problems: ['network: ECONNREFUSED'],
    });
  });

  it('the description of the API names the path as it is called', async () => {
    const description = (await (await fetch(`${server.url}/api/openapi.json`)).json()) as { paths: object };
    expect(Object.keys(description.paths).filter((path) => path.includes('detect'))).toEqual([
      '/api/v1/collectors:detect',
    ]);
  });

  it('only an admin may make Leeway call an address', async () => {
    const { body } = await server.api('POST', '/api-keys', { name: 'reader', scopes: ['read'] });
    const key = String(body['key']);
    expect((await server.api('POST', '/collectors:detect', { url: prometheus.url }, key)).status).toBe(403);
    expect((await server.api('GET', '/collectors', undefined, key)).status).toBe(200);
  });

  it.each<[string, object, string]>([
    ['no address', {}, 'url'],
    ['an address that is none', { url: 'file:///etc/passwd' }, 'url'],
    [
      'a name of a secret of the server',
      { url: 'http://p', bearerToken: { env: 'DATABASE_URL' } },
      'bearerToken',
    ],
  ])('refuses %s', async (_name, body, field) => {
    const answer = await server.api('POST', '/collectors:detect', body);
    expect([answer.status, JSON.stringify(answer.body)]).toEqual([422, expect.stringContaining(field)]);
  });
});
