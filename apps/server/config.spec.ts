import { describe, expect, it } from '@jest/globals';
import { parseConfigFile } from './config.js';

const problemsOf = (text: string, env: Record<string, string> = {}): string => {
  const parsed = parseConfigFile(text, env);
  return parsed.ok ? '' : parsed.problems.join('\n');
};

describe('leeway.yaml', () => {
  it('may be empty', () =>
    expect(parseConfigFile('', {})).toMatchObject({
      ok: true,
      value: { evaluation: { interval: '15s' }, rules: [] },
    }));

  it('takes variables from the environment, with defaults', () => {
    const text = 'models: [{ name: "${NAME:-flights}", description: "in ${PLACE}" }]';
    expect(parseConfigFile(text, { PLACE: 'Ulm' })).toMatchObject({
      ok: true,
      value: { models: [{ name: 'flights', description: 'in Ulm' }] },
    });
    expect(problemsOf(text)).toContain('PLACE is not set');
  });

  it('names every problem with its place', () => {
    const problems = problemsOf(`
models: [{ name: "a b", grain: 5 }, { name: m }, { name: m }]
rules: [{ name: r, signal: s, condition: { op: "=>", threshold: 1 } }]
unknown: 1`);
    for (const place of ['models.0.name', 'models.0.grain', 'rules.0.condition.op', 'unknown'])
      expect(problems).toContain(place);
  });

  it('checks that names fit together', () => {
    const problems = problemsOf(`
models: [{ name: m }, { name: m }]
rules: [{ name: r, signal: s, condition: { op: ">", threshold: 1 }, channels: [ops], trigger: t }]`);
    for (const part of ['the name "m" stands twice', 'there is no channel "ops"', 'there is no trigger "t"'])
      expect(problems).toContain(part);
  });

  it('says where YAML is broken', () => expect(problemsOf('a: [1')).toMatch(/line/));
});
