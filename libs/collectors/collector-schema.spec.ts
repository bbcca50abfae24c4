import { describe, expect, it } from '@jest/globals';
import { collectorSchema } from './collector-schema.js';

const SCRAPE = {
  name: 'serving',
  model: 'm',
  kind: 'scrape',
  targets: ['http://127.0.0.1:1/metrics'],
  requests: { metric: 'http_requests_total' },
};
const PROMETHEUS = {
  name: 'prom',
  model: 'm',
  kind: 'prometheus',
  url: 'http://prometheus:9090',
  queries: [{ signal: 'latency_p99_seconds', unit: 'seconds', query: 'up' }],
};

describe('collectorSchema', () => {
  it('fills in the defaults', () => {
    expect(collectorSchema.parse({ ...SCRAPE, latency: { metric: 'l' } })).toMatchObject({
      interval: '15s',
      rateWindow: '5m',
      matchers: {},
      requests: { statusLabel: 'status' },
      latency: { quantiles: [0.5, 0.95, 0.99], unit: 'seconds' },
    });
    expect(collectorSchema.parse(PROMETHEUS)).toMatchObject({ interval: '30s', timeout: '10s' });
  });

  it.each<[string, object, string, string]>([
    ['an interval that is none', { ...SCRAPE, interval: '5 s' }, 'interval', 'must be a duration'],
    ['an interval of nothing', { ...SCRAPE, interval: '0s' }, 'interval', 'longer than 0'],
    [
      'a window that holds no two scrapes',
      { ...SCRAPE, interval: '1m30s', rateWindow: '2m' },
      'rateWindow',
      'at least twice the interval',
    ],
    ['nothing to read', { ...SCRAPE, requests: undefined }, '', 'needs presets, latency or requests'],
    ['a target twice', { ...SCRAPE, targets: [...SCRAPE.targets, ...SCRAPE.targets] }, 'targets', 'twice'],
    ['a target that is no web address', { ...SCRAPE, targets: ['file:///etc/passwd'] }, 'targets.0', 'URL'],
    ['no targets', { ...SCRAPE, targets: [] }, 'targets', ''],
    ['a quantile of 1', { ...SCRAPE, latency: { metric: 'l', quantiles: [1] } }, 'latency.quantiles.0', ''],
    ['a word that it does not know', { ...SCRAPE, tragets: [] }, '', 'tragets'],
    ['a header that is none', { ...SCRAPE, headers: { 'a b': 'c' } }, 'headers.a b', ''],
    ['no queries', { ...PROMETHEUS, queries: [] }, 'queries', 'needs presets or queries'],
    [
      'a preset that would add up every service',
      { ...PROMETHEUS, presets: [{ preset: 'fastapi' }] },
      'presets.0',
      'needs parameters.job or select',
    ],
    [
      'a parameter that the preset does not have',
      { ...PROMETHEUS, presets: [{ preset: 'vllm', parameters: { service: 'x' } }] },
      'presets.0.parameters.service',
      'it has model',
    ],
    [
      'a metric that the preset does not have',
      { ...PROMETHEUS, presets: [{ preset: 'vllm', metrics: { latencies: 'x' } }] },
      'presets.0.metrics.latencies',
      'it has latency, firstToken',
    ],
    ['an unknown preset', { ...PROMETHEUS, presets: [{ preset: 'iis' }] }, 'presets.0.preset', ''],
    [
      'a pattern that is none',
      { ...PROMETHEUS, presets: [{ preset: 'vllm', select: { job: { matches: '(' } } }] },
      'presets.0.select.job.matches',
      '',
    ],
    [
      'two identities',
      { ...PROMETHEUS, bearerToken: { env: 'T' }, basicAuth: { username: 'u', password: { env: 'P' } } },
      'basicAuth',
      'excludes bearerToken',
    ],
    [
      'a certificate without its key',
      { ...PROMETHEUS, tls: { certFile: 'cert.pem' } },
      'tls',
      'certFile and keyFile together',
    ],
    [
      'PromQL where nobody answers it',
      { ...SCRAPE, presets: [{ preset: 'vllm', lines: { queue_depth: { query: 'x', unit: 'y' } } }] },
      'presets',
      'only a Prometheus server answers PromQL',
    ],
    [
      'an empty query',
      { ...PROMETHEUS, queries: [{ signal: 's', unit: 'x', query: ' ' }] },
      'queries.0.query',
      '',
    ],
    ['an unknown kind', { ...PROMETHEUS, kind: 'statsd' }, 'kind', ''],
  ])('refuses %s', (_name, spec, path, message) => {
    const issues = collectorSchema.safeParse(spec).error?.issues ?? [];
    expect(issues.map((issue) => issue.path.join('.'))).toContain(path);
    expect(issues.map((issue) => issue.message).join()).toContain(message);
  });
});
