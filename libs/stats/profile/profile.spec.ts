import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mean, sum, sumNthPowerDeviations } from 'simple-statistics';
import { categoricalColumn, numericColumn, profileOf, seededNormals } from '../columns-for-tests.js';
import {
  buildGrid,
  emptyProfile,
  foldColumns,
  frequentValues,
  mergeProfiles,
  type NamedColumn,
  type NumericGrid,
  type NumericProfile,
  type Profile,
  serializeGrid,
  serializeProfile,
} from '../index.js';
import { SPACE_SAVING_COUNTERS } from './space-saving.js';

const RUNS = { numRuns: 1000 };
// NaN, ±Infinity, −0 and subnormals are among fc.double()'s values.
const wild = fc.array(
  fc.oneof(fc.double(), fc.constantFrom(0, -0, 1e308, -1e308, 5e-324, NaN, Infinity, 7)),
  {
    maxLength: 50,
  },
);
const tame = fc.array(
  fc.oneof(fc.double({ min: -1000, max: 1000, noNaN: true }), fc.constantFrom(0, 1, NaN)),
  {
    maxLength: 50,
  },
);
const strings = fc.array(fc.option(fc.oneof(fc.constantFrom('a', 'b', 'c'), fc.string({ maxLength: 2 }))), {
  maxLength: 30,
});
const row = fc.record({ numbers: tame, texts: strings });
type Row = { numbers: number[]; texts: (string | null)[] };
const columnsOf = ({ numbers, texts }: Row): NamedColumn[] => [
  { ...numericColumn(numbers), name: 'number' },
  { ...categoricalColumn(texts), name: 'text' },
];
const GRID = buildGrid(columnsOf({ numbers: [...seededNormals(2000, 1)], texts: ['a', 'a', 'b', null] }));
const folded = (...rows: Row[]): Profile => {
  const profile = emptyProfile(GRID);
  for (const one of rows)
    foldColumns(profile, Math.max(one.numbers.length, one.texts.length), columnsOf(one));
  return profile;
};
const merged = (...profiles: Profile[]): Profile => {
  const target = emptyProfile(GRID);
  for (const profile of profiles) mergeProfiles(target, profile);
  return target;
};

/** Up to 150 values of at most 1,000: sums to 150·1000 and squares to 150·10^6, each with 200 roundings. */
const SUM_TOLERANCE = 200 * 150 * 1000 * Number.EPSILON;
const M2_TOLERANCE = 200 * 150 * 1e6 * Number.EPSILON;

function expectSame(a: Profile, b: Profile): void {
  const [x, y] = [a.columns[0] as NumericProfile, b.columns[0] as NumericProfile];
  expect({ ...x, counts: String(x.counts), sums: 0, mean: 0, m2: 0 }).toEqual({
    ...y,
    counts: String(y.counts),
    sums: 0,
    mean: 0,
    m2: 0,
  });
  expect(Math.max(...x.sums.map((sum, k) => Math.abs(sum - y.sums[k]!)))).toBeLessThanOrEqual(SUM_TOLERANCE);
  expect(Math.abs(x.mean - y.mean)).toBeLessThanOrEqual(SUM_TOLERANCE);
  expect(Math.abs(x.m2 - y.m2)).toBeLessThanOrEqual(M2_TOLERANCE);
  expect(comparable(a)).toEqual(comparable(b));
}

function comparable({ rowCount, columns }: Profile): unknown {
  const [, text] = columns;
  if (text?.kind !== 'categorical') throw new Error('the second column is categorical');
  return { rowCount, ...text, unlisted: frequentValues(text.unlisted) };
}

describe('merging', () => {
  it('equals folding the rows together', () => {
    fc.assert(
      fc.property(row, row, (a, b) => expectSame(merged(folded(a), folded(b)), folded(a, b))),
      RUNS,
    );
  });
  it('is commutative', () => {
    fc.assert(
      fc.property(row, row, (a, b) => expectSame(merged(folded(a), folded(b)), merged(folded(b), folded(a)))),
      RUNS,
    );
  });
  it('is associative', () => {
    fc.assert(
      fc.property(row, row, row, (a, b, c) => {
        expectSame(
          merged(merged(folded(a), folded(b)), folded(c)),
          merged(folded(a), merged(folded(b), folded(c))),
        );
      }),
      RUNS,
    );
  });
  it('has the empty profile as identity and leaves its source alone', () => {
    fc.assert(
      fc.property(row, (a) => {
        const source = folded(a);
        const before = serializeProfile(source);
        expectSame(merged(source), source);
        expect(serializeProfile(source)).toEqual(before);
      }),
      RUNS,
    );
  });
  it('rejects a profile of another grid', () => {
    const other = emptyProfile(buildGrid([numericColumn([1, 2])]));
    expect(() => mergeProfiles(emptyProfile(GRID), other)).toThrow(RangeError);
  });
});

describe('folding', () => {
  it('counts every cell of the batch exactly once', () => {
    fc.assert(
      fc.property(wild, fc.nat(5), (values, invalid) => {
        const column = numericColumn(values, invalid);
        const profile = profileOf(buildGrid([numericColumn(values)]), column).columns[0] as NumericProfile;
        expect(profile.counts.reduce((a, b) => a + b, 0)).toBe(profile.count);
        expect(profile.count + profile.missingCount + profile.invalidCount).toBe(values.length + invalid);
        expect([profile.mean, profile.m2, ...profile.sums].every(Number.isFinite)).toBe(true);
      }),
      RUNS,
    );
  });
  it('puts a value into the cell (e_{k−1}, e_k] that holds it', () => {
    const values = seededNormals(1003, 2);
    const grid = buildGrid([numericColumn(values)]);
    const { edges } = grid.columns[0]!.grid as NumericGrid;
    for (const x of [...edges, ...seededNormals(500, 3)]) {
      const { counts } = profileOf(grid, numericColumn([x])).columns[0] as NumericProfile;
      expect(counts.indexOf(1)).toBe(edges.filter((edge) => edge < x).length);
    }
  });
  it('counts an absent column as missing and a column of the wrong kind as invalid', () => {
    const profile = emptyProfile(GRID);
    foldColumns(profile, 3, [{ ...categoricalColumn(['x', null, 'y']), name: 'number' }]);
    expect(profile.columns[0]).toMatchObject({ count: 0, missingCount: 1, invalidCount: 2 });
    expect(profile.columns[1]).toMatchObject({ count: 0, missingCount: 3, invalidCount: 0 });
  });
  it('keeps a column of unique identifiers bounded', () => {
    const ids = (from: number, count: number): string[] =>
      Array.from({ length: count }, (_, i) => `id-${from + i}`);
    for (const known of [['a', 'b'], ids(0, 5000)]) {
      const grid = buildGrid([categoricalColumn(known)]);
      const sizes = [1, 2, 4].map(
        (times) => serializeProfile(profileOf(grid, categoricalColumn(ids(10_000, 5000 * times)))).length,
      );
      expect(serializeGrid(grid).length).toBeLessThan(20_000);
      expect(sizes[2]!).toBeLessThan(1.2 * sizes[0]!);
      const { columns } = profileOf(grid, categoricalColumn(ids(10_000, 20_000)));
      expect(columns[0]?.kind === 'categorical' && columns[0].unlisted.values.length).toBe(
        SPACE_SAVING_COUNTERS,
      );
    }
  });
  it('counts values beyond 1,000 categories as other on both sides, so that identifiers are not drift', () => {
    const ids = Array.from({ length: 3000 }, (_, i) => `id-${i}`);
    const profile = profileOf(buildGrid([categoricalColumn(ids)]), categoricalColumn(ids));
    expect(profile.columns[0]).toMatchObject({ otherCount: 2000, unseenCount: 0, count: 3000 });
  });
  it('keeps a frequent unseen value among the counters of many rare ones', () => {
    const values = Array.from({ length: 20_000 }, (_, i) => (i % 10 === 0 ? 'often' : `rare-${i}`));
    const { columns } = profileOf(buildGrid([categoricalColumn(['a'])]), categoricalColumn(values));
    const top = columns[0]?.kind === 'categorical' ? frequentValues(columns[0].unlisted)[0] : undefined;
    expect(top?.value).toBe('often');
    expect(top!.count - top!.overcount).toBeLessThanOrEqual(2000);
    expect(top!.count).toBeGreaterThanOrEqual(2000);
  });
  it('shortens very long categories without confusing them', () => {
    const [a, b] = [`${'x'.repeat(5000)}a`, `${'x'.repeat(5000)}b`];
    const grid = buildGrid([categoricalColumn([a, a, b])]);
    expect(profileOf(grid, categoricalColumn([a, b, b])).columns[0]).toMatchObject({
      counts: Float64Array.of(1, 2),
      unseenCount: 0,
    });
    expect(serializeGrid(grid).length).toBeLessThan(1000);
  });
});

describe('moments', () => {
  it('are those of simple-statistics, however the rows were split', () => {
    const values = fc.array(fc.double({ min: -1000, max: 1000, noNaN: true }), {
      minLength: 2,
      maxLength: 50,
    });
    fc.assert(
      fc.property(values, fc.nat(50), (all, at) => {
        const grid = buildGrid([numericColumn(all)]);
        const merged = profileOf(grid, numericColumn(all.slice(0, at)));
        mergeProfiles(merged, profileOf(grid, numericColumn(all.slice(at))));
        const x = merged.columns[0] as NumericProfile;
        expect(Math.abs(x.mean - mean(all))).toBeLessThanOrEqual(SUM_TOLERANCE);
        expect(Math.abs(x.m2 - sumNthPowerDeviations(all, 2))).toBeLessThanOrEqual(M2_TOLERANCE);
        expect(Math.abs(sum([...x.sums]) - sum(all))).toBeLessThanOrEqual(SUM_TOLERANCE);
      }),
      RUNS,
    );
  });
});
