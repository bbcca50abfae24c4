import { afterEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { OutboundMetrics } from '#platform';
import {
  answerJson,
  bodyOf,
  closedPort,
  startLocalServer,
  type LocalServer,
} from '../../../test/local-server.js';
import { until } from '../../../test/until.js';
import { CollectorMetrics } from '../collector-metrics.js';
import { collectorSchema } from '../collector-schema.js';
import { createMetricsSource } from '../create-metrics-source.js';
import type { Collection } from '../metrics-source.js';

const AT = Date.UTC(2026, 10, 23, 4) + 250;
const NEVER = new AbortController().signal;

describe('PrometheusSource', () => {
  const servers: LocalServer[] = [];
  const registry = new Registry();
  const deps = {
    metrics: new OutboundMetrics(registry),
    now: () => AT,
    collectorMetrics: new CollectorMetrics(registry),
    resolveSecret: () => 'token',
  };
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
  });

  const ask = async (
    url: string,
    more: object = {},
    signal = NEVER,
  ): Promise<Pick<Collection, 'samples' | 'problems'>> => {
    const { samples, problems } = await createMetricsSource(
      collectorSchema.parse({
        name: 'prom',
        model: 'm',
        kind: 'prometheus',
        url,
        queries: [{ signal: 's', unit: 'seconds', query: 'q{a="b+c"}' }],
        ...more,
      }),
      deps,
    ).collect(AT, signal);
    return { samples, problems };
  };

  async function answering(
    status: number,
    body: unknown,
    headers: Record<string, string> = {},
  ): Promise<string> {
    const server = await startLocalServer((_, response) => {
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      if (typeof body === 'string') response.writeHead(status, { 'content-type': 'text/html' }).end(body);
      else answerJson(response, status, body);
    });
    servers.push(server);
    return server.url;
  }

  const success = (resultType: string, result: unknown, more: object = {}): object => ({
    status: 'success',
    data: { resultType, result },
    ...more,
  });
  const sample = (value: number | null, labels: Record<string, string> = {}): object => ({
    signal: 's',
    labels,
    unit: 'seconds',
    at: AT,
    value,
  });
  const series = (value: string, metric: Record<string, string> = {}): object => ({
    metric,
    value: [AT / 1_000, value],
  });
  const native = {
    metric: { __name__: 'h' },
    histogram: [AT / 1_000, { count: '1', sum: '2', buckets: [] }],
  };

  it.each<[string, object, object[], string[]]>([
    [
      'a vector',
      success('vector', [series('1.5', { __name__: 'x', a: '1' }), series('0', { a: '2' })]),
      [sample(1.5, { a: '1' }), sample(0, { a: '2' })],
      [],
    ],
    ['a scalar', success('scalar', [AT / 1_000, '3']), [sample(3)], []],
    ['an empty vector: no data, not 0', success('vector', []), [], ['s: no data']],
    [
      'NaN and the infinities: measured as nothing',
      success('vector', [series('NaN', { a: '1' }), series('+Inf', { a: '2' }), series('-Inf', { a: '3' })]),
      [sample(null, { a: '1' }), sample(null, { a: '2' }), sample(null, { a: '3' })],
      [
        's: the value of {"a":"1"} is NaN',
        's: the value of {"a":"2"} is Infinity',
        's: the value of {"a":"3"} is -Infinity',
      ],
    ],
    [
      'an infinite scalar',
      success('scalar', [AT / 1_000, '+Inf']),
      [sample(null)],
      ['s: the value of {} is Infinity'],
    ],
    [
      'warnings and notes',
      success('vector', [series('1')], {
        warnings: ['store down'],
        infos: ['metric might not be a counter'],
      }),
      [sample(1)],
      ['s: Prometheus warns: store down', 's: Prometheus notes: metric might not be a counter'],
    ],
    [
      'warnings without data',
      success('vector', [], { warnings: ['store down'] }),
      [],
      ['s: Prometheus warns: store down'],
    ],
    [
      'native histograms beside numbers',
      success('vector', [native, series('1')]),
      [sample(1)],
      ['s: 1 series are native histograms: use histogram_quantile or another function that gives numbers'],
    ],
    [
      'a matrix',
      success('matrix', [{ metric: {}, values: [[1, '2']] }]),
      [],
      ['s: the query gives a matrix; it must give an instant vector or a scalar'],
    ],
    [
      'a string',
      success('string', [1, 'x']),
      [],
      ['s: the query gives a string; it must give an instant vector or a scalar'],
    ],
    [
      'too many series',
      success(
        'vector',
        Array.from({ length: 1_001 }, (_, index) => series('1', { i: String(index) })),
      ),
      [],
      ['s: the query gives 1001 series and at most 1000 are read: aggregate it'],
    ],
  ])('reads %s', async (_name, body, samples, problems) => {
    expect(await ask(await answering(200, body))).toEqual({ samples, problems });
  });

  it.each<[string, number, unknown, string]>([
    [
      "Prometheus' own error",
      400,
      { status: 'error', errorType: 'bad_data', error: 'parse error' },
      's: client: HTTP 400: bad_data: parse error',
    ],
    [
      'a query that is too heavy',
      422,
      { status: 'error', errorType: 'execution', error: 'too many samples' },
      's: client: HTTP 422: execution: too many samples',
    ],
    ['a server that is not up', 503, '<html>starting</html>', 's: server: HTTP 503'],
    ['no right to ask', 401, '', 's: auth: HTTP 401'],
    [
      'a sign-on page',
      200,
      '<html>sign in</html>',
      's: other: HTTP 200, but the answer is not one of the Prometheus API',
    ],
    [
      'a shape that nobody knows',
      200,
      success('vector', 'x'),
      's: other: HTTP 200, but the answer is not one of the Prometheus API',
    ],
  ])('names %s', async (_name, status, body, problem) => {
    expect(await ask(await answering(status, body))).toEqual({ samples: [], problems: [problem] });
  });

  it('does not follow redirects', async () => {
    const elsewhere = await answering(200, success('vector', [series('1')]));
    expect((await ask(await answering(307, '', { location: elsewhere }))).problems).toEqual([
      's: client: HTTP 307',
    ]);
  });

  it('sends the time of the round, and how far back the server may look', async () => {
    const bodies: string[] = [];
    const server = await startLocalServer((request, response) => {
      void bodyOf(request).then((body) => {
        bodies.push(body);
        answerJson(response, 200, success('vector', [series('1')]));
      });
    });
    servers.push(server);
    await ask(server.url);
    await ask(server.url, { staleAfter: '90s' });
    expect(bodies.map((body) => Object.fromEntries(new URLSearchParams(body)))).toEqual([
      { query: 'q{a="b+c"}', time: String(AT / 1_000) },
      { query: 'q{a="b+c"}', time: String(AT / 1_000), lookback_delta: '90' },
    ]);
  });

  it('asks at most four at once', async () => {
    let [now, most] = [0, 0];
    const server = await startLocalServer((_, response) => {
      most = Math.max(most, (now += 1));
      setTimeout(() => {
        now -= 1;
        answerJson(response, 200, success('vector', [series('1')]));
      }, 20);
    });
    servers.push(server);
    const queries = Array.from({ length: 10 }, (_, index) => ({
      signal: `s${index}`,
      unit: 'x',
      query: `q${index}`,
    }));
    expect((await ask(server.url, { queries })).samples.map(({ signal }) => signal)).toEqual(
      queries.map(({ signal }) => signal),
    );
    expect(most).toBe(4);
  });

  it('says that nobody listens', async () => {
    expect(await ask(`http://127.0.0.1:${await closedPort()}`)).toEqual({
      samples: [],
      problems: ['s: network: ECONNREFUSED'],
    });
  });

  it("gives up when time is out, its own or the caller's, and ends the request", async () => {
    let closed = 0;
    const server = await startLocalServer((request) => request.on('close', () => (closed += 1)));
    servers.push(server);
    expect((await ask(server.url, { timeout: '50ms' })).problems).toEqual([
      's: timeout: no answer within 50 ms',
    ]);
    expect((await ask(server.url, {}, AbortSignal.timeout(50))).problems[0]).toMatch(/^s: timeout: /);
    await until(() => closed === 2);
  });

  it('goes on with the queries that answer', async () => {
    const server = await startLocalServer((request, response) => {
      void bodyOf(request).then((body) =>
        body.includes('bad')
          ? answerJson(response, 400, { status: 'error', errorType: 'bad_data', error: 'x' })
          : answerJson(response, 200, success('vector', [series('1')])),
      );
    });
    servers.push(server);
    const queries = [
      { signal: 'a', unit: 'x', query: 'bad' },
      { signal: 'b', unit: 'ratio', query: 'good' },
    ];
    const { samples, problems } = await ask(server.url, { queries });
    expect(samples).toEqual([{ signal: 'b', labels: {}, unit: 'ratio', at: AT, value: 1 }]);
    expect(problems).toEqual(['a: client: HTTP 400: bad_data: x']);
  });

  it('asks by POST under the path prefix, for the moment of the round, with its headers', async () => {
    const seen: unknown[] = [];
    const server = await startLocalServer((request, response) => {
      void bodyOf(request).then((body) => {
        seen.push(
          request.method,
          request.url,
          request.headers['x-scope-orgid'],
          request.headers.authorization,
          new URLSearchParams(body).get('query'),
          Number(new URLSearchParams(body).get('time')),
        );
        answerJson(response, 200, success('vector', []));
      });
    });
    servers.push(server);
    await ask(`${server.url}/prometheus/`, {
      headers: { 'X-Scope-OrgID': 'team' },
      bearerToken: { env: 'TOKEN' },
    });
    expect(seen).toEqual([
      'POST',
      '/prometheus/api/v1/query',
      'team',
      'Bearer token',
      'q{a="b+c"}',
      AT / 1_000,
    ]);
  });

  it('counts on /metrics what it could not use', async () => {
    await ask(await answering(200, success('vector', [], { warnings: ['w'] })), { name: 'counted' });
    await ask(await answering(503, ''), { name: 'counted' });
    const text = await registry.metrics();
    expect(text).toContain('leeway_collectors_failures_total{collector="counted",reason="incomplete"} 1');
    expect(text).toContain('leeway_collectors_failures_total{collector="counted",reason="server"} 1');
    expect(text).toContain('leeway_outbound_requests_total{target="collector:counted",outcome="server"} 1');
  });
});
