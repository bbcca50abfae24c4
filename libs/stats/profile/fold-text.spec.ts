import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { categoricalColumn, numericColumn, profileOf } from '../columns-for-tests.js';
import type { NamedColumn } from '../columns.js';
import { buildGrid } from '../grid/build-grid.js';
import type { Grid, TextGrid } from '../grid/grid.js';
import { isBlank, tokensOf } from '../grid/text-grid.js';
import { MAX_VOCABULARY } from '../grid/token-uses.js';
import { foldColumns } from './fold-columns.js';
import { mergeProfiles } from './merge-profiles.js';
import { emptyProfile, type Profile, type TextProfile } from './profile.js';
import { frequentValues } from './space-saving.js';

const RUNS = { numRuns: 1000 };
const textColumn = (values: readonly (string | null)[], invalidCount = 0): NamedColumn => ({
  name: 'x',
  values: { kind: 'text', values, invalidCount },
});
const GRID = buildGrid([textColumn(['a b', 'a c', 'b 7 7', null, ''])]);
const { vocabulary } = GRID.columns[0]!.grid as TextGrid;

const word = fc.oneof(
  fc.constantFrom('a', 'B', 'c', '7', 'new', 'x9', ' ', '.'),
  fc.string({ maxLength: 2 }),
);
/** At most 4 tokens a text and 8 texts a batch: three batches have at most 96, so that all unseen ones are counted exactly. */
const text = fc.array(word, { maxLength: 4 }).map((words) => words.join(' '));
const batch = fc.record({
  texts: fc.array(fc.option(text), { maxLength: 8 }),
  invalidCount: fc.nat(3),
  absent: fc.nat(3),
});
interface Batch {
  readonly texts: readonly (string | null)[];
  readonly invalidCount: number;
  readonly absent: number;
}
const folded = (...batches: readonly Batch[]): Profile => {
  const profile = emptyProfile(GRID);
  for (const { texts, invalidCount, absent } of batches) {
    foldColumns(profile, texts.length + invalidCount + absent, [textColumn(texts, invalidCount)]);
  }
  return profile;
};
const merged = (...profiles: readonly Profile[]): Profile => {
  const target = emptyProfile(GRID);
  for (const profile of profiles) mergeProfiles(target, profile);
  return target;
};
const textOf = (profile: Profile): TextProfile => profile.columns[0] as TextProfile;

/** Means and M2 of up to 24 lengths of at most 30: 200 roundings of their sum, or of the sum of squares. */
const MEAN_TOLERANCE = 200 * 24 * 30 * Number.EPSILON;
const M2_TOLERANCE = 200 * 24 * 30 * 30 * Number.EPSILON;
/** Everything is a whole number, and so exact, but the mean and M2 of lengths. */
const expectSame = (a: Profile, b: Profile): void => {
  const exact = (profile: Profile): unknown => {
    const { lengths, unseenTokens, ...rest } = textOf(profile);
    return {
      ...{ rowCount: profile.rowCount, ...rest, unseen: frequentValues(unseenTokens) },
      lengths: { ...lengths, counts: lengths.counts.join(), sums: lengths.sums.join(), mean: 0, m2: 0 },
    };
  };
  expect(exact(a)).toEqual(exact(b));
  const [x, y] = [textOf(a).lengths, textOf(b).lengths];
  expect(Math.abs(x.mean - y.mean)).toBeLessThanOrEqual(MEAN_TOLERANCE);
  expect(Math.abs(x.m2 - y.m2)).toBeLessThanOrEqual(M2_TOLERANCE);
};

describe('folding texts', () => {
  it('counts every row once: as a text, missing or invalid; every text in one cell of lengths', () => {
    fc.assert(
      fc.property(batch, (one) => {
        const profile = folded(one);
        const { count, missingCount, invalidCount, lengths } = textOf(profile);
        const nulls = one.texts.filter((value) => value === null).length;
        expect(missingCount).toBe(nulls + one.absent);
        expect(invalidCount).toBe(one.invalidCount);
        expect(count + missingCount + invalidCount).toBe(profile.rowCount);
        expect(lengths.counts.reduce((total, cell) => total + cell, 0)).toBe(count);
        expect(lengths.count).toBe(count);
      }),
      RUNS,
    );
  });
  it('counts blank texts, tokens, unseen ones, and how these cluster', () => {
    fc.assert(
      fc.property(batch, ({ texts }) => {
        const present = texts.filter((value) => value !== null);
        const unseen = present.map((value) => tokensOf(value).filter((token) => !vocabulary.includes(token)));
        const sumOf = (term: (t: number, u: number) => number): number =>
          present.reduce((sum, value, i) => sum + term(tokensOf(value).length, unseen[i]!.length), 0);
        const profile = textOf(folded({ texts, invalidCount: 0, absent: 0 }));
        expect(profile).toMatchObject({
          emptyCount: present.filter(isBlank).length,
          tokenCount: sumOf((t) => t),
          unseenTokenCount: sumOf((_, u) => u),
          unseenSquared: sumOf((_, u) => u * u),
          unseenByTokens: sumOf((t, u) => u * t),
          tokensSquared: sumOf((t) => t * t),
        });
        const listed = frequentValues(profile.unseenTokens);
        expect(new Set(listed.map(({ value }) => value))).toEqual(new Set(unseen.flat()));
        expect(listed.reduce((sum, { count }) => sum + count, 0)).toBe(profile.unseenTokenCount);
      }),
      RUNS,
    );
  });
  it('of the baseline itself meets no unseen token while its vocabulary is whole', () => {
    fc.assert(
      fc.property(batch, ({ texts, invalidCount }) => {
        const column = textColumn(texts, invalidCount);
        const grid = buildGrid([column]);
        const { tokenCount } = grid.columns[0]!.grid as TextGrid;
        const none = { unseenTokenCount: 0, unseenSquared: 0, unseenByTokens: 0 };
        expect(profileOf(grid, column).columns[0]).toMatchObject({ ...none, tokenCount });
      }),
      RUNS,
    );
  });
  it('counts what the vocabulary has no room for as unseen', () => {
    const tokens = Array.from({ length: MAX_VOCABULARY + 3 }, (_, i) => `w${String(i).padStart(5, '0')}`);
    const column = textColumn([tokens.join(' '), 'w00000 w10001 w10002 w10001']);
    const profile = textOf(profileOf(buildGrid([column]), column));
    // Frequent come first: w10001, then w00000 and w10002; so the last three others are w09998, w09999 and w10000.
    expect(frequentValues(profile.unseenTokens).map(({ value }) => value)).toEqual([
      'w09998',
      'w09999',
      'w10000',
    ]);
    expect(profile).toMatchObject({
      unseenTokenCount: 3,
      unseenSquared: 9,
      unseenByTokens: 3 * tokens.length,
    });
  });
  it('keeps 100 unseen tokens however many there are, a frequent one among them', () => {
    const texts = Array.from({ length: 5000 }, (_, i) => `unseen${i} often`);
    const { unseenTokens, unseenTokenCount } = textOf(folded({ texts, invalidCount: 0, absent: 0 }));
    expect(unseenTokenCount).toBe(10_000);
    expect(frequentValues(unseenTokens)).toHaveLength(100);
    expect(frequentValues(unseenTokens)[0]).toEqual({ value: 'often', count: 5000, overcount: 0 });
  });
  it('takes columns of another kind as invalid, and a text column where another kind is due', () => {
    const wrong = (grid: Grid, column: NamedColumn): unknown => profileOf(grid, column).columns[0];
    const counts = { count: 0, missingCount: 1, invalidCount: 3 };
    expect(wrong(GRID, categoricalColumn(['a', null, 'b'], 1))).toMatchObject(counts);
    expect(wrong(GRID, numericColumn([1, NaN, Infinity], 1))).toMatchObject(counts);
    for (const other of [numericColumn([1]), categoricalColumn(['a'])]) {
      expect(wrong(buildGrid([other]), textColumn(['a', null, 'b'], 1))).toMatchObject(counts);
    }
  });
});

describe('merging the profiles of texts', () => {
  it('equals folding the rows together', () => {
    fc.assert(
      fc.property(batch, batch, (a, b) => expectSame(merged(folded(a), folded(b)), folded(a, b))),
      RUNS,
    );
  });
  it('is commutative', () => {
    fc.assert(
      fc.property(batch, batch, (a, b) =>
        expectSame(merged(folded(a), folded(b)), merged(folded(b), folded(a))),
      ),
      RUNS,
    );
  });
  it('is associative', () => {
    fc.assert(
      fc.property(batch, batch, batch, (...all) => {
        const [a, b, c] = all.map((one) => folded(one)) as [Profile, Profile, Profile];
        expectSame(merged(merged(a, b), c), merged(a, merged(b, c)));
      }),
      RUNS,
    );
  });
  it('has the empty profile as identity and leaves its source alone', () => {
    fc.assert(
      fc.property(batch, (one) => {
        const source = folded(one);
        expectSame(merged(source, emptyProfile(GRID)), source);
        expect(source).toEqual(folded(one));
      }),
      RUNS,
    );
  });
});
