import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { sortedFinite } from './radix-sort.js';
import { numericGrid } from './numeric-grid.js';
import { isBlank, textGrid, tokensOf } from './text-grid.js';
import { MAX_VOCABULARY } from './token-uses.js';

const RUNS = { numRuns: 1000 };
/** Few words, so that texts share some; and any characters, lone surrogates too. */
const word = fc.oneof(fc.constantFrom('a', 'B', 'é', '7', '東京', '', ' '), fc.string({ maxLength: 3 }));
const text = fc.oneof(
  fc.array(word, { maxLength: 8 }).map((words) => words.join(' ')),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 6 }).map((at) => String.fromCharCode(...at)),
);
const texts = fc.array(fc.option(text), { maxLength: 25 });
const present = (values: readonly (string | null)[]): string[] => values.filter((value) => value !== null);

describe('the tokens of a text', () => {
  it.each([
    ['letters and digits between anything else', 'Pay $12.50, now!', ['pay', '12', '50', 'now']],
    ['in lower case, whatever the script', 'ÉTÉ Straße ПРИВЕТ', ['été', 'straße', 'привет']],
    ['as often as they stand there', 'go, go GO', ['go', 'go', 'go']],
    ['whole runs where no blanks are written', '東京都、渋谷区', ['東京都', '渋谷区']],
    ['none of an empty text', '', []],
    ['none of punctuation and lone surrogates', ' -- \ud800 😀 ', []],
  ])('are %s', (_name, value, expected) => expect(tokensOf(value)).toEqual(expected));
  it('are cut to 256 code units, told apart by their hash', () => {
    const long = 'x'.repeat(300);
    const [a, b, c] = tokensOf(`${long}a ${long}b ${long}a`);
    expect(a).toHaveLength(256);
    expect(a).not.toBe(b);
    expect(c).toBe(a);
  });
});

describe('a blank text', () => {
  it.each([
    ['', true],
    [' \t\n\u00a0', true],
    ['.', false],
    [' a ', false],
  ])('%j: %s', (value, expected) => expect(isBlank(value)).toBe(expected));
});

describe('the grid of a text column', () => {
  it('knows every token, most frequent first, ties by code units', () => {
    fc.assert(
      fc.property(texts, (values) => {
        const tokens = present(values).flatMap(tokensOf);
        const times = (token: string): number => tokens.filter((other) => other === token).length;
        const { vocabulary, tokenCount } = textGrid(values);
        const expected = [...new Set(tokens)].sort((a, b) => times(b) - times(a) || (a < b ? -1 : 1));
        expect(vocabulary).toEqual(expected);
        expect(tokenCount).toBe(tokens.length);
      }),
      RUNS,
    );
  });
  it('expects as many unseen tokens as stand in one text only', () => {
    fc.assert(
      fc.property(texts, (values) => {
        const tokens = present(values).map(tokensOf);
        const inOneText = tokens.map(
          (own, i) =>
            own.filter((token) => !tokens.some((other, j) => j !== i && other.includes(token))).length,
        );
        const expected = inOneText.reduce((total, count) => total + count, 0);
        expect(textGrid(values).expectedUnseenCount).toBe(expected);
      }),
      RUNS,
    );
  });
  it('counts lengths on the numeric grid of the lengths in code units', () => {
    fc.assert(
      fc.property(texts, (values) => {
        const lengths = present(values).map(({ length }) => length);
        expect(textGrid(values).lengths).toEqual(numericGrid(sortedFinite(lengths)));
      }),
      RUNS,
    );
  });
  it('depends neither on the order of texts nor on missing ones', () => {
    fc.assert(
      fc.property(texts, (values) => {
        expect(textGrid([null, ...[...values].reverse()])).toEqual(textGrid(values));
      }),
      RUNS,
    );
  });
  it('keeps the 10,000 most frequent tokens; what stands outside is expected to be unseen', () => {
    const rare = Array.from({ length: MAX_VOCABULARY + 500 }, (_, i) => `w${String(i).padStart(5, '0')}`);
    const frequent = rare.slice(-1000);
    const grid = textGrid([rare.join(' '), rare.join(' '), frequent.join(' ')]);
    expect(grid.vocabulary).toEqual([...frequent, ...rare.slice(0, MAX_VOCABULARY - 1000)]);
    expect(grid.tokenCount).toBe(2 * rare.length + 1000);
    expect(grid.expectedUnseenCount).toBe(2 * 500);
  });
  it.each([
    ['no text', []],
    ['missing texts only', [null, null]],
    ['blank texts only', ['', ' ']],
  ])('may have no token: %s', (_name, values) => {
    expect(textGrid(values)).toMatchObject({ vocabulary: [], tokenCount: 0, expectedUnseenCount: 0 });
  });
  it('is the one of the example: "a b" and "a c"', () => {
    const expected = { vocabulary: ['a', 'b', 'c'], tokenCount: 4, expectedUnseenCount: 2 };
    expect(textGrid(['a b', 'a c'])).toMatchObject(expected);
  });
});
