import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import {
  CollectorMetrics,
  collectorLines,
  collectorSchema,
  createMetricsSource,
  detectPresets,
  PRESET_NAMES,
  signalsOf,
  type CollectedSample,
  type Collection,
  type PresetName,
} from '#collectors';
import { OutboundMetrics } from '#platform';
import { startLocalServer, type LocalServer } from './local-server.js';
import { PRESET_PAGES, type ExpectedValue, type PresetPage } from './preset-pages.js';
import { RealPrometheus } from './real-prometheus.js';
import { describeWithServer } from './real-servers.js';
import { until } from './until.js';

const NEVER = new AbortController().signal;
const SCRAPE_MS = 1_000;
const WINDOW_SECONDS = 6;
const CYCLE_MS = 50;
const CYCLES_PER_SECOND = 1_000 / CYCLE_MS;

const registry = new Registry();
const deps = {
  metrics: new OutboundMetrics(registry),
  now: () => Date.now(),
  collectorMetrics: new CollectorMetrics(registry),
  resolveSecret: () => '',
};

/** All counters of a page are of the same cycle, so ratios and quantiles are the same over any two pages. */
function pageText({ series }: PresetPage, cycles: number): string {
  return series
    .map(([name, kind, value]) => `${name} ${kind === 'counter' ? value * cycles : value}\n`)
    .join('');
}

/** `signal{a="b"}`, labels sorted; the instance of a machine is whatever port it has. */
function keyOf({ signal, labels }: CollectedSample): string {
  const parts = Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, value]) => `${label}="${value.replace(/^127\.0\.0\.1:\d+$/, 'INSTANCE')}"`);
  return parts.length === 0 ? signal : `${signal}{${parts.join(',')}}`;
}

/** What is expected and what came, side by side; equal where they agree. */
function shown(expected: ExpectedValue, sample: CollectedSample | undefined): unknown[] {
  if (sample?.value === undefined || sample.value === null) return [expected, sample];
  const { value } = sample;
  const isNear = (target: number, tolerance: number): boolean =>
    Math.abs(value - target) <= tolerance * Math.abs(target);
  if (typeof expected === 'number') {
    // Sums and quotients of doubles; the interpolation multiplies the error of a rank by up to the calls of a cycle.
    const isSame = isNear(expected, 1e-12) || Math.abs(value - expected) < 1e-12;
    return [expected, isSame && sample.isAtLeast !== true ? expected : sample];
  }
  if ('atLeast' in expected)
    return [expected, value === expected.atLeast && sample.isAtLeast === true ? expected : sample];
  // Prometheus extrapolates, and scrapes late on a busy machine: a rate is right within a scrape at each end.
  const target =
    'perCycle' in expected
      ? expected.perCycle * CYCLES_PER_SECOND
      : expected.perCycleInWindow * CYCLES_PER_SECOND * WINDOW_SECONDS;
  return [expected, isNear(target, 2.5 / (WINDOW_SECONDS - 1)) ? expected : sample];
}

function expectSignals({ samples, problems }: Collection, expected: PresetPage['expected']): void {
  expect(problems).toEqual([]);
  const byKey = new Map(samples.map((sample) => [keyOf(sample), sample]));
  expect([...byKey.keys()].sort()).toEqual(Object.keys(expected).sort());
  const pairs = Object.entries(expected).map(([key, value]) => ({ key, pair: shown(value, byKey.get(key)) }));
  expect(pairs.map(({ key, pair }) => [key, pair[1]])).toEqual(pairs.map(({ key, pair }) => [key, pair[0]]));
}

describeWithServer('prometheus', 'presets, on pages with the documented names', (executable) => {
  const servers = new Map<PresetName, LocalServer>();
  const startedAt = Date.now() - 60_000;
  let prometheus: RealPrometheus;

  beforeAll(async () => {
    for (const name of PRESET_NAMES) {
      const server = await startLocalServer((_, response) => {
        const cycles = Math.floor((Date.now() - startedAt) / CYCLE_MS);
        response
          .writeHead(200, { 'content-type': 'text/plain; version=0.0.4' })
          .end(pageText(PRESET_PAGES[name], cycles));
      });
      servers.set(name, server);
    }
    prometheus = await RealPrometheus.start(executable, {
      config: {
        global: { scrape_interval: `${SCRAPE_MS}ms` },
        scrape_configs: [...servers].map(([name, { url }]) => ({
          job_name: name,
          honor_labels: true,
          static_configs: [{ targets: [new URL(url).host] }],
        })),
      },
    });
    // A new server begins to scrape when it likes; what is asked for looks back over a whole window.
    const pages = `count(count_over_time(up[${WINDOW_SECONDS}s]) >= ${WINDOW_SECONDS})`;
    await until(
      async () => (await prometheus.value(pages)) === PRESET_NAMES.length,
      50_000,
      'a whole window',
    );
  }, 60_000);

  afterAll(async () => {
    await prometheus.stop();
    for (const server of servers.values()) await server.close();
  });

  const common = (name: PresetName) => ({
    name,
    model: 'm',
    rateWindow: `${WINDOW_SECONDS}s`,
    interval: '1s',
  });
  const fromPrometheus = (name: PresetName) =>
    collectorSchema.parse({
      ...common(name),
      kind: 'prometheus',
      url: prometheus.url,
      presets: [{ preset: name, select: { job: name }, ...PRESET_PAGES[name].use }],
    });

  it.each(PRESET_NAMES)('%s: every signal, from a Prometheus that scrapes it', async (name) => {
    const spec = fromPrometheus(name);
    const source = createMetricsSource(spec, deps);
    expectSignals(await source.collect(Date.now(), NEVER), PRESET_PAGES[name].expected);
    const promised = collectorLines(spec).flatMap(signalsOf);
    const found = Object.keys(PRESET_PAGES[name].expected).map((key) => key.replace(/\{.*/, ''));
    expect([...new Set(found)].sort()).toEqual([...promised].sort());
  });

  it('and the same, without a Prometheus in between', async () => {
    const sources = PRESET_NAMES.map((name) => {
      const { onlyPrometheus = [], use } = PRESET_PAGES[name];
      const spec = collectorSchema.parse({
        ...common(name),
        kind: 'scrape',
        targets: [`${servers.get(name)?.url ?? ''}/metrics`],
        presets: [{ preset: name, ...use }],
      });
      const expected = Object.entries(PRESET_PAGES[name].expected).filter(
        ([key]) => !onlyPrometheus.includes(key.replace(/\{.*/, '')),
      );
      return { source: createMetricsSource(spec, deps), expected: Object.fromEntries(expected) };
    });
    for (let second = 0; second < WINDOW_SECONDS; second += 1) {
      for (const { source } of sources) await source.collect(Date.now(), NEVER);
      await new Promise((resolve) => setTimeout(resolve, SCRAPE_MS));
    }
    for (const { source, expected } of sources)
      expectSignals(await source.collect(Date.now(), NEVER), expected);
  }, 60_000);

  it('are found in that Prometheus, each with a configuration that reads it', async () => {
    const { proposals, problems } = await detectPresets({ url: prometheus.url }, deps, Date.now(), NEVER);
    expect(problems).toEqual([]);
    expect([...new Set(proposals.map(({ preset }) => preset))].sort()).toEqual([...PRESET_NAMES].sort());
    for (const { collector } of proposals) {
      const spec = collectorSchema.parse({ ...collector, rateWindow: `${WINDOW_SECONDS}s`, interval: '1s' });
      const { samples } = await createMetricsSource(spec, deps).collect(Date.now(), NEVER);
      expect([spec.name, samples.length > 0]).toEqual([spec.name, true]);
    }
  }, 60_000);
});
