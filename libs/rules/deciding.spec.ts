import { describe, expect, it } from '@jest/globals';
import { render, summaryOf } from './annotations.js';
import { notifyReason } from './notify-reason.js';
import { observe } from './observation.js';
import { ruleSchema } from './schemas.js';

const samples = (...values: (number | null)[]): { at: number; value: number | null }[] =>
  values.map((value, index) => ({ at: -index, value }));

describe('observe: at least 2 of the newest 3 samples are >= 2', () => {
  const rule = { condition: { op: '>=' as const, threshold: 2 }, breaches: { atLeast: 2, of: 3 } };

  it.each([
    ['two breaches', [2, 0, 3], 'breached'],
    ['one breach', [2, 0, 0], 'clear'],
    ['older breaches beyond the newest three', [0, 0, 2, 2, 2], 'clear'],
    ['nothing at all', [], 'missing'],
    ['an unmeasured sample that could be the second breach', [2, null, 0], 'missing'],
    ['an unmeasured sample that could not', [0, null, 0], 'clear'],
    ['only unmeasured samples', [null, null], 'missing'],
  ])('%s', (_name, values, expected) => expect(observe(samples(...values), rule)).toBe(expected));

  it.each([
    ['>', 1, 0, true],
    ['<', 0, 1, true],
    ['<=', 1, 1, true],
    ['==', 1, 1, true],
    ['!=', 1, 1, false],
  ] as const)('%s', (op, value, threshold, holds) => {
    expect(observe(samples(value), { condition: { op, threshold }, breaches: { atLeast: 1, of: 1 } })).toBe(
      holds ? 'breached' : 'clear',
    );
  });
});

describe('notifyReason, wait 30, interval 300, repeat 4000', () => {
  const timing = { groupWaitMs: 30, groupIntervalMs: 300, repeatIntervalMs: 4_000 };
  const firing = (...ids: string[]): Map<string, number> => new Map(ids.map((id) => [id, 1_000]));
  const sent = (...ids: string[]): { firing: Set<string>; sentAt: number } => ({
    firing: new Set(ids),
    sentAt: 1_000,
  });

  it.each([
    ['nothing fires and nothing was sent', null, firing(), 5_000, null],
    ['a first alert waits for others', null, firing('a'), 1_029, null],
    ['a first alert after the wait', null, firing('a'), 1_030, 'first-notification'],
    ['nothing changed', sent('a'), firing('a'), 2_000, null],
    ['nothing changed for long', sent('a'), firing('a'), 5_000, 'repeat-interval-elapsed'],
    ['another alert joins too early', sent('a'), firing('a', 'b'), 1_299, null],
    ['another alert joins', sent('a'), firing('a', 'b'), 1_300, 'new-alerts'],
    ['one replaces another', sent('a'), firing('b'), 1_300, 'new-alerts'],
    ['one of two resolved', sent('a', 'b'), firing('a'), 2_000, null],
    ['all resolved', sent('a'), firing(), 1_300, 'all-resolved'],
    ['all resolved, said already', sent(), firing(), 9_000, null],
  ])('%s', (_name, previous, now, at, expected) =>
    expect(notifyReason(previous, now, timing, at)).toBe(expected),
  );
});

describe('annotations', () => {
  const context = { labels: { model: 'flights', column: 'distance' }, value: 2.00001 };

  it('fills in labels and the value', () => {
    expect(render('{{ $labels.column }} of {{$labels.model}}: {{ $value }}{{ $labels.none }}', context)).toBe(
      'distance of flights: 2',
    );
  });

  it('says in plain words what holds when the rule has no words', () => {
    expect(
      summaryOf(ruleSchema.parse({ name: 'r', signal: 's', condition: { op: '>', threshold: 1 } }), context),
    ).toBe('s of flights is 2 (> 1)');
  });
});
