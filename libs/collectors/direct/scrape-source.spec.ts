import { afterEach, describe, expect, it } from '@jest/globals';
import { Counter, Histogram, Registry } from 'prom-client';
import { OutboundMetrics } from '#platform';
import { closedPort, startLocalServer, type LocalServer } from '../../../test/local-server.js';
import { CollectorMetrics } from '../collector-metrics.js';
import { collectorSchema } from '../collector-schema.js';
import { createMetricsSource } from '../create-metrics-source.js';
import type { Collection, MetricsSource } from '../metrics-source.js';

const START = Date.UTC(2026, 10, 23, 4);
const NEVER = new AbortController().signal;

describe('ScrapeSource', () => {
  const servers: LocalServer[] = [];
  const registry = new Registry();
  const deps = {
    metrics: new OutboundMetrics(registry),
    now: () => START,
    collectorMetrics: new CollectorMetrics(registry),
    resolveSecret: () => 'token',
  };
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
  });

  /** A serving process as prom-client shows it. */
  async function servingProcess() {
    const own = new Registry();
    const latency = new Histogram({
      name: 'http_request_duration_seconds',
      help: 'h',
      labelNames: ['handler'],
      buckets: [0.1, 0.5, 1],
      registers: [own],
    });
    const requests = new Counter({
      name: 'http_requests_total',
      help: 'h',
      labelNames: ['handler', 'status'],
      registers: [own],
    });
    const seen: (string | undefined)[] = [];
    const server = await startLocalServer((request, response) => {
      seen.push(request.headers.authorization);
      void own
        .metrics()
        .then((text) => response.writeHead(200, { 'content-type': own.contentType }).end(text));
    });
    servers.push(server);
    const serve = (status: string, seconds: number, count = 1, handler = '/predict'): void => {
      for (let each = 0; each < count; each += 1) {
        latency.observe({ handler }, seconds);
        requests.inc({ handler, status });
      }
    };
    return { url: `${server.url}/metrics`, serve, seen };
  }

  async function pageServer(
    status: number,
    body: string,
    contentType = 'text/plain; version=0.0.4',
  ): Promise<string> {
    const server = await startLocalServer((_, response) =>
      response.writeHead(status, { 'content-type': contentType }).end(body),
    );
    servers.push(server);
    return server.url;
  }

  const source = (targets: string[], more: object = {}): MetricsSource =>
    createMetricsSource(
      collectorSchema.parse({
        name: 'serving',
        model: 'm',
        kind: 'scrape',
        targets,
        interval: '1s',
        rateWindow: '10s',
        matchers: { handler: '/predict' },
        latency: { metric: 'http_request_duration_seconds' },
        requests: { metric: 'http_requests_total' },
        ...more,
      }),
      deps,
    );
  const at = (second: number): number => START + second * 1_000;
  const values = ({ samples }: Collection): Record<string, unknown> =>
    Object.fromEntries(
      samples.map(({ signal, value, isAtLeast }) => [signal, isAtLeast === true ? `>= ${value}` : value]),
    );

  it('gives nothing after one scrape, then quantiles, ratios and throughput of the matching traffic', async () => {
    const process = await servingProcess();
    const serving = source([process.url]);
    process.serve('2xx', 0.05, 100);
    expect(await serving.collect(at(0), NEVER)).toEqual({ samples: [], problems: [], failures: [] });
    process.serve('2xx', 0.3, 8);
    process.serve('4xx', 0.05);
    process.serve('503', 3);
    process.serve('5xx', 0.05, 1_000, '/health');
    const collection = await serving.collect(at(5), NEVER);
    expect(collection.problems).toEqual([]);
    // Ranks 5 and 9.5 of 1, 8 and 1 calls in (0, 0.1], (0.1, 0.5] and (1, ∞).
    expect(values(collection)).toEqual({
      latency_p50_seconds: 0.1 + 0.4 * (4 / 8),
      latency_p95_seconds: '>= 1',
      latency_p99_seconds: '>= 1',
      error_ratio_4xx: 0.1,
      error_ratio_5xx: 0.1,
      throughput_rps: 2,
    });
    expect(collection.samples[0]).toMatchObject({
      labels: { handler: '/predict' },
      unit: 'seconds',
      at: at(5),
    });
  });

  it('adds targets up before it derives anything', async () => {
    const [fast, slow] = [await servingProcess(), await servingProcess()];
    const serving = source([fast.url, slow.url]);
    fast.serve('2xx', 0.05);
    slow.serve('2xx', 0.05);
    await serving.collect(at(0), NEVER);
    fast.serve('2xx', 0.05, 30);
    slow.serve('5xx', 0.3, 10);
    expect(values(await serving.collect(at(10), NEVER))).toMatchObject({
      latency_p50_seconds: 0.1 * (20 / 30),
      error_ratio_5xx: 0.25,
      throughput_rps: 4,
    });
  });

  it('goes on with the targets that answer, and names the others', async () => {
    const process = await servingProcess();
    const port = await closedPort();
    const targets = [
      process.url,
      `http://127.0.0.1:${port}/`,
      await pageServer(500, 'oops'),
      await pageServer(200, '<html>', 'text/html'),
      await pageServer(200, 'up 1\n'),
    ];
    const serving = source(targets);
    process.serve('2xx', 0.05);
    await serving.collect(at(0), NEVER);
    process.serve('2xx', 0.05, 5);
    const { problems, ...collection } = await serving.collect(at(5), NEVER);
    expect(values({ ...collection, problems })).toMatchObject({ throughput_rps: 1 });
    expect(problems).toEqual([
      `${targets[1]}: network: ECONNREFUSED`,
      `${targets[2]}: server: HTTP 500: oops`,
      `${targets[3]}: line 1: expected a metric name, got "<html>"`,
      `${targets[4]}: no data: there is no http_request_duration_seconds_bucket{handler="/predict"}, http_requests_total{handler="/predict"}`,
    ]);
  });

  it('gives no samples when every target fails, though the window still holds some', async () => {
    let status = 200;
    let count = 0;
    const server = await startLocalServer((_, response) =>
      response
        .writeHead(status)
        .end(`http_requests_total{handler="/predict",status="200"} ${(count += 10)}\n`),
    );
    servers.push(server);
    const serving = source([server.url], { latency: undefined });
    await serving.collect(at(0), NEVER);
    expect(values(await serving.collect(at(1), NEVER))).toMatchObject({ throughput_rps: 10 });
    status = 503;
    const collection = await serving.collect(at(2), NEVER);
    expect(collection.samples).toEqual([]);
    expect(collection.problems).toHaveLength(1);
  });

  it('sees the first errors of a process that never had one', async () => {
    const process = await servingProcess();
    const serving = source([process.url]);
    process.serve('2xx', 0.05, 10);
    await serving.collect(at(0), NEVER);
    process.serve('5xx', 0.05, 10);
    expect(values(await serving.collect(at(1), NEVER))).toMatchObject({ error_ratio_5xx: 1 });
  });

  it('sends the bearer token', async () => {
    const process = await servingProcess();
    await source([process.url], { bearerToken: { env: 'TOKEN' } }).collect(at(0), NEVER);
    expect(process.seen).toEqual(['Bearer token']);
  });

  it('says on /metrics when it last succeeded and why it fails', async () => {
    await source([await pageServer(401, '')], { name: 'shut' }).collect(at(0), NEVER);
    const open = await servingProcess();
    open.serve('2xx', 1);
    await source([open.url], { name: 'open' }).collect(at(0), NEVER);
    const text = await registry.metrics();
    expect(text).toContain('leeway_collectors_last_success_timestamp_seconds{collector="shut"} 0');
    expect(text).toContain('leeway_collectors_failures_total{collector="shut",reason="auth"} 1');
    expect(text).toContain('leeway_collectors_failures_total{collector="shut",reason="timeout"} 0');
    expect(text).toContain(
      `leeway_collectors_last_success_timestamp_seconds{collector="open"} ${START / 1_000}`,
    );
    expect(text).toContain('leeway_outbound_requests_total{target="collector:open",outcome="success"} 1');
  });
});
