import 'reflect-metadata';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { parse as parseYaml } from 'yaml';
import { MonitoredLeeway } from './monitored-leeway.js';
import { describeWithServer } from './real-servers.js';
import { until } from './until.js';

const ROOT = resolve(import.meta.dirname, '..');
const FOLDER = join(ROOT, 'dashboards');
const TIMEOUT_MS = 120_000;

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets?: readonly { readonly expr: string }[];
  }[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
}

/** What Grafana puts in place of its variables: all of a list, and four times the scrape interval. */
const VARIABLES: Readonly<Record<string, string>> = {
  __rate_interval: '5s',
  version: '.*',
  column: '.*',
  job: '.*',
};
const substituted = (text: string, model: string): string =>
  text.replaceAll(/\$(\w+)/g, (_, name: string) => {
    const value = name === 'model' ? model : VARIABLES[name];
    if (value === undefined) throw new Error(`nobody knows the variable ${name}`);
    return value;
  });

const dashboards = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.json'))
  .map((file) => ({ file, ...(JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Dashboard) }));
const queries = dashboards.flatMap(({ file, panels, annotations }) => {
  // One model is chosen where a panel asks for equality.
  const text = (expr: string): string => substituted(expr, expr.includes('model="$model"') ? 'shop' : '.*');
  return [
    ...panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }) => ({ where: `${file}: ${title}`, query: text(expr) })),
    ),
    ...annotations.list.map(({ expr }) => ({ where: `${file}: annotation`, query: text(expr) })),
  ];
});
const lists = dashboards.flatMap(({ file, templating }) =>
  templating.list.flatMap(({ name, definition }) => {
    const [, match = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(definition ?? '') ?? [];
    return definition === undefined
      ? []
      : [{ where: `${file}: ${name}`, label, match: substituted(match, 'shop') }];
  }),
);
const alerts = (
  parseYaml(readFileSync(join(FOLDER, 'leeway-rules.yml'), 'utf8')) as {
    groups: { rules: { alert: string; expr: string }[] }[];
  }
).groups.flatMap(({ rules }) => rules);

/** The selectors of an expression: an alert that does not fire gives nothing, but what it reads must be there. */
const selectorsOf = (expr: string): string[] => expr.match(/\b(?:leeway_\w+|up)\b(?:\{[^}]*\})?/g) ?? [];

describeWithServer('prometheus', 'a real Prometheus that scrapes a real Leeway', (executable) => {
  let leeway: MonitoredLeeway;
  beforeAll(async () => {
    leeway = await MonitoredLeeway.start(executable);
  }, TIMEOUT_MS);
  afterAll(() => leeway.stop());

  async function ask<Data>(path: string, parameters: Record<string, string>): Promise<Data> {
    const query = new URLSearchParams(parameters).toString();
    const answer = await fetch(`${leeway.prometheus.url}/api/v1/${path}?${query}`);
    const { status, error, data } = (await answer.json()) as { status: string; error?: string; data: Data };
    if (status !== 'success') throw new Error(`${JSON.stringify(parameters)}: ${error}`);
    return data;
  }
  /** Whether a query gives a number, NaN and infinities aside. */
  async function givesData(query: string): Promise<boolean> {
    const { result } = await ask<{ result: { value: [number, string] }[] }>('query', { query });
    return result.some(({ value: [, text] }) => Number.isFinite(Number(text)));
  }
  /** Those that never gave data while they were asked again and again; each is asked until it did. */
  async function silent<Query>(
    all: readonly Query[],
    gives: (query: Query) => Promise<boolean>,
  ): Promise<Query[]> {
    let left = all;
    await until(async () => {
      const answers = await Promise.all(left.map(gives));
      left = left.filter((_, index) => answers[index] === false);
      return left.length === 0;
    }, TIMEOUT_MS / 2).catch((error: unknown) => {
      if (!(error instanceof Error && error.message.startsWith('the condition'))) throw error;
    });
    return [...left];
  }

  it(
    'gets data for every query of every dashboard',
    async () => {
      expect(queries.length).toBeGreaterThan(80);
      expect(await silent(queries, ({ query }) => givesData(query))).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    'fills every list of the dashboards to choose from',
    async () => {
      expect(lists.length).toBeGreaterThan(3);
      const gives = async ({ label, match }: (typeof lists)[number]): Promise<boolean> =>
        (await ask<string[]>(`label/${label}/values`, { 'match[]': match })).length > 0;
      expect(await silent(lists, gives)).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    'understands every alert, and has what each of them reads',
    async () => {
      for (const { expr } of alerts) await ask('query', { query: expr });
      const read = alerts.flatMap(({ alert, expr }) =>
        selectorsOf(expr).map((selector) => ({ alert, selector })),
      );
      expect(new Set(read.map(({ alert }) => alert)).size).toBe(alerts.length);
      expect(await silent(read, ({ selector }) => givesData(selector))).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it('would notice a query that gives nothing', async () => {
    expect(await givesData('leeway_no_such_metric')).toBe(false);
    expect(await givesData('leeway_alerts{model="nobody"}')).toBe(false);
    expect(await givesData('0 / vector(0)')).toBe(false);
    await expect(givesData('sum(')).rejects.toThrow('parse error');
  });

  it('gets the labels that docs/metrics.md says, and no others', async () => {
    const rows = readFileSync(join(ROOT, 'docs/metrics.md'), 'utf8').matchAll(
      /^\| `(leeway_\w+)` +\| (\w+) +\| ([^|]*?) +\|/gm,
    );
    const documented = new Map(
      [...rows].map(([, name = '', , labels = '']) => [
        name,
        {
          labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label),
          isOpen: labels.includes('those of'),
        },
      ]),
    );
    const data = await ask<Record<string, string>[]>('series', { 'match[]': '{__name__=~"leeway_.+"}' });
    const surprises = data.flatMap(({ __name__: metric = '', ...labels }) => {
      const name = metric.replace(/_(bucket|sum|count)$/, '');
      const said = documented.get(metric) ?? documented.get(name);
      if (said === undefined) return [`${metric} is not documented`];
      const known = new Set<unknown>([...said.labels, 'job', 'instance', 'le']);
      return Object.keys(labels)
        .filter((label) => !known.has(label) && !said.isOpen)
        .map((label) => `${metric} has the label ${label}`);
    });
    expect([...new Set(surprises)]).toEqual([]);
    // Each metric is there, so each was looked at; those that need what did not happen here are named.
    const shown = new Set(
      data.map(({ __name__: metric = '' }) => metric.replace(/_(bucket|sum|count)$/, '')),
    );
    expect([...documented.keys()].filter((name) => !shown.has(name))).toEqual([
      // Requests and responses came together.
      'leeway_window_unpaired_half_ratio',
    ]);
  });

  describeWithServer('promtool', 'and promtool', (promtool) => {
    it('finds nothing to complain about on its page', async () => {
      const page = await (await fetch(`${leeway.server.url}/metrics`)).text();
      expect(page).toMatch(/^leeway_drift_verdict\{/m);
      // promtool writes its complaints to stdout or stderr and ends with a status of its own.
      expect(
        execFileSync(promtool, ['check', 'metrics'], { input: page, encoding: 'utf8', stdio: 'pipe' }),
      ).toBe('');
    });
  });
});
