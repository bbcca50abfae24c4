import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { profileSchema } from '#registry';
import { neededSampleSizes, summaryProblems } from '#stats';
import { ENVIRONMENT_VARIABLES, ERROR_CODES } from '#platform';
import { REJECTION_REASONS } from '#payloads';
import { parseConfigFile } from '../apps/server/config.js';
import { HTTP_STATUS } from '../apps/server/http/http-status.js';

const read = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');

describe('documents say what the code does', () => {
  it('docs/errors.md lists every error code with its status, and every reason for refusing a row', () => {
    const errors = read('docs/errors.md');
    const listed = [...errors.matchAll(/^\| `([a-z-]+)`\s*\| (\d+|–)\s*\|/gm)].map(([, code, status]) => [
      code,
      status,
    ]);
    const expected = ERROR_CODES.map((code) => [
      code,
      code === 'folder-in-use' ? '–' : String(HTTP_STATUS[code]),
    ]);
    expect(listed).toEqual(expected);
    for (const reason of REJECTION_REASONS) expect(errors).toContain(`\`${reason}\``);
  });

  it('README.md names every environment variable', () => {
    const readme = read('README.md');
    for (const name of ENVIRONMENT_VARIABLES) expect(readme).toContain(`\`${name}\``);
  });

  it('the leeway.yaml of README.md, of docs/kafka.md and of the demo are valid', () => {
    const kafka = /```yaml\n([\s\S]*?)```/.exec(read('docs/kafka.md'))?.[1] ?? '';
    expect(parseConfigFile(kafka, {})).toMatchObject({ ok: true, value: { sources: [{ kind: 'kafka' }] } });
    const blocks = [...read('docs/collectors.md').matchAll(/```yaml\n([\s\S]*?)```/g)].map(
      ([, block = '']) =>
        block.startsWith('collectors:')
          ? block
          : `collectors:\n  - name: c\n    model: m\n    kind: prometheus\n    url: http://p\n${block.replace(/^/gm, '    ')}`,
    );
    expect(blocks.map((block) => parseConfigFile(block, {}).ok)).toEqual([true, true, true]);
    const example = /```yaml\n([\s\S]*?)```/.exec(read('README.md'))?.[1] ?? '';
    expect(parseConfigFile(example, {})).toMatchObject({ ok: true });
    expect(
      parseConfigFile(read('apps/demo/leeway.yaml'), {
        RETRAINING_CONSUMER_URL: 'http://127.0.0.1:1',
        MODEL_SERVER_URL: 'http://127.0.0.1:2',
      }),
    ).toMatchObject({ ok: true });
  });

  it('the profile of docs/baseline-profile.md is one', () => {
    const [, example = ''] = /```json\n([\s\S]*?)```/.exec(read('docs/baseline-profile.md')) ?? [];
    const profile = profileSchema.parse(JSON.parse(example));
    expect(summaryProblems(profile)).toEqual([]);
  });

  it('every link of README.md to a file leads somewhere', () => {
    for (const [, target] of read('README.md').matchAll(/\]\((?!https?:)([^)#]+)\)/g))
      expect(() => readFileSync(new URL(`../${target ?? ''}`, import.meta.url))).not.toThrow(/ENOENT/);
  });

  it('docs/statistics.md says how many rows it takes, as the code computes it', () => {
    const cell = (count: number | null): string => (count === null ? 'never' : count.toLocaleString('en-US'));
    const expected = [500, 1_000, 10_000, 100_000, 1_000_000].map((n) => {
      const { psi, tails, ks } = neededSampleSizes(n);
      return [n.toLocaleString('en-US'), cell(psi), cell(tails), cell(ks)];
    });
    const rows = read('docs/statistics.md').matchAll(/^\| ([\d,]+) +\| (\S+) +\| (\S+) +\| (\S+) +\|$/gm);
    expect([...rows].map((row) => row.slice(1))).toEqual(expected);
  });
});
