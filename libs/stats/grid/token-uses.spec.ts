import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MAX_VOCABULARY, TokenUses } from './token-uses.js';

const RUNS = { numRuns: 1000 };
const texts = fc.array(fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 5 }), {
  maxLength: 6,
});
type Texts = readonly (readonly string[])[];

const usesOf = (...sets: readonly Texts[]): TokenUses => {
  const uses = new TokenUses();
  for (const tokens of sets.flat()) uses.recordText(tokens);
  return uses;
};
const merged = (...parts: readonly TokenUses[]): TokenUses => {
  const uses = new TokenUses();
  for (const part of parts) uses.merge(part);
  return uses;
};

describe('merging the uses of tokens', () => {
  it('equals recording all texts, and so do texts recorded after it', () => {
    fc.assert(
      fc.property(texts, texts, texts, (a, b, c) => {
        const uses = usesOf(a);
        uses.merge(usesOf(b));
        for (const tokens of c) uses.recordText(tokens);
        expect(uses.ranked()).toEqual(usesOf(a, b, c).ranked());
      }),
      RUNS,
    );
  });
  it('is commutative and associative, has no texts as identity, and leaves its source alone', () => {
    fc.assert(
      fc.property(texts, texts, texts, (...all) => {
        const [a, b, c] = all.map((one) => usesOf(one)) as [TokenUses, TokenUses, TokenUses];
        const before = b.ranked();
        expect(merged(a, b).ranked()).toEqual(merged(b, a).ranked());
        expect(merged(merged(a, b), c).ranked()).toEqual(merged(a, merged(b, c)).ranked());
        expect(merged(b, new TokenUses()).ranked()).toEqual(before);
        expect(b.ranked()).toEqual(before);
      }),
      RUNS,
    );
  });
});

describe('more than 200,000 distinct tokens', () => {
  const ORDERS = 240_000;
  const WORDS = 9000;
  /** An identifier a text, and words that are only used towards the end: each in 10 texts. */
  const textAt = (i: number): string[] => {
    const late = i - (ORDERS - WORDS);
    const words = late < 0 ? [] : Array.from({ length: 10 }, (_, j) => `word${(late + 7 * j) % WORDS}`);
    return [`order-number-${i}`, ...words];
  };
  const halves = [new TokenUses(), new TokenUses()] as const;
  for (let i = 0; i < ORDERS; i++) halves[i % 2]!.recordText(textAt(i));
  const whole = new TokenUses();
  for (let i = 0; i < ORDERS; i++) whole.recordText(textAt(i));

  it.each([
    ['one by one', whole],
    ['in two halves', merged(...halves)],
  ])('are counted within the stated error, late words too: %s', (_name, uses) => {
    const { vocabulary, others, tokenCount, expectedUnseenCount } = uses.ranked();
    expect(tokenCount).toBe(ORDERS + 10 * WORDS);
    expect(uses.errorBound).toBeGreaterThan(0);
    expect(uses.errorBound).toBeLessThanOrEqual(tokenCount / 100_001);
    expect(vocabulary.length).toBeLessThanOrEqual(MAX_VOCABULARY);
    const words = vocabulary.filter(({ key }) => key.startsWith('word'));
    expect(words).toHaveLength(WORDS);
    for (const { count, missedCount } of words) {
      expect(count).toBeLessThanOrEqual(10);
      expect(count + missedCount).toBeGreaterThanOrEqual(10);
    }
    for (const { count } of others) expect(count).toBe(1);
    // Identifiers are all in a single text; a word may be taken for unseen as often as it was missed.
    expect(expectedUnseenCount).toBeGreaterThanOrEqual(ORDERS);
    expect(expectedUnseenCount).toBeLessThanOrEqual(ORDERS + WORDS * uses.errorBound);
  });
  it('take at most 200,000 counters', () => {
    for (const uses of [whole, merged(...halves)]) {
      const { vocabulary, others } = uses.ranked();
      expect(vocabulary.length + others.length).toBeLessThanOrEqual(200_000);
      expect(uses.approximateBytes).toBeLessThanOrEqual(200_000 * (2 * 'order-number-000000'.length + 150));
    }
  });
});
