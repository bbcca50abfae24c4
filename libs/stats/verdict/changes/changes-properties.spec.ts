import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { explanation } from './change-words.js';
import {
  baselineProfile,
  changesBetween,
  columnOf,
  windowProfile,
  type Values,
} from './changes-for-tests.js';

const RUNS = { numRuns: 1_000 };
const odd = fc.constantFrom(
  0,
  -0,
  1e308,
  -1e308,
  Number.MAX_VALUE,
  5e-324,
  NaN,
  Infinity,
  -Infinity,
  7,
  1e-300,
);
const lists = fc.oneof(
  fc.array(fc.oneof(fc.double(), odd), { maxLength: 80 }),
  fc.array(fc.integer({ min: -5, max: 30 }), { minLength: 20, maxLength: 120 }),
  fc.array(fc.double({ min: 1, max: 100, noNaN: true }), { minLength: 20, maxLength: 120 }),
  fc.tuple(odd, fc.integer({ min: 0, max: 60 })).map(([x, count]) => new Array<number>(count).fill(x)),
);
const maps = fc
  .tuple(lists, fc.oneof(fc.double(), fc.constantFrom(1, -1, 1000, 1e300, 1e-300, 0)), fc.double())
  .map(([list, factor, offset]) => list.map((x) => x * factor + offset));
const numbers = fc.oneof(lists, maps).map((list) => Float64Array.from(list));
const names = fc.oneof(
  fc.constantFrom(
    'US',
    'us',
    ' US',
    'DE',
    '',
    ' ',
    'constructor',
    '__proto__',
    'a\u0000b',
    '\ud800',
    'İ',
    'ﬁ',
  ),
  fc.string({ unit: 'binary', maxLength: 60 }),
);
const texts = fc.array(fc.option(names), { maxLength: 120 });

function expectFinite(value: unknown): void {
  if (typeof value === 'number') expect(Number.isFinite(value)).toBe(true);
  else if (value !== null && typeof value === 'object') Object.values(value).forEach(expectFinite);
}

function changesOf(baseline: Values, window: Values) {
  const profile = baselineProfile(columnOf(baseline));
  return changesBetween(profile, windowProfile(profile, columnOf(window)));
}

/** Neither throws, nor has NaN in a field, nor words that are not for people. */
function expectSound(baseline: Values, window: Values): void {
  const changes = changesOf(baseline, window);
  expectFinite(changes);
  expect(JSON.parse(JSON.stringify(changes))).toEqual(changes);
  const words = explanation('x', changes);
  expect(words.length).toBeGreaterThan(0);
  // Names of categories may hold anything; what stands between quotes is theirs.
  expect(words.replaceAll(/"(?:[^"\\]|\\.)*"/g, '')).not.toMatch(
    /NaN|undefined|Infinity|null|object|[\p{Cc}]/u,
  );
  const kinds = changes
    .map(({ kind }) => kind)
    .filter((kind) => !/^(mass|vanished|category|tail)/.test(kind));
  expect(new Set(kinds).size).toBe(kinds.length);
}

describe('no input', () => {
  it('of numbers throws, gives NaN, or words that are none', () => {
    fc.assert(fc.property(numbers, numbers, expectSound), RUNS);
  });
  it('of numbers and their own map does', () => {
    fc.assert(
      fc.property(lists, fc.double(), fc.double(), (list, factor, offset) =>
        expectSound(
          Float64Array.from(list),
          Float64Array.from(list, (x) => x * factor + offset),
        ),
      ),
      RUNS,
    );
  });
  it('of texts does', () => {
    fc.assert(fc.property(texts, texts, expectSound), RUNS);
  });
});

describe('a profile against itself', () => {
  it('gives no change', () => {
    fc.assert(
      fc.property(fc.oneof(numbers, texts), (values) => {
        expect(explanation('x', changesOf(values, values))).toBe('no notable change');
      }),
      RUNS,
    );
  });
});
