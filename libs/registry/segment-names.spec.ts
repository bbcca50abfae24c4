import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OTHER, segmentName, UNKNOWN, WHOLE } from './segment-names.js';

const part = fc.oneof(
  fc.constantFrom(null, 'missing', 'other', 'unknown', 'all', '', '|', '\\', '\\other', 'a|b', 0, -1.5),
  fc.string({ unit: fc.constantFrom('a', '|', '\\') }),
);
const values = fc.array(part, { minLength: 1, maxLength: 3 });
/** 0 and "0" are of different columns' types: one segment column has only one of them. */
const asTexts = (each: readonly (string | number | null)[]): (string | null)[] =>
  each.map((value) => (value === null ? null : String(value)));

describe('segmentName', () => {
  it.each<[string, (string | number | null)[], string]>([
    ['a value', ['de'], 'de'],
    ['a number', [1.5], '1.5'],
    ['a missing value', [null], 'missing'],
    ['a missing number', [NaN], 'missing'],
    ['a value that reads as a missing one', ['missing'], '\\missing'],
    ["a value that reads as Leeway's own name", ['other'], '\\other'],
    ['a value that reads as an escaped one', ['\\other'], '\\\\other'],
    ['a bar in a single value', ['a|b'], 'a|b'],
    ['a backslash inside a single value', ['a\\b'], 'a\\b'],
    ['an empty value', [''], ''],
    ['several values', ['de', 'gold', 3], 'de|gold|3'],
    ['several, one missing', ['de', null], 'de|missing'],
    ['several, one that reads as missing', ['de', 'missing'], 'de|\\missing'],
    ['several, with bars and backslashes', ['a|b', 'c\\'], 'a\\|b|c\\\\'],
    ['several, with a name that is only one of whole segments', ['other', 'all'], 'other|all'],
  ])('names %s', (_, each, name) => {
    expect(segmentName(each)).toBe(name);
  });

  it('gives different values of as many columns different names', () => {
    fc.assert(
      fc.property(values, values, (one, other) => {
        fc.pre(
          one.length === other.length && JSON.stringify(asTexts(one)) !== JSON.stringify(asTexts(other)),
        );
        expect(segmentName(one)).not.toBe(segmentName(other));
      }),
      { numRuns: 2_000 },
    );
  });

  it("gives no values a name of Leeway's own", () => {
    fc.assert(
      fc.property(values, (each) => {
        expect([WHOLE, OTHER, UNKNOWN]).not.toContain(segmentName(each));
      }),
      { numRuns: 2_000 },
    );
  });
});
