import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
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
  type NumericProfile,
  type Profile,
  serializeGrid,
  serializeProfile,
  StatsFormatError,
} from '../index.js';

const RUNS = { numRuns: 1000 };
const number = fc.oneof(
  fc.double(),
  fc.integer({ min: -9, max: 9 }),
  fc.constantFrom(-0, 5e-324, Number.MAX_VALUE, -Number.MAX_VALUE, NaN, Infinity, 7),
);
const text = fc.option(fc.oneof(fc.constantFrom('a b', 'b c', ' '), fc.string({ maxLength: 8 })));
const row = fc.record({
  numbers: fc.array(number, { maxLength: 60 }),
  texts: fc.array(text, { maxLength: 30 }),
  invalidCount: fc.nat(3),
});
interface Rows {
  readonly numbers: readonly number[];
  readonly texts: readonly (string | null)[];
  readonly invalidCount: number;
}
const columnsOf = ({ numbers, texts, invalidCount }: Rows): NamedColumn[] => [
  { ...numericColumn(numbers, invalidCount), name: 'number' },
  { ...numericColumn(numbers.map((x) => Math.round(x) % 5)), name: 'few' },
  { ...categoricalColumn(texts), name: 'category' },
  { name: 'text', values: { kind: 'text', values: texts, invalidCount } },
];
const counted = (baseline: Rows, rows: Rows): Profile => {
  const profile = emptyProfile(buildGrid(columnsOf(baseline)));
  foldColumns(profile, rows.numbers.length + rows.texts.length + rows.invalidCount, columnsOf(rows));
  return profile;
};
const stored = (profile: Profile): Profile => deserializeProfile(serializeProfile(profile), profile.grid);

describe('a stored profile', () => {
  it('is the same when read, and equal profiles have equal bytes', () => {
    fc.assert(
      fc.property(row, row, (baseline, rows) => {
        const profile = counted(baseline, rows);
        expect(stored(profile)).toEqual(profile);
        expect(serializeProfile(stored(profile))).toEqual(serializeProfile(profile));
      }),
      RUNS,
    );
  });
  it('merges as the one it was written from', () => {
    fc.assert(
      fc.property(row, row, row, (baseline, a, b) => {
        const [direct, read] = [counted(baseline, a), stored(counted(baseline, a))];
        mergeProfiles(direct, counted(baseline, b));
        mergeProfiles(read, stored(counted(baseline, b)));
        expect(read).toEqual(direct);
      }),
      RUNS,
    );
  });
  it('keeps the rank error of a one-pass baseline', () => {
    const column = numericColumn([1, 2, 3]);
    const profile = profileOf(buildGrid([column]), column);
    (profile.columns[0] as NumericProfile).rankError = 0.001;
    expect(stored(profile)).toEqual(profile);
  });
  it('survives lone surrogates and unseen values', () => {
    const grid = buildGrid([categoricalColumn(['\ud800', 'é', '日本'])]);
    const again = deserializeGrid(serializeGrid(grid));
    const profile = profileOf(again, categoricalColumn(['\ud800', '\udfff', 'new']));
    expect(again).toEqual(grid);
    expect(stored(profile)).toEqual(profile);
  });
  it('needs its own grid', () => {
    const profile = counted(
      { numbers: [1], texts: [], invalidCount: 0 },
      { numbers: [], texts: [], invalidCount: 0 },
    );
    expect(() => deserializeProfile(serializeProfile(profile), buildGrid([]))).toThrow(/counted on grid/);
  });
});

describe('bytes that are damaged', () => {
  const profile = counted(
    { numbers: [1, 2, 3, 4.5], texts: ['a b', 'c'], invalidCount: 1 },
    { numbers: [1, 9], texts: ['new', 'a b'], invalidCount: 1 },
  );
  const bytes = serializeProfile(profile);
  it('are refused wherever they are cut or changed', () => {
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at]! ^= 0x55;
      expect(() => deserializeProfile(changed, profile.grid)).toThrow(StatsFormatError);
      expect(() => deserializeProfile(bytes.slice(0, at), profile.grid)).toThrow(StatsFormatError);
    }
    expect(new StatsFormatError('')).toBeInstanceOf(RangeError);
  });
  it('or of a newer version or another type say so', () => {
    expect(() => deserializeProfile(Uint8Array.of(3, ...bytes.slice(1)), profile.grid)).toThrow(
      /newer release/,
    );
    expect(() => deserializeProfile(serializeGrid(profile.grid), profile.grid)).toThrow(/not a profile/);
  });
});

describe('format version 1', () => {
  interface StoredV1 {
    readonly grid: string;
    readonly gridHash: string;
    readonly profiles: readonly {
      readonly bytes: string;
      readonly content: { columns: object[]; rowCount: number };
    }[];
  }
  const file = JSON.parse(readFileSync('test/golden/profile-version-1.json', 'utf8')) as StoredV1;
  const grid = deserializeGrid(Buffer.from(file.grid, 'base64'));

  it('is read: the grid with its hash', () => {
    expect(grid.hash).toBe(file.gridHash);
    expect(serializeGrid(grid)).toEqual(new Uint8Array(Buffer.from(file.grid, 'base64')));
  });
  it.each([0, 1])('is read: profile %d, and then written in the current version', (i) => {
    const { bytes, content } = file.profiles[i]!;
    const profile = deserializeProfile(Buffer.from(bytes, 'base64'), grid);
    expect(plain(profile)).toEqual(content);
    expect(stored(profile)).toEqual(profile);
  });

  /** As the script wrote it that made the file: lists of non-zero cells, frequent values, infinities as text. */
  const plain = ({ rowCount, columns }: Profile): object => ({
    rowCount,
    columns: columns.map((column) =>
      Object.fromEntries(
        Object.entries(column)
          .filter(([key]) => key !== 'rankError')
          .map(([key, value]: [string, unknown]) => [key, plainValue(value)]),
      ),
    ),
  });
  const plainValue = (value: unknown): unknown => {
    if (value instanceof Float64Array) return [...value.entries()].filter(([, x]) => x !== 0);
    if (value === Infinity || value === -Infinity) return String(value);
    return typeof value === 'object' ? frequentValues(value as Parameters<typeof frequentValues>[0]) : value;
  };
});

describe('sizes', () => {
  const bytesOf = (column: NamedColumn, window = column): number => {
    const grid = buildGrid([column]);
    return serializeProfile(profileOf(grid, window)).length;
  };
  const SUMS = 8 * 1024;
  it.each([
    ['normal', (x: number) => x],
    ['lognormal', (x: number) => Math.exp(x)],
  ])('are at most 1.3 KB of counts at 100,000 values: %s', (_, map) => {
    const baseline = numericColumn(seededNormals(100_000, 1).map(map));
    const window = numericColumn(seededNormals(100_000, 2).map(map));
    expect(bytesOf(baseline, window)).toBeLessThanOrEqual(1300 + SUMS);
    const grid = buildGrid([baseline]);
    const profile = profileOf(grid, window);
    const cells = (profile.columns[0] as NumericProfile).counts.filter((count) => count > 0).length;
    expect(serializeProfile(profile).length - 8 * cells).toBeLessThanOrEqual(1300);
  });
  it('need no sums where cells hold one value each', () => {
    const counts = Array.from({ length: 5000 }, (_, i) => i % 20);
    expect(bytesOf(numericColumn(counts))).toBeLessThanOrEqual(200);
  });
  it('are bounded whatever the rows hold', () => {
    const ids = Array.from({ length: 5000 }, (_, i) => `${i}`.padStart(300, 'x'));
    expect(bytesOf(categoricalColumn(['a']), categoricalColumn(ids))).toBeLessThanOrEqual(100_000);
    const texts = (values: string[]): NamedColumn => ({
      name: 'x',
      values: { kind: 'text', values, invalidCount: 0 },
    });
    expect(bytesOf(texts(['a']), texts(ids))).toBeLessThanOrEqual(100_000);
    const huge = profileOf(
      buildGrid([numericColumn(seededNormals(50_000, 1))]),
      numericColumn(seededNormals(50_000, 2)),
    );
    for (let i = 0; i < 36; i++) mergeProfiles(huge, stored(huge));
    expect(serializeProfile(huge).length).toBeLessThanOrEqual(20_000);
  });
});
