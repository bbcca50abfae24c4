import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { NamedColumn } from '../columns.js';
import { buildGrid } from '../grid/build-grid.js';
import { foldColumns } from '../profile/fold-columns.js';
import { serializeProfile } from '../profile/profile-codec.js';
import { emptyProfile, type Profile } from '../profile/profile.js';
import { profileOfSummary } from './profile-of-summary.js';
import type { NamedColumnSummary, NumericColumnSummary, ProfileSummary } from './profile-summary.js';
import { summaryOfProfile } from './summary-of-profile.js';
import { summaryProblems } from './summary-problems.js';

function profileOf(rowCount: number, columns: readonly NamedColumn[]): Profile {
  const profile = emptyProfile(buildGrid(columns));
  foldColumns(profile, rowCount, columns);
  return profile;
}

/** Through JSON, as a summary travels. */
const sent = (profile: Profile): ProfileSummary =>
  JSON.parse(JSON.stringify(summaryOfProfile(profile))) as ProfileSummary;

const cells = fc.record({
  numbers: fc.array(fc.oneof(fc.double({ min: -1e150, max: 1e150 }), fc.integer({ min: -3, max: 3 })), {
    minLength: 1,
    maxLength: 200,
  }),
  words: fc.array(fc.option(fc.string({ unit: 'grapheme', maxLength: 30 }), { nil: null }), {
    maxLength: 200,
  }),
});

describe('a summary of a profile', () => {
  it('gives the same grid and the same profile again', () => {
    fc.assert(
      fc.property(cells, ({ numbers, words }) => {
        const rowCount = Math.max(numbers.length, words.length);
        const profile = profileOf(rowCount, [
          { name: 'x', values: { kind: 'numeric', values: Float64Array.from(numbers), invalidCount: 0 } },
          { name: 'c', values: { kind: 'categorical', values: words, invalidCount: 0 } },
          { name: 't', values: { kind: 'text', values: words, invalidCount: 0 } },
        ]);
        const summary = sent(profile);
        expect(summaryProblems(summary)).toEqual([]);
        const again = profileOfSummary(summary);
        expect(again.grid.hash).toBe(profile.grid.hash);
        expect(Buffer.from(serializeProfile(again))).toEqual(Buffer.from(serializeProfile(profile)));
      }),
      { numRuns: 200 },
    );
  });

  it('holds more categories and words than a grid lists', () => {
    const words = Array.from({ length: 30_000 }, (_, i) => `w${i % 12_000}`);
    const profile = profileOf(words.length, [
      { name: 'c', values: { kind: 'categorical', values: words, invalidCount: 0 } },
      { name: 't', values: { kind: 'text', values: words, invalidCount: 0 } },
    ]);
    const summary = sent(profile);
    expect(summaryProblems(summary)).toEqual([]);
    expect(profileOfSummary(summary).grid.hash).toBe(profile.grid.hash);
  });

  const values = Float64Array.from({ length: 100 }, (_, i) => i / 3);
  const sound = sent(profileOf(100, [{ name: 'x', values: { kind: 'numeric', values, invalidCount: 0 } }]));
  const [x] = sound.columns as [NumericColumnSummary];
  const categories = [
    { value: 'a', count: 60 },
    { value: 'b', count: 40 },
  ];
  const c: NamedColumnSummary = {
    ...{ name: 'c', kind: 'categorical', categories, otherCount: 0, unlisted: [] },
    ...{ missingCount: 0, invalidCount: 0 },
  };

  it.each<[string, NamedColumnSummary, string, string]>([
    [
      'edges that do not increase',
      { ...x, edges: [...x.edges].reverse() },
      'columns/0/edges',
      'strictly increase',
    ],
    ['a cell too few', { ...x, counts: x.counts.slice(1) }, 'columns/0/counts', 'cells'],
    [
      'a decile that is no edge',
      { ...x, decileEdges: [0.123] },
      'columns/0/decileEdges',
      'none of the edges',
    ],
    [
      'discrete values without cells',
      { ...x, discreteValues: [0.5] },
      'columns/0/discreteValues',
      'cell of its own',
    ],
    [
      'a sum outside of its cell',
      { ...x, sums: x.sums.map((sum) => sum + 1e6) },
      'columns/0/sums/0',
      'of this cell',
    ],
    ['a minimum elsewhere', { ...x, min: -99 }, 'columns/0/min', 'first cell'],
    ['a mean that the sums do not make', { ...x, mean: x.mean + 1 }, 'columns/0/mean', 'sums of the cells'],
    ['a variance beyond the range', { ...x, m2: 1e9 }, 'columns/0/m2', 'at most'],
    ['more rows than there are', { ...x, missingCount: 1 }, 'columns/0', 'rowCount is 100'],
    [
      'a category twice',
      { ...c, categories: [...categories, { value: 'a', count: 1 }] },
      'columns/0/categories',
      'twice',
    ],
    [
      'unlisted values that are not counted',
      { ...c, unlisted: [{ value: 'z', count: 3 }] },
      'columns/0/unlisted',
      'otherCount',
    ],
  ])('cannot have %s', (_name, column, path, message) => {
    const problems = summaryProblems({ rowCount: 100, columns: [column] });
    expect(problems.map((problem) => [problem.path.join('/'), problem.message])).toContainEqual([
      path,
      expect.stringContaining(message),
    ]);
  });

  it('cannot have a column twice', () => {
    expect(summaryProblems({ rowCount: 100, columns: [c, c] })).toEqual([
      { path: ['columns', 1, 'name'], message: 'the column "c" stands twice' },
    ]);
  });
});
