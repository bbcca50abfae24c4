import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeWithServer } from './real-servers.js';
import { startTestServer, type TestServer } from './test-server.js';

const DOCUMENT = readFileSync(resolve(import.meta.dirname, '../docs/metrics.md'), 'utf8');

describe('/metrics of a server', () => {
  let server: TestServer;
  let page = '';
  beforeAll(async () => {
    server = await startTestServer();
    page = await (await fetch(`${server.url}/metrics`)).text();
  }, 60_000);
  afterAll(() => server.close());

  it('is what docs/metrics.md says, name by name, with type and meaning', () => {
    const shown = [...page.matchAll(/^# HELP (leeway_\w+) (.*)\n# TYPE \1 (\w+)$/gm)].map(
      ([, name, help, type]) => `${name} ${type} ${help}`,
    );
    const documented = [
      ...DOCUMENT.matchAll(/^\| `(leeway_\w+)` +\| (\w+) +\|[^|]*\|[^|]*\| (.*?) +\|$/gm),
    ].map(([, name, type, help]) => `${name} ${type} ${help}`);
    expect(shown.length).toBeGreaterThan(30);
    expect(documented.sort()).toEqual(shown.sort());
  });

  it('has the documented labels, where a series exists', () => {
    const labelsOf = new Map(
      [...DOCUMENT.matchAll(/^\| `(leeway_\w+)` +\| \w+ +\|([^|]*)\|/gm)].map(
        ([, name = '', labels = '']) => [
          name,
          [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label),
        ],
      ),
    );
    const wrong = [...page.matchAll(/^(leeway_\w+?)(?:_bucket|_sum|_count)?\{([^}]*)\} /gm)].flatMap(
      ([, name = '', labels = '']) => {
        const found = [...labels.matchAll(/(\w+)="/g)]
          .map(([, label = '']) => label)
          .filter((label) => label !== 'le');
        const known = labelsOf.get(name) ?? [];
        return name === 'leeway_signal' || found.every((label) => known.includes(label))
          ? []
          : [`${name}{${labels}}`];
      },
    );
    expect(wrong).toEqual([]);
  });

  describeWithServer('promtool', 'as promtool sees it', (promtool) => {
    it('has no objection', () => {
      const check = (text: string): string =>
        execFileSync(promtool, ['check', 'metrics'], { input: text, encoding: 'utf8', stdio: 'pipe' });
      expect(check(page)).toBe('');
      expect(() => check(`${page}# TYPE odd_total gauge\nodd_total 1\n`)).toThrow('odd_total');
    });
  });
});
