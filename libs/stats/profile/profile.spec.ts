import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mean, sum, sumNthPowerDeviations } from 'simple-statistics';
import { categoricalColumn, numericColumn, profileOf, seededNormals } from '../columns-for-tests.js';
import {
  buildGrid,
  deserializeGrid,
  deserializeProfile,
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
  StatsFormatError,
} from '../index.js';
import { crc32, fnv1a64 } from '../bytes/checksums.js';
import { numericGrid } from '../grid/numeric-grid.js';
import { SPACE_SAVING_COUNTERS } from './space-saving.js';

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
    fc.assert(fc.property(row, row, (a, b) => expectSame(merged(folded(a), folded(b)), folded(a, b))));
  });
  it('is commutative', () => {
    fc.assert(
      fc.property(row, row, (a, b) => expectSame(merged(folded(a), folded(b)), merged(folded(b), folded(a)))),
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

describe('the grid', () => {
  it('has at most 1,023 strictly increasing finite edges, its deciles among them', () => {
    fc.assert(
      fc.property(wild, (values) => {
        const { edges, decileEdges, discreteValues } = buildGrid([numericColumn(values)]).columns[0]!
          .grid as NumericGrid;
        expect(edges.length).toBeLessThanOrEqual(1023);
        expect(edges.every((edge, k) => Number.isFinite(edge) && (k === 0 || edges[k - 1]! < edge))).toBe(
          true,
        );
        expect([...decileEdges, ...(discreteValues ?? [])].filter((edge) => !edges.includes(edge))).toEqual(
          [],
        );
      }),
    );
  });
  it('uses nearly all edges on many values, and gives a heavy value its own cell', () => {
    const { edges, isAtom } = numericGrid(
      Float64Array.from(seededNormals(50_000, 4), (x, i) => (i % 3 === 0 ? 0.5 : x)).sort(),
    );
    expect(edges.length).toBeGreaterThan(600);
    expect(edges.length).toBeLessThanOrEqual(1023);
    expect(isAtom[edges.indexOf(0.5)]).toBe(1);
  });
  it('does not depend on the order of rows', () => {
    const values = [...seededNormals(300, 5), 0, -0];
    expect(buildGrid([numericColumn([...values].reverse())]).hash).toBe(
      buildGrid([numericColumn(values)]).hash,
    );
    expect(buildGrid([categoricalColumn(['a', 'b', null])]).hash).toBe(
      buildGrid([categoricalColumn(['b', 'a'])]).hash,
    );
  });
  it('has another hash for other content', () => {
    const hashes = [[1, 2], [1, 3], []].map((values) => buildGrid([numericColumn(values)]).hash);
    expect(new Set(hashes).size).toBe(3);
    expect(hashes[0]).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe('bytes', () => {
  it('give back the same grid and profile', () => {
    fc.assert(
      fc.property(wild, strings, (numbers, texts) => {
        const columns = columnsOf({ numbers, texts });
        const grid = buildGrid(columns);
        const profile = emptyProfile(grid);
        foldColumns(profile, 60, columns);
        const again = deserializeGrid(serializeGrid(grid));
        expect(again).toEqual(grid);
        expect(deserializeProfile(serializeProfile(profile), again)).toEqual(profile);
      }),
      { numRuns: 40 },
    );
  });
  it('survive lone surrogates and unseen values', () => {
    const grid = buildGrid([categoricalColumn(['\ud800', 'é', '日本'])]);
    const profile = profileOf(grid, categoricalColumn(['\ud800', '\udfff', 'new']));
    expect(deserializeProfile(serializeProfile(profile), deserializeGrid(serializeGrid(grid)))).toEqual(
      profile,
    );
  });
  it('that are damaged in any one byte, or cut short, are refused', () => {
    for (const [bytes, read] of [
      [serializeGrid(GRID).slice(), (b: Uint8Array) => deserializeGrid(b)],
      [
        serializeProfile(folded({ numbers: [1, 2], texts: ['a', 'zz'] })),
        (b: Uint8Array) => deserializeProfile(b, GRID),
      ],
    ] as const) {
      fc.assert(
        fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
          const damaged = bytes.slice();
          damaged[at]! ^= flip;
          expect(() => read(damaged)).toThrow(StatsFormatError);
          expect(() => read(bytes.slice(0, at))).toThrow(StatsFormatError);
        }),
      );
    }
  });
  it('of a profile need its own grid', () => {
    const bytes = serializeProfile(folded());
    expect(() => deserializeProfile(bytes, buildGrid([]))).toThrow(RangeError);
  });
  it('stay compact: at most 12 KB for 100,000 values with their sums', () => {
    expect(
      serializeProfile(
        profileOf(
          buildGrid([numericColumn(seededNormals(100_000, 6))]),
          numericColumn(seededNormals(100_000, 7)),
        ),
      ).length,
    ).toBeLessThan(12_000);
  });
  it('are checked by published checksums', () => {
    const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
    expect(crc32(ascii('123456789'))).toBe(0xcbf43926);
    expect(['', 'a', 'foobar'].map((text) => fnv1a64(ascii(text)))).toEqual([
      'cbf29ce484222325',
      'af63dc4c8601ec8c',
      '85944171f73967e8',
    ]);
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
    );
  });
});
