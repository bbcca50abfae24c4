import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import {
  CollectorMetrics,
  collectorSchema,
  createMetricsSource,
  type CollectedSample,
  type Collection,
  type MetricsSource,
} from '#collectors';
import { OutboundMetrics } from '#platform';
import { closedPort, startLocalServer, type LocalServer } from './local-server.js';
import { RealPrometheus } from './real-prometheus.js';
import { describeWithServer } from './real-servers.js';
import { until } from './until.js';

const NEVER = new AbortController().signal;
const registry = new Registry();
const SECRETS: Readonly<Record<string, string>> = { RIGHT: 'open-sesame', WRONG: 'sesame' };
const deps = {
  metrics: new OutboundMetrics(registry),
  now: () => Date.now(),
  collectorMetrics: new CollectorMetrics(registry),
  resolveSecret: (ref: { env: string } | { file: string }) => ('env' in ref && SECRETS[ref.env]) || 'none',
};
const sourceOf = (url: string | string[], more: object = {}): MetricsSource =>
  createMetricsSource(
    collectorSchema.parse({
      ...{ name: 'prom', model: 'm', kind: 'prometheus', url, timeout: '2s' },
      queries: [{ signal: 'one', unit: 'x', query: 'vector(1)' }],
      ...more,
    }),
    deps,
  );
const ONE = [expect.objectContaining({ signal: 'one', value: 1 })];
type Told = Pick<Collection, 'samples' | 'problems'>;
const collect = async (source: MetricsSource): Promise<Told> => {
  const { samples, problems } = await source.collect(Date.now(), NEVER);
  return { samples, problems };
};

describeWithServer('prometheus', 'a Prometheus that is in trouble', (executable) => {
  let prometheus: RealPrometheus;
  beforeAll(async () => {
    prometheus = await RealPrometheus.start(executable, { config: {} });
  }, 60_000);
  afterAll(() => prometheus.stop());

  it('slow: the round ends in time and says so; the next is well again', async () => {
    const source = sourceOf(prometheus.url, { timeout: '500ms' });
    prometheus.pause();
    expect(await collect(source)).toEqual({
      samples: [],
      problems: ['one: timeout: no answer within 500 ms'],
    });
    prometheus.resume();
    expect(await collect(source)).toEqual({ samples: ONE, problems: [] });
  });

  it('down: named, and well again after a restart; another with the same data is asked meanwhile', async () => {
    const [source, pair] = [
      sourceOf(prometheus.url),
      sourceOf([`http://127.0.0.1:${await closedPort()}`, prometheus.url]),
    ];
    await prometheus.kill();
    expect(await collect(source)).toEqual({ samples: [], problems: ['one: network: ECONNREFUSED'] });
    await prometheus.restart();
    expect(await collect(source)).toEqual({ samples: ONE, problems: [] });
    expect(await collect(pair)).toEqual({ samples: ONE, problems: [] });
  }, 60_000);

  it('asks no other server what is wrong with the question', async () => {
    let asked = 0;
    const other = await startLocalServer((_, response) => {
      asked += 1;
      response.writeHead(500).end();
    });
    const source = sourceOf([prometheus.url, other.url], {
      queries: [{ signal: 'broken', unit: 'x', query: 'sum(' }],
    });
    expect((await collect(source)).problems).toEqual([
      expect.stringMatching(/^broken: client: HTTP 400: bad_data: .*parse error/),
    ]);
    expect(asked).toBe(0);
    await other.close();
  });
});

describeWithServer('prometheus', 'a Prometheus that asks for a password', (executable) => {
  it('is read with it, and not without', async () => {
    // bcrypt of open-sesame.
    const hash = '$2b$04$BDWoIY2zvl29oBgaLS6EveMNKg/JFubs/iZP2lI0G4p33bEoWlRkS';
    const prometheus = await RealPrometheus.start(executable, {
      config: {},
      web: { basic_auth_users: { leeway: hash } },
    });
    try {
      const as = (env: string) =>
        sourceOf(prometheus.url, { basicAuth: { username: 'leeway', password: { env } } });
      expect(await collect(as('RIGHT'))).toEqual({ samples: ONE, problems: [] });
      expect(await collect(as('WRONG'))).toEqual({ samples: [], problems: ['one: auth: HTTP 401'] });
      expect(await collect(sourceOf(prometheus.url))).toEqual({
        samples: [],
        problems: ['one: auth: HTTP 401'],
      });
    } finally {
      await prometheus.stop();
    }
  }, 60_000);
});

describeWithServer('openssl', 'a Prometheus that asks for a certificate', (openssl) => {
  describeWithServer('prometheus', 'over mutual TLS', (executable) => {
    const folder = mkdtempSync(join(tmpdir(), 'leeway-certificates-'));
    const file = (name: string): string => join(folder, name);
    const run = (...args: string[]): void => {
      execFileSync(openssl, args, { cwd: folder, stdio: 'ignore' });
    };
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    beforeAll(() => {
      run(
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-days',
        '2',
        '-subj',
        '/CN=authority',
        '-keyout',
        'ca.key',
        '-out',
        'ca.pem',
      );
      writeFileSync(file('names'), 'subjectAltName=IP:127.0.0.1,DNS:prometheus.test');
      for (const name of ['server', 'client']) {
        run(
          'req',
          '-newkey',
          'rsa:2048',
          '-nodes',
          '-subj',
          `/CN=${name}`,
          '-keyout',
          `${name}.key`,
          '-out',
          `${name}.csr`,
        );
        run(
          'x509',
          '-req',
          '-days',
          '2',
          '-in',
          `${name}.csr`,
          '-CA',
          'ca.pem',
          '-CAkey',
          'ca.key',
          '-CAcreateserial',
          '-extfile',
          'names',
          '-out',
          `${name}.pem`,
        );
      }
    });

    it('is read with one that it trusts, and not without', async () => {
      const prometheus = await RealPrometheus.start(executable, {
        config: {},
        web: {
          tls_server_config: {
            ...{ cert_file: file('server.pem'), key_file: file('server.key') },
            ...{ client_auth_type: 'RequireAndVerifyClientCert', client_ca_file: file('ca.pem') },
          },
        },
      });
      try {
        const trust = { caFile: file('ca.pem') };
        const identity = { certFile: file('client.pem'), keyFile: file('client.key') };
        const ask = (tls: object): Promise<Told> => collect(sourceOf(prometheus.url, { tls }));
        expect(await ask({ ...trust, ...identity })).toEqual({ samples: ONE, problems: [] });
        expect(await ask({ ...trust, ...identity, serverName: 'prometheus.test' })).toEqual({
          samples: ONE,
          problems: [],
        });
        for (const tls of [trust, identity, { ...trust, ...identity, serverName: 'other.test' }]) {
          const { samples, problems } = await ask(tls);
          expect([samples, problems]).toEqual([[], [expect.stringMatching(/^one: (network|other): /)]]);
        }
        expect(() => sourceOf(prometheus.url, { tls: { caFile: file('none.pem') } })).toThrow('ENOENT');
      } finally {
        await prometheus.stop();
      }
    }, 60_000);
  });
});

describeWithServer('prometheus', 'the past of a Prometheus', (executable) => {
  let page: LocalServer;
  let prometheus: RealPrometheus;
  let lingering = true;

  beforeAll(async () => {
    const startedAt = Date.now() - 60_000;
    page = await startLocalServer((_, response) => {
      const cycles = Math.floor((Date.now() - startedAt) / 50);
      const lines = [
        ...['0.1', '0.5', '+Inf'].map((le, index) => `x_seconds_bucket{le="${le}"} ${cycles * (index + 1)}`),
        `x_seconds_count ${cycles * 3}`,
        `x_total{status="200"} ${cycles * 9}`,
        `x_total{status="500"} ${cycles}`,
        // A series with a time of its own gets no marker when it ends: it lingers for the look-back.
        ...(lingering ? [`lingering 1 ${Date.now()}`] : []),
      ];
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(`${lines.join('\n')}\n`);
    });
    prometheus = await RealPrometheus.start(executable, {
      config: {
        global: { scrape_interval: '1s' },
        scrape_configs: [{ job_name: 'x', static_configs: [{ targets: [new URL(page.url).host] }] }],
      },
    });
    await until(
      async () => (await prometheus.value('count_over_time(up[20s])')) === 12,
      60_000,
      'twelve pages',
    );
  }, 80_000);
  afterAll(async () => {
    await prometheus.stop();
    await page.close();
  });

  const metrics = { requests: 'x_total', latency: 'x_seconds', endpointLatency: 'x_seconds' };
  const source = (more: object = {}): MetricsSource =>
    sourceOf(prometheus.url, {
      ...more,
      ...{ interval: '1s', rateWindow: '4s' },
      presets: [
        { preset: 'fastapi', parameters: { job: 'x' }, metrics, lines: { requests_in_progress: null } },
      ],
      queries: [
        {
          signal: 'own',
          unit: 'seconds',
          query: 'histogram_quantile(0.9, sum by (le) (rate(x_seconds_bucket{job="x"}[4s])))',
        },
        {
          signal: 'own_milliseconds',
          unit: 'x',
          query: '1000 * histogram_quantile(0.9, sum by (le) (rate(x_seconds_bucket[4s])))',
        },
      ],
    });

  it('is what was read at that time', async () => {
    const to = Math.floor(Date.now() / 1_000) * 1_000 - 1_000;
    const from = to - 5_000;
    const read: CollectedSample[] = [];
    for (let at = from; at <= to; at += 1_000) read.push(...(await source().collect(at, NEVER)).samples);
    const past: CollectedSample[] = [];
    for await (const { samples, problems } of source().past?.collectPast(
      { from, to, stepMs: 1_000 },
      NEVER,
    ) ?? []) {
      expect(problems).toEqual([]);
      past.push(...samples);
    }
    const key = ({ at, signal, labels }: CollectedSample): string => JSON.stringify([at, signal, labels]);
    const sorted = (samples: CollectedSample[]) =>
      samples.map(({ isAtLeast: _, ...sample }) => sample).sort((a, b) => (key(a) < key(b) ? -1 : 1));
    expect(read.length).toBeGreaterThan(6 * 8);
    expect(sorted(past)).toEqual(sorted(read));
  });

  it('counts what a version did in each step', async () => {
    const stepMs = 3_000;
    const to = Math.floor(Date.now() / stepMs) * stepMs;
    const range = { from: to - 2 * stepMs, to, stepMs };
    const read = (version: string) => source({ version: 'v1' }).readCounts?.([version], range, NEVER);
    expect(await read('v2')).toEqual(new Map());
    const steps = (await read('v1'))?.get('v1') ?? [];
    expect(steps.map(({ at }) => at)).toEqual([to - 2 * stepMs, to - stepMs]);
    for (const { counts } of steps) {
      // 20 cycles of 10 requests a second; the server extrapolates from the pages in the step.
      expect(counts.requests).toBeGreaterThan(300);
      expect(counts.requests).toBeLessThan(900);
      expect(counts.serverErrors / counts.requests).toBeCloseTo(0.1, 10);
      expect(counts.clientErrors).toBe(0);
      const [first] = counts.latency ?? [];
      expect(
        counts.latency?.map(({ le, count }) => [le, Number((count / (first?.count ?? 0)).toFixed(9))]),
      ).toEqual([
        [0.1, 1],
        [0.5, 2],
        [Infinity, 3],
      ]);
    }
  });

  it('comes for one signal alone', async () => {
    const to = Math.floor(Date.now() / 1_000) * 1_000;
    const span = { from: to - 3_000, to, stepMs: 1_000 };
    for await (const { samples } of source().past?.collectPast(span, NEVER, 'error_ratio_5xx') ?? [])
      expect(samples.map(({ signal, value }) => [signal, value])).toEqual(
        Array.from({ length: 4 }, () => ['error_ratio_5xx', 0.1]),
      );
  });

  it('a quantile in a query of one’s own is marked when it is the highest bound', async () => {
    const { samples } = await source().collect(Date.now(), NEVER);
    const marks = samples
      .filter(({ signal }) => signal.startsWith('own'))
      .map(({ signal, value, isAtLeast }) => [signal, value, isAtLeast]);
    expect(marks).toEqual([
      ['own', 0.5, true],
      ['own_milliseconds', 500, undefined],
    ]);
  });

  it('a series that ended without notice is gone after the time that was asked for', async () => {
    const of = (more: object): MetricsSource =>
      sourceOf(prometheus.url, {
        presets: [{ preset: 'fastapi', parameters: { job: 'x' }, metrics: { inProgress: 'lingering' } }],
        ...more,
      });
    const lingers = async (source: MetricsSource): Promise<boolean> =>
      (await collect(source)).samples.some(({ signal }) => signal === 'requests_in_progress');
    expect(await lingers(of({ staleAfter: '2s' }))).toBe(true);
    lingering = false;
    await until(async () => !(await lingers(of({ staleAfter: '2s' }))), 30_000, 'the end of it');
    expect(await lingers(of({}))).toBe(true);
  }, 40_000);
});
