import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { driftBetween, seededUniform } from '../columns-for-tests.js';
import type { NamedColumn } from '../columns.js';

const RUNS = { numRuns: 1000 };
const textColumn = (values: readonly (string | null)[], invalidCount = 0): NamedColumn => ({
  name: 'comment',
  values: { kind: 'text', values, invalidCount },
});

/** Texts of 4 to 12 words out of 600, the first ones much more frequent than the last. */
function comments(count: number, seed: number, prefix = 'word'): string[] {
  const uniform = seededUniform(seed);
  const word = (): string => `${prefix}${Math.floor(600 * uniform() ** 3)}`;
  return Array.from({ length: count }, () =>
    Array.from({ length: 4 + Math.floor(9 * uniform()) }, word).join(' '),
  );
}
const BASELINE = textColumn(comments(20_000, 1));
const every = (share: number, texts: readonly string[], change: (text: string) => string | null) =>
  texts.map((text, i) => (i % Math.round(1 / share) === 0 ? change(text) : text));

describe('the verdict on texts', () => {
  it('is ok where texts are as before, with the lengths that were measured', () => {
    const drift = driftBetween(BASELINE, textColumn(comments(5000, 2)));
    expect(drift).toMatchObject({
      kind: 'text',
      verdict: 'ok',
      changes: [],
      explanation: 'no notable change',
    });
    expect(drift.unseenShare).toBeLessThan(0.001);
    expect(drift.ks!).toBeLessThan(0.03);
  });
  it('does not take words that are new to a small baseline for drift', () => {
    const rare = (count: number, seed: number): NamedColumn => {
      const uniform = seededUniform(seed);
      const word = (): string => `w${Math.floor(50_000 * uniform())}`;
      return textColumn(Array.from({ length: count }, () => `${word()} ${word()} ${word()}`));
    };
    const drift = driftBetween(rare(1000, 3), rare(1000, 4));
    expect(drift.unseenShare).toBeGreaterThan(0.9);
    expect(drift.baselineUnseenShare).toBeGreaterThan(0.9);
    expect(drift.qualityVerdict).toBe('ok');
  });
  it.each([
    [
      '3% blank',
      every(1 / 33, comments(4000, 5), () => '  '),
      { verdict: 'warning', reason: 'empty-share-increased' },
      'empty-spike',
      'empty values of `comment` went from 0% to 3% of rows',
    ],
    [
      'half blank',
      every(1 / 2, comments(4000, 5), () => ''),
      { verdict: 'drifted', qualityVerdict: 'drifted' },
      'empty-spike',
      'empty values of `comment` went from 0% to 50% of rows',
    ],
    [
      'another language in a fifth of the texts',
      [...comments(3200, 6), ...comments(800, 7, 'mot')],
      { verdict: 'drifted', reason: 'unseen-tokens' },
      'unseen-tokens',
      '20% of the words of `comment` are new, 0% expected: "mot0"',
    ],
    [
      'texts cut at 20 characters',
      comments(4000, 8).map((text) => text.slice(0, 20)),
      { distributionVerdict: 'drifted' },
      'length-changed',
      'length of `comment`',
    ],
    [
      'a fifth missing',
      every(1 / 5, comments(4000, 9), () => null),
      { verdict: 'drifted', reason: 'missing-share-increased' },
      'missing-spike',
      'missing',
    ],
  ])('names %s', (_, texts, verdict, kind, words) => {
    const drift = driftBetween(BASELINE, textColumn(texts));
    expect(drift).toMatchObject(verdict);
    expect(drift.changes.map((change) => change.kind)).toContain(kind);
    expect(drift.explanation).toContain(words);
  });
  it('is never NaN or infinite, whatever the texts', () => {
    const text = fc.option(
      fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', ' ', 'a b', '\ud800', 'a')),
    );
    const texts = fc.array(text, { maxLength: 40 });
    fc.assert(
      fc.property(texts, texts, fc.nat(30), (a, b, invalidCount) => {
        const text = JSON.stringify(
          driftBetween(textColumn(a), textColumn(b, invalidCount)),
          (_, value: unknown) => {
            if (typeof value === 'number' && !Number.isFinite(value)) throw new Error('not a finite number');
            return value;
          },
        );
        expect(text).toContain('"kind":"text"');
      }),
      RUNS,
    );
  });
});
