import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FrequentCategories } from './frequent-categories.js';

const RUNS = { numRuns: 1000 };

const COUNTERS = 6;
const KEYS = Array.from({ length: 20 }, (_, i) => String.fromCharCode(97 + i));
// Small numbers come more often, so that some keys are frequent.
const key = fc.tuple(fc.nat(19), fc.nat(19)).map(([a, b]) => KEYS[Math.min(a, b)]!);

const recorded = (keys: readonly string[], maxCounters = COUNTERS): FrequentCategories => {
  const categories = new FrequentCategories(maxCounters);
  for (const one of keys) categories.record(one);
  return categories;
};
const expectCertified = (categories: FrequentCategories, keys: readonly string[]): void => {
  const { errorBound, total } = categories;
  const counters = new Map(categories.byFrequency().map((one) => [one.key, one]));
  expect(total).toBe(keys.length);
  expect(counters.size).toBeLessThanOrEqual(COUNTERS);
  expect(errorBound * (COUNTERS / 2 + 1)).toBeLessThanOrEqual(total);
  for (const one of KEYS) {
    const truth = keys.filter((other) => other === one).length;
    const { count, missedCount } = counters.get(one) ?? { count: 0, missedCount: errorBound };
    expect(missedCount).toBeLessThanOrEqual(errorBound);
    expect(count).toBeLessThanOrEqual(truth);
    expect(truth).toBeLessThanOrEqual(count + missedCount);
  }
};

describe('the frequent categories', () => {
  it('have counts within their certified error, also of keys without a counter', () => {
    fc.assert(
      fc.property(fc.array(key, { maxLength: 200 }), (keys) => expectCertified(recorded(keys), keys)),
      RUNS,
    );
  });
  it('keep it when merged, in any order, and the source stays as it is', () => {
    fc.assert(
      fc.property(fc.array(fc.array(key, { maxLength: 60 }), { maxLength: 6 }), (parts) => {
        const [forward, backward] = [recorded([]), recorded([])];
        const sources = parts.map((part) => recorded(part));
        const before = sources.map((source) => source.byFrequency());
        for (const source of sources) forward.merge(source);
        for (const source of [...sources].reverse()) backward.merge(source);
        expect(sources.map((source) => source.byFrequency())).toEqual(before);
        expectCertified(forward, parts.flat());
        expectCertified(backward, parts.flat());
      }),
      RUNS,
    );
  });
  it('are exact, most frequent first and ties by code units, while counters suffice', () => {
    const categories = recorded(['b', 'a', 'c', 'c', 'f', 'e', 'd']);
    expect(categories.errorBound).toBe(0);
    expect(categories.byFrequency().map((one) => `${one.key}${one.count}`)).toEqual([
      'c2',
      'a1',
      'b1',
      'd1',
      'e1',
      'f1',
    ]);
  });
  it('count a key that is frequent from the start exactly, however many rare ones follow', () => {
    const keys = Array.from({ length: 2000 }, (_, i) => (i % 2 === 0 ? 'often' : `rare-${i}`));
    expect(recorded(keys).byFrequency()[0]).toMatchObject({ key: 'often', count: 1000, missedCount: 0 });
  });
  it.each([0, 1, 5, NaN, Infinity])('refuse %d counters', (maxCounters) => {
    expect(() => recorded([], maxCounters)).toThrow(RangeError);
  });
});
