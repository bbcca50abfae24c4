import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { parse as parseYaml } from 'yaml';
import { metricNames } from '../apps/server/metrics.js';
import { describeWithServer } from './real-servers.js';

const FOLDER = resolve(import.meta.dirname, '../dashboards');
const read = (file: string): string => readFileSync(join(FOLDER, file), 'utf8');
const filesEndingIn = (ending: string): string[] =>
  readdirSync(FOLDER).filter((file) => file.endsWith(ending));

interface Target {
  readonly expr: string;
}
interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly uid: string };
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly targets?: readonly Target[];
}
interface Dashboard {
  readonly uid: string;
  readonly schemaVersion: number;
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly definition?: string }[];
  };
  readonly panels: readonly Panel[];
}
interface RuleFile {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly labels: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
    }[];
  }[];
}

/** The names of the metrics that a PromQL expression, or a template variable's query, reads. */
function metricsOf(expression: string): string[] {
  // A list may name metrics by a pattern: names between its quotes.
  const [, pattern] = /\{__name__=~"([^"]*)"/.exec(expression) ?? [];
  if (pattern !== undefined) return pattern.split('|');
  const bare = expression.replaceAll(/"[^"]*"/g, '""').replaceAll(/\{[^}]*\}/g, '');
  return bare.match(/\b(leeway|nodejs|process|up)(_[a-z0-9_]+)?\b/g) ?? [];
}

/** What /metrics of Leeway has: its own metrics and those that prom-client adds to every Node process. */
function exposedMetrics(): Set<string> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const ofNode = registry.getMetricsAsArray().map(({ name }) => name);
  registry.clear();
  const own = metricNames().flatMap((name) => [name, `${name}_bucket`, `${name}_sum`, `${name}_count`]);
  return new Set([...own, ...ofNode, 'up']);
}

describe.each(filesEndingIn('.json'))('dashboards/%s', (file) => {
  const dashboard = JSON.parse(read(file)) as Dashboard;
  const panels = dashboard.panels.filter(({ type }) => type !== 'row');

  it('reads only metrics that Leeway has', () => {
    const queries = [
      ...panels.flatMap(({ targets }) => targets?.map(({ expr }) => expr) ?? []),
      ...dashboard.templating.list.flatMap(({ definition }) => definition ?? []),
    ];
    const exposed = exposedMetrics();
    expect(queries.filter((query) => metricsOf(query).length === 0)).toEqual([]);
    expect(queries.flatMap(metricsOf).filter((name) => !exposed.has(name))).toEqual([]);
  });
  it('gives every panel its own id', () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
  it('gives every panel a title, a description, a unit and a query', () => {
    const wanting = panels.filter(
      ({ title, description, fieldConfig, targets }) =>
        !title || !description?.endsWith('.') || !fieldConfig?.defaults.unit || !targets?.length,
    );
    expect(wanting.map(({ id, title }) => `${id} ${title}`)).toEqual([]);
  });
  it('asks the data source that the reader chose', () => {
    expect(dashboard.templating.list).toContainEqual(
      expect.objectContaining({ name: 'datasource', type: 'datasource' }),
    );
    expect(
      panels.filter(({ datasource }) => datasource?.uid !== '${datasource}').map(({ title }) => title),
    ).toEqual([]);
  });
  it('lays its panels out side by side', () => {
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(dashboard.panels.filter(({ gridPos: { x, w } }) => x + w > 24).map(({ title }) => title)).toEqual(
      [],
    );
  });
});

const rules = (parseYaml(read('leeway-rules.yml')) as RuleFile).groups.flatMap((group) => group.rules);

describe('dashboards/leeway-rules.yml', () => {
  it('reads only metrics that Leeway has', () => {
    const exposed = exposedMetrics();
    expect(rules.filter(({ expr }) => metricsOf(expr).length === 0)).toEqual([]);
    expect(rules.flatMap(({ expr }) => metricsOf(expr)).filter((name) => !exposed.has(name))).toEqual([]);
  });
  it('says of every alert how severe it is, what happened and what to do', () => {
    const wanting = rules.filter(
      ({ labels, annotations }) =>
        !labels['severity'] || !annotations['summary'] || !annotations['description'],
    );
    expect(wanting.map(({ alert }) => alert)).toEqual([]);
  });
  it('has a test for every alert', () => {
    const tested = new Set(read('leeway-rules.test.yml').match(/(?<=alertname: )\w+/g));
    expect(rules.map(({ alert }) => alert).filter((alert) => !tested.has(alert))).toEqual([]);
  });
});

describeWithServer('promtool', 'dashboards/leeway-rules.yml, as promtool sees it', (promtool) => {
  const run = (...args: string[]): string =>
    execFileSync(promtool, args, { cwd: FOLDER, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

  it('is valid and passes its unit tests', () => {
    expect(run('check', 'rules', 'leeway-rules.yml')).toContain(`${rules.length} rules found`);
    expect(run('test', 'rules', 'leeway-rules.test.yml')).toContain('SUCCESS');
  });
  it.each(rules.map(({ alert }) => alert))('fails its unit tests when %s is deaf', (alert) => {
    const copy = mkdtempSync(join(tmpdir(), 'leeway-rules-'));
    try {
      copyFileSync(join(FOLDER, 'leeway-rules.test.yml'), join(copy, 'leeway-rules.test.yml'));
      const deaf = read('leeway-rules.yml').replace(new RegExp(`alert: ${alert}\\b`), 'alert: Renamed');
      writeFileSync(join(copy, 'leeway-rules.yml'), deaf);
      expect(() => run('test', 'rules', join(copy, 'leeway-rules.test.yml'))).toThrow('FAILED');
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  });
});
