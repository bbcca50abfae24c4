import { describe, expect, it } from '@jest/globals';
import { secretResolver } from '#platform';
import { parseConfigFile, secretProblems } from './config.js';

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

  const SOURCE = {
    name: 's',
    kind: 'kafka',
    brokers: ['k:9092'],
    topics: ['t'],
    groupId: 'g',
    model: 'm',
    version: 'v1',
  };
  // JSON is YAML.
  const sources = (...changes: object[]): string =>
    JSON.stringify({ sources: changes.map((change) => ({ ...SOURCE, ...change })) });

  it('says what is wrong with sources, and gives what is left out its default', () => {
    expect(parseConfigFile(sources({}), {})).toMatchObject({
      ok: true,
      value: { sources: [{ format: 'json', from: 'earliest', sessionTimeout: '45s', lagInterval: '15s' }] },
    });
    for (const [change, place] of [
      [{ brokers: ['k'] }, 'sources.0.brokers.0: must be host:port'],
      [{ brokers: ['k:70000'] }, 'sources.0.brokers.0: must have a port'],
      [{ topics: ['t', 't'] }, 'sources.0.topics: must not name a topic twice'],
      [{ sessionTimeout: '31m' }, 'sources.0.sessionTimeout: must be at most 30m'],
      [{ tls: { certificate: { env: 'A' } } }, 'sources.0.tls.key: a certificate and its key come together'],
    ] as const)
      expect(problemsOf(sources(change))).toContain(place);
    const twice = problemsOf(sources({}, {}));
    expect(twice).toContain('sources: the name "s" stands twice');
    expect(twice).toContain('sources: the groupId "g" stands twice');
  });

  it('names the secrets of sources that are not there', () => {
    const sasl = { mechanism: 'plain', username: 'u', password: { env: 'PW' } };
    const parsed = parseConfigFile(sources({ tls: { ca: { env: 'CA' } }, sasl }), {});
    expect(parsed.ok && secretProblems(parsed.value, secretResolver({ PW: 'x' }))).toEqual([
      'sources.0.tls.ca: the environment variable CA is not set',
    ]);
  });

  it('says where YAML is broken', () => expect(problemsOf('a: [1')).toMatch(/line/));
});
