import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Counter, Histogram, Registry } from 'prom-client';
import {
  CollectorMetrics,
  collectorSchema,
  createMetricsSource,
  type Collection,
  type MetricsSource,
} from '#collectors';
import { OutboundMetrics } from '#platform';
import { closedPort, startLocalServer, type LocalServer } from './local-server.js';
import { RealPrometheus } from './real-prometheus.js';
import { describeWithServer } from './real-servers.js';
import { until } from './until.js';

const SCRAPE_MS = 1_000;
const WINDOW_SECONDS = 6;
const NEVER = new AbortController().signal;

/**
 * A serving process with steady traffic. Each cycle is the same 40 calls, and a page never shows part of one: so all counters
 * stay in one proportion, and quantiles and ratios are the same over any two pages, whoever scraped them when.
 */
class ServingProcess {
  private readonly registry = new Registry();
  private readonly latency = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'h',
    labelNames: ['handler'],
    buckets: [0.05, 0.25, 0.5, 1],
    registers: [this.registry],
  });
  private readonly requests = new Counter({
    name: 'http_requests_total',
    help: 'h',
    labelNames: ['handler', 'status'],
    registers: [this.registry],
  });
  private readonly startedAt = Date.now();
  private cycles = 0;
  private readonly timer = setInterval(() => this.catchUp(), 10);

  /** 30 calls up to 0.05 s, 5 up to 0.25 s, 4 up to 1 s and one beyond; 2 of 40 are 4xx and 1 is 5xx. */
  static readonly CALLS = 40;
  static readonly CYCLE_MS = 50;
  static readonly TRUTH = {
    p50: 0.05 * (20 / 30),
    p95: 0.5 + 0.5 * (3 / 4),
    p99: 1,
    clientErrors: 2 / 40,
    serverErrors: 1 / 40,
    callsPerSecond: 800,
  };

  page(): Promise<string> {
    return this.registry.metrics();
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** What a restart does to counters. */
  restart(): void {
    this.registry.resetMetrics();
    this.cycle();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private catchUp(): void {
    const due = Math.floor((Date.now() - this.startedAt) / ServingProcess.CYCLE_MS);
    for (; this.cycles < due; this.cycles += 1) this.cycle();
  }

  private cycle(): void {
    const handler = '/predict';
    const durations: [seconds: number, calls: number][] = [
      [0.03, 30],
      [0.2, 5],
      [0.7, 4],
      [3, 1],
    ];
    for (const [seconds, calls] of durations)
      for (let call = 0; call < calls; call += 1) this.latency.observe({ handler }, seconds);
    this.requests.inc({ handler, status: '200' }, 37);
    this.requests.inc({ handler, status: '404' }, 2);
    this.requests.inc({ handler, status: '5xx' }, 1);
    this.requests.inc({ handler: '/health', status: '500' }, 100);
  }
}

const registry = new Registry();
const deps = {
  metrics: new OutboundMetrics(registry),
  now: () => Date.now(),
  collectorMetrics: new CollectorMetrics(registry),
  resolveSecret: () => '',
};
const sourceOf = (spec: object): MetricsSource =>
  createMetricsSource(collectorSchema.parse({ model: 'm', ...spec }), deps);
const prometheusSource = (url: string, queries: Record<string, string>): MetricsSource =>
  sourceOf({
    name: 'prom',
    kind: 'prometheus',
    url,
    queries: Object.entries(queries).map(([signal, query]) => ({ signal, unit: 'x', query })),
  });
const values = ({ samples }: Collection): Record<string, number | null> =>
  Object.fromEntries(samples.map(({ signal, value }) => [signal, value]));

describeWithServer('prometheus', 'collectors and a real Prometheus', (executable) => {
  let serving: ServingProcess;
  let target: LocalServer;
  let prometheus: RealPrometheus;
  let scrape: MetricsSource;
  let queries: MetricsSource;

  beforeAll(async () => {
    serving = new ServingProcess();
    target = await startLocalServer(
      (_, response) =>
        void serving
          .page()
          .then((page) => response.writeHead(200, { 'content-type': serving.contentType }).end(page)),
    );
    prometheus = await RealPrometheus.start(executable, {
      config: {
        global: { scrape_interval: `${SCRAPE_MS}ms` },
        scrape_configs: [{ job_name: 'serving', static_configs: [{ targets: [new URL(target.url).host] }] }],
      },
    });
    scrape = sourceOf({
      name: 'scrape',
      kind: 'scrape',
      targets: [`${target.url}/metrics`],
      interval: `${SCRAPE_MS}ms`,
      rateWindow: `${WINDOW_SECONDS}s`,
      latency: { metric: 'http_request_duration_seconds' },
      requests: { metric: 'http_requests_total' },
      matchers: { handler: '/predict' },
    });
    const rate = (metric: string, matchers = ''): string =>
      `rate(${metric}{handler="/predict"${matchers}}[${WINDOW_SECONDS}s])`;
    const quantile = (q: number): string =>
      `histogram_quantile(${q}, sum by (le) (${rate('http_request_duration_seconds_bucket')}))`;
    const ratio = (status: string): string =>
      `sum(${rate('http_requests_total', `,status=~"${status}"`)}) / sum(${rate('http_requests_total')})`;
    queries = prometheusSource(prometheus.url, {
      latency_p50_seconds: quantile(0.5),
      latency_p95_seconds: quantile(0.95),
      latency_p99_seconds: quantile(0.99),
      error_ratio_4xx: ratio('4..'),
      error_ratio_5xx: ratio('5..'),
      throughput_rps: `sum(${rate('http_requests_total')})`,
    });
  }, 60_000);

  afterAll(async () => {
    serving.stop();
    await prometheus.stop();
    await target.close();
  });

  /** Scrapes once a second, as Prometheus does beside us, and gives the last round. */
  async function scrapeFor(seconds: number): Promise<{ scraped: Collection; at: number }> {
    let last: { scraped: Collection; at: number } | null = null;
    for (let round = 0; round <= seconds; round += 1) {
      const at = Date.now();
      last = { scraped: await scrape.collect(at, NEVER), at };
      if (round < seconds) await new Promise((resolve) => setTimeout(resolve, SCRAPE_MS));
    }
    if (last === null) throw new Error('no round');
    return last;
  }

  /** Both sources and the truth, one against the other. */
  async function expectAgreement(
    { scraped, at }: { scraped: Collection; at: number },
    throughputTolerance: number,
  ): Promise<void> {
    const asked = await queries.collect(at, NEVER);
    expect([scraped.problems, asked.problems]).toEqual([[], []]);
    const [ours, theirs] = [values(scraped), values(asked)];
    expect(Object.keys(ours).sort()).toEqual(Object.keys(theirs).sort());
    const { TRUTH } = ServingProcess;
    const expected = {
      latency_p50_seconds: TRUTH.p50,
      latency_p95_seconds: TRUTH.p95,
      latency_p99_seconds: TRUTH.p99,
      error_ratio_4xx: TRUTH.clientErrors,
      error_ratio_5xx: TRUTH.serverErrors,
    };
    for (const [signal, value] of Object.entries(expected)) {
      // Ten sums and quotients of doubles, each within half an ulp; the interpolation multiplies the error of a
      // rank by at most 40, the calls over those in the narrowest bucket.
      const tolerance = 10 * 40 * Number.EPSILON * value;
      expect({
        signal,
        ours: Math.abs((ours[signal] ?? NaN) - value) <= tolerance,
        theirs: Math.abs((theirs[signal] ?? NaN) - value) <= tolerance,
      }).toEqual({ signal, ours: true, theirs: true });
    }
    expect(scraped.samples.filter(({ isAtLeast }) => isAtLeast === true).map(({ signal }) => signal)).toEqual(
      ['latency_p99_seconds'],
    );
    for (const throughput of [ours['throughput_rps'], theirs['throughput_rps']]) {
      expect(Math.abs((throughput ?? NaN) - TRUTH.callsPerSecond) / TRUTH.callsPerSecond).toBeLessThanOrEqual(
        throughputTolerance,
      );
    }
  }

  it('agree on quantiles, error ratios and throughput, with a counter reset in the middle and after it', async () => {
    await scrapeFor(WINDOW_SECONDS);
    serving.restart();
    const withReset = await scrapeFor(3);
    // What was counted between the last page before the reset and the reset is lost to both, up to a scrape interval; Prometheus
    // may extrapolate by half an interval at each end; and both scrape up to half an interval late on a busy machine.
    await expectAgreement(withReset, 2.5 / (WINDOW_SECONDS - 1));
    // A window later both see steady growth: what is left is a cycle and a scrape that is 0.2 s late at each end.
    await expectAgreement(
      await scrapeFor(WINDOW_SECONDS + 1),
      (2 * (0.2 + ServingProcess.CYCLE_MS / 1_000)) / (WINDOW_SECONDS - 1),
    );
  }, 60_000);

  it('an empty answer is no data; NaN and infinities are measured as nothing', async () => {
    const collection = await prometheusSource(prometheus.url, {
      none: 'no_such_metric',
      nan: 'vector(0) / vector(0)',
      up: 'vector(1) / vector(0)',
      down: 'vector(-1) / vector(0)',
      one: 'scalar(vector(1))',
    }).collect(Date.now(), NEVER);
    expect(values(collection)).toEqual({ nan: null, up: null, down: null, one: 1 });
    expect(collection.problems).toEqual([
      'none: no data',
      'nan: the value of {} is NaN',
      'up: the value of {} is Infinity',
      'down: the value of {} is -Infinity',
    ]);
  });

  it('an error is named as Prometheus names it, and what is no vector is refused', async () => {
    const { samples, problems } = await prometheusSource(prometheus.url, {
      broken: 'sum(',
      matrix: 'up[1m]',
      text: '"x"',
    }).collect(Date.now(), NEVER);
    expect(samples).toEqual([]);
    expect(problems[0]).toMatch(/^broken: client: HTTP 400: bad_data: .*parse error/);
    expect(problems.slice(1)).toEqual([
      'matrix: the query gives a matrix; it must give an instant vector or a scalar',
      'text: the query gives a string; it must give an instant vector or a scalar',
    ]);
  });

  it('warnings come through: data of which a part could not be read is named as such', async () => {
    const partial = await RealPrometheus.start(executable, {
      config: {
        global: { scrape_interval: `${SCRAPE_MS}ms` },
        remote_read: [{ url: `http://127.0.0.1:${await closedPort()}/read`, read_recent: true }],
        scrape_configs: [{ job_name: 'serving', static_configs: [{ targets: [new URL(target.url).host] }] }],
      },
    });
    try {
      const source = prometheusSource(partial.url, { up: 'sum(up)' });
      await until(
        async () => (await source.collect(Date.now(), NEVER)).samples.length > 0,
        20_000,
        'a first scrape',
      );
      const collection = await source.collect(Date.now(), NEVER);
      expect(values(collection)).toEqual({ up: 1 });
      expect(collection.problems).toEqual([expect.stringMatching(/^up: Prometheus warns: .*remote_read/)]);
    } finally {
      await partial.stop();
    }
  }, 60_000);
});
