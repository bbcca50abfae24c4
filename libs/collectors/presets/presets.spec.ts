import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { lineQueries } from '../lines/promql.js';
import { keptLabels, signalsOf, vectorsOf } from '../lines/line.js';
import { presetLines } from './preset-lines.js';
import { presetUseSchema } from './preset-schema.js';
import { presetTable } from './preset-tables.js';
import { PRESET_NAMES, PRESETS } from './presets.js';

const CONTEXT = { model: 'churn', windowMs: 300_000 };
const linesOf = (use: object) => presetLines(presetUseSchema.parse(use), CONTEXT);
const queriesOf = (use: object): Record<string, string> =>
  Object.fromEntries(
    linesOf(use)
      .flatMap((line) => lineQueries(line, { windowMs: CONTEXT.windowMs, staleAfterMs: null }))
      .map(({ signal, query }) => [signal, query]),
  );

describe.each(PRESET_NAMES)('the preset %s', (name) => {
  const preset = PRESETS[name];

  it('gives each signal once, with a unit and a meaning', () => {
    const signals = linesOf({ preset: name }).flatMap(signalsOf);
    expect(signals.filter((signal, index) => signals.indexOf(signal) !== index)).toEqual([]);
    expect(preset.lines.filter(({ meaning, unit }) => !meaning.endsWith('.') || unit === '')).toEqual([]);
  });
  it('uses every metric and every parameter that it names', () => {
    const text = JSON.stringify([preset.lines, preset.where]);
    const isUsed = (key: string): boolean => text.includes(`"${key}"`) || text.includes(`{{${key}`);
    expect(Object.keys(preset.metrics).filter((key) => !isUsed(key))).toEqual([]);
    expect(Object.keys(preset.parameters).filter((key) => !text.includes(`\${${key}}`))).toEqual([]);
  });
  it('finds itself by what it reads', () => {
    const read = linesOf({ preset: name }).flatMap((line) =>
      vectorsOf(line).flatMap(({ metrics }) => metrics),
    );
    const { series } = preset.signature;
    expect([...read, ...read.map((metric) => metric.replace(/_bucket$/, '_count'))]).toContain(series);
    expect(Object.keys(preset.signature.labels).filter((key) => !(key in preset.parameters))).toEqual([]);
  });
  it('has parameters for the model and for what it needs', () => {
    for (const parameter of [preset.modelParameter, preset.neededParameter])
      if (parameter !== null) expect(preset.parameters).toHaveProperty(parameter);
  });
});

describe('presetLines', () => {
  it('fills in parameters, conditions and names', () => {
    expect(
      queriesOf({
        preset: 'istio',
        parameters: { service: 'churn"\\', namespace: 'prod' },
        select: { cluster: { notMatches: 'dev.*' } },
        metrics: { requests: ['new_requests_total', 'istio_requests_total'] },
        versionLabel: null,
      })['error_ratio_5xx'],
    ).toBe(
      [
        '(sum (rate(new_requests_total{reporter="destination",destination_service_name="churn\\"\\\\",destination_service_namespace="prod",response_code=~"5..",cluster!~"dev.*"}[300s]))',
        'sum (rate(istio_requests_total{reporter="destination",destination_service_name="churn\\"\\\\",destination_service_namespace="prod",response_code=~"5..",cluster!~"dev.*"}[300s])))',
      ].join(' or ') +
        ' / ((' +
        [
          'sum (rate(new_requests_total{reporter="destination",destination_service_name="churn\\"\\\\",destination_service_namespace="prod",cluster!~"dev.*"}[300s]))',
          'sum (rate(istio_requests_total{reporter="destination",destination_service_name="churn\\"\\\\",destination_service_namespace="prod",cluster!~"dev.*"}[300s]))',
        ].join(' or ') +
        ') > 0)',
    );
  });
  it('leaves out a condition whose parameter is not given, and fills in the model', () => {
    expect(queriesOf({ preset: 'kubernetes' })['memory_bytes']).toBe(
      'sum by (pod) (container_memory_working_set_bytes{pod=~"churn-.+",container!~"|POD"})',
    );
    expect(
      queriesOf({ preset: 'kubernetes', parameters: { workload: 'a.b', namespace: 'n' } })['oom_kills'],
    ).toContain('increase(kube_pod_container_status_restarts_total{namespace="n",pod=~"a\\\\.b-.+"}[300s])');
  });
  it('keeps the version, beside the labels of the line', () => {
    const [line] = linesOf({ preset: 'istio' }).filter(({ signal }) => signal === 'client_error_ratio_4xx');
    expect(line === undefined ? [] : keptLabels(line)).toEqual(['source_workload', 'destination_version']);
    expect(Object.keys(linesOf({ preset: 'fastapi', versionLabel: 'app_version' })[0]?.by ?? {})).toEqual([
      'version',
    ]);
  });
  it('leaves out and replaces single signals, of quantiles too', () => {
    const signals = linesOf({
      preset: 'fastapi',
      quantiles: [0.5, 0.999],
      lines: {
        latency_p99_9_seconds: { query: 'my_p999', unit: 'seconds' },
        endpoint_latency_p50_seconds: null,
        endpoint_latency_p99_9_seconds: null,
        error_ratio_4xx: null,
      },
    }).flatMap(signalsOf);
    expect(signals).toEqual([
      'latency_p50_seconds',
      'throughput_rps',
      'error_ratio_5xx',
      'endpoint_error_ratio_4xx',
      'endpoint_error_ratio_5xx',
      'requests_in_progress',
      'latency_p99_9_seconds',
    ]);
  });
  it('refuses to leave out what is not there, and says what is', () => {
    expect(() => linesOf({ preset: 'node', lines: { gpu: null } })).toThrow(
      'the preset node has no signal gpu; it has node_cpu_utilization_ratio,',
    );
  });
});

it('docs/collectors.md says what every preset gives', () => {
  const words = (text: string): string => text.replace(/-{3,}/g, '---').replace(/\s+/g, ' ');
  const document = readFileSync(resolve(import.meta.dirname, '../../../docs/collectors.md'), 'utf8');
  for (const name of PRESET_NAMES) expect(words(document)).toContain(words(presetTable(name)).trim());
});
