import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  categoricalColumn,
  numericColumn,
  profileOf,
  seededNormals,
  seededUniform,
} from '../../columns-for-tests.js';
import type { NamedColumn } from '../../columns.js';
import { populationStabilityIndex } from '../../distance/bin-distances.js';
import { ksFromCells } from '../../distance/ks-from-cells.js';
import { foldColumns } from '../../profile/fold-columns.js';
import {
  type CategoricalProfile,
  emptyProfile,
  type NumericProfile,
  type Profile,
  type TextProfile,
} from '../../profile/profile.js';
import { decileBins } from '../../verdict/decile-bins.js';
import { buildGrid } from '../build-grid.js';
import type { CategoricalGrid, NumericGrid, TextGrid } from '../grid.js';
import { MAX_VOCABULARY } from '../token-uses.js';
import { BaselineStream, type StreamedBaseline } from './baseline-stream.js';

const RUNS = { numRuns: 1000 };

const streamOf = (batches: readonly (readonly NamedColumn[])[], bufferSize?: number): BaselineStream => {
  const stream = new BaselineStream(bufferSize === undefined ? {} : { bufferSize });
  for (const batch of batches) stream.fold(rowsOf(batch), batch);
  return stream;
};
const rowsOf = (columns: readonly NamedColumn[]): number =>
  Math.max(0, ...columns.map(({ values }) => values.values.length + values.invalidCount));
const numericOf = ({ profile }: StreamedBaseline): NumericProfile => profile.columns[0] as NumericProfile;
const categoricalOf = ({ profile }: StreamedBaseline): CategoricalProfile =>
  profile.columns[0] as CategoricalProfile;
const textOf = ({ columns }: Profile): TextProfile => columns[0] as TextProfile;
const textColumn = (values: readonly (string | null)[], invalidCount = 0): NamedColumn => ({
  name: 'x',
  values: { kind: 'text', values, invalidCount },
});
const inMemory = (columns: readonly NamedColumn[], rowCount: number): Profile => {
  const profile = emptyProfile(buildGrid(columns));
  foldColumns(profile, rowCount, columns);
  return profile;
};

/** Sums and moments of up to 100 values: 200 roundings of what is as large as the sum of absolute values, or of squares. */
const roundingsOf = (size: number): number => 200 * (Number.EPSILON * size + Number.MIN_VALUE);
const expectSameNumbers = (a: NumericProfile, b: NumericProfile): void => {
  const size = Math.max(-a.min, a.max, 0);
  const [atSum, atSquares] = [roundingsOf(size * a.count), roundingsOf(size * size * a.count)];
  expect({ ...a, counts: 0, sums: 0, mean: 0, m2: 0 }).toEqual({ ...b, counts: 0, sums: 0, mean: 0, m2: 0 });
  expect(a.counts.join()).toBe(b.counts.join());
  expect(a.sums.filter((sum, k) => !(Math.abs(sum - b.sums[k]!) <= atSum))).toHaveLength(0);
  expect(Math.abs(a.mean - b.mean)).toBeLessThanOrEqual(atSum);
  expect(Math.abs(a.m2 - b.m2)).toBeLessThanOrEqual(atSquares);
};
const expectSame = (streamed: StreamedBaseline, expected: Profile): void => {
  expect(streamed.grid.hash).toBe(expected.grid.hash);
  expect(streamed.profile.rowCount).toBe(expected.rowCount);
  expect(streamed.rankErrors.every((error) => error === 0)).toBe(true);
  streamed.profile.columns.forEach((column, i) => {
    const other = expected.columns[i]!;
    if (column.kind === 'numeric' && other.kind === 'numeric') expectSameNumbers(column, other);
    else if (column.kind === 'text' && other.kind === 'text') {
      expectSameNumbers(column.lengths, other.lengths);
      expect({ ...column, lengths: null }).toEqual({ ...other, lengths: null });
    } else expect(column).toEqual(other);
  });
};

const tame = fc.oneof(fc.double({ min: -9, max: 9, noNaN: true }), fc.integer({ min: 0, max: 80 }));
const special = fc.constantFrom(0, -0, NaN, Infinity, -Infinity);
/** Tame ones alone, too: beside 1e308, the tolerance of sums is infinite. */
const numbers = fc.oneof(
  fc.array(fc.oneof(tame, special), { maxLength: 100 }),
  fc.array(fc.oneof(fc.double(), tame, special, fc.constantFrom(5e-324, 1e150)), { maxLength: 100 }),
);
const label = fc.option(fc.oneof(fc.constantFrom('a', 'b', ''), fc.string({ maxLength: 2 })));
const words = fc.array(fc.oneof(fc.constantFrom('a', 'B', ' ', 'c-d'), fc.string({ maxLength: 2 })), {
  maxLength: 6,
});
/** Up to 100 rows, 0 to 3 cells of a wrong type beside them, in up to four batches. */
const rows = fc.record({
  numbers,
  few: fc.array(fc.constantFrom(1, 2, 3.5, -0, 0, NaN), { maxLength: 30 }),
  labels: fc.array(label, { maxLength: 30 }),
  texts: fc.array(fc.option(words.map((some) => some.join(' '))), { maxLength: 30 }),
  cuts: fc.array(fc.nat(100), { maxLength: 3 }),
  invalidCount: fc.nat(3),
});
interface Rows {
  readonly numbers: readonly number[];
  readonly few: readonly number[];
  readonly labels: readonly (string | null)[];
  readonly texts: readonly (string | null)[];
  readonly cuts: readonly number[];
  readonly invalidCount: number;
}
const columnsOf = (all: Omit<Rows, 'cuts'>, invalidCount: number): NamedColumn[] => [
  { ...numericColumn(all.numbers, invalidCount), name: 'number' },
  { ...numericColumn(all.few), name: 'few' },
  { ...categoricalColumn(all.labels, invalidCount), name: 'label' },
  { ...textColumn(all.texts, invalidCount), name: 'text' },
];
const batchesOf = (all: Rows): NamedColumn[][] => {
  const at = [0, ...[...all.cuts].sort((a, b) => a - b), 100];
  return at.slice(1).map((end, i) => {
    const part = <T>(values: readonly T[]): T[] => values.slice(at[i], end);
    const { numbers, few, labels, texts } = all;
    const cells = { numbers: part(numbers), few: part(few), labels: part(labels), texts: part(texts) };
    return columnsOf({ ...all, ...cells }, i === 0 ? all.invalidCount : 0);
  });
};

describe('a baseline that is small enough', () => {
  it('equals the grid and the profile of the same rows in memory, however they are split', () => {
    fc.assert(
      fc.property(rows, fc.constantFrom(undefined, 256), (all, bufferSize) => {
        const batches = batchesOf(all);
        const rowCount = batches.reduce((total, batch) => total + rowsOf(batch), 0);
        const expected = inMemory(columnsOf(all, all.invalidCount), rowCount);
        expectSame(streamOf(batches, bufferSize).finish(), expected);
      }),
      { numRuns: 1000 },
    );
  });
  it('is the same when its parts are folded apart and merged, and the parts stay as they are', () => {
    fc.assert(
      fc.property(rows, (all) => {
        const batches = batchesOf(all);
        const rowCount = batches.reduce((total, batch) => total + rowsOf(batch), 0);
        const [merged, ...others] = batches.map((batch) => streamOf([batch]));
        const before = others.map((other) => other.finish());
        for (const other of others) merged!.merge(other);
        expect(others.map((other) => other.finish())).toEqual(before);
        expectSame(merged!.finish(), inMemory(columnsOf(all, all.invalidCount), rowCount));
      }),
      RUNS,
    );
  });
  it('is exact for 50 distinct values, however many rows there are', () => {
    const uniform = seededUniform(3);
    const column = numericColumn(Array.from({ length: 30_000 }, () => Math.floor(50 * uniform() ** 3) / 4));
    const streamed = streamOf([[column], [column]], 16).finish();
    const expected = inMemory([column], 30_000);
    foldColumns(expected, 30_000, [column]);
    expect(streamed.grid.hash).toBe(expected.grid.hash);
    expect(numericOf(streamed).counts).toEqual((expected.columns[0] as NumericProfile).counts);
    expect(streamed.rankErrors).toEqual([0]);
  });
  it('is exact for 51 distinct values in one buffer, which are not discrete', () => {
    const column = numericColumn(Array.from({ length: 5000 }, (_, i) => i % 51));
    const streamed = streamOf([[column]]).finish();
    expectSameNumbers(numericOf(streamed), inMemory([column], 5000).columns[0] as NumericProfile);
    expect((streamed.grid.columns[0]!.grid as NumericGrid).discreteValues).toBeNull();
  });
  it('may have no rows, no columns, or a column without values', () => {
    expectSame(new BaselineStream().finish(), inMemory([], 0));
    const columns = [
      numericColumn([]),
      { ...categoricalColumn([]), name: 'y' },
      { ...textColumn([]), name: 'z' },
    ];
    expectSame(streamOf([columns]).finish(), inMemory(columns, 0));
  });
});

describe('columns', () => {
  it('that a batch lacks are missing, also before their first appearance', () => {
    const stream = new BaselineStream();
    stream.fold(3, [numericColumn([1, 2, NaN])]);
    stream.fold(5, [{ ...categoricalColumn(['a', null]), name: 'y' }]);
    const { grid, profile } = stream.finish();
    expect(grid.columns.map(({ name }) => name)).toEqual(['x', 'y']);
    expect(profile.rowCount).toBe(8);
    expect(profile.columns[0]).toMatchObject({ count: 2, missingCount: 6, invalidCount: 0 });
    expect(profile.columns[1]).toMatchObject({ count: 1, missingCount: 7, invalidCount: 0 });
    const other = streamOf([[{ ...numericColumn([4, 5]), name: 'z' }]]);
    other.merge(stream);
    expect(other.finish().profile.columns).toMatchObject([
      { count: 2, missingCount: 8 },
      { count: 2, missingCount: 8 },
      { count: 1, missingCount: 9 },
    ]);
  });
  it('keep the kind of their first batch: other cells are invalid, folded or merged', () => {
    const labels = categoricalColumn(['1', null, 'b'], 1);
    const texts = textColumn(['1 a', null, 'b'], 1);
    const numbers = numericColumn([1, NaN, Infinity], 1);
    for (const [first, second, counts] of [
      [numbers, labels, { count: 1, missingCount: 2, invalidCount: 5 }],
      [numbers, texts, { count: 1, missingCount: 2, invalidCount: 5 }],
      [labels, numbers, { count: 2, missingCount: 2, invalidCount: 4 }],
      [labels, texts, { count: 2, missingCount: 2, invalidCount: 4 }],
      [texts, numbers, { count: 2, missingCount: 2, invalidCount: 4 }],
      [texts, labels, { count: 2, missingCount: 2, invalidCount: 4 }],
    ] as const) {
      const merged = streamOf([[first]]);
      merged.merge(streamOf([[second]]));
      expect(streamOf([[first], [second]]).finish().profile.columns[0]).toMatchObject(counts);
      expect(merged.finish().profile.columns[0]).toMatchObject(counts);
    }
  });
  it('need one size of buffer to be merged, and a proper one to begin with', () => {
    const stream = new BaselineStream();
    expect(() => stream.merge(new BaselineStream({ bufferSize: 64 }))).toThrow(RangeError);
    expect(() => stream.merge(stream)).toThrow(RangeError);
    expect(() => new BaselineStream({ bufferSize: 63 })).toThrow(RangeError);
  });
});

const N = 2_000_000;
const sample = seededNormals(N / 8, 5);
const normals = new Float64Array(N).map((_, i) => sample[i % sample.length]! + 1e-9 * i);
const columnOf = (values: Float64Array): NamedColumn => ({
  name: 'x',
  values: { kind: 'numeric', values, invalidCount: 0 },
});
/** Name, how many values, and value i from the i-th normal number x. */
const DISTRIBUTIONS: [string, number, (x: number, i: number) => number][] = [
  ['normal', N / 8, (x) => x],
  ['lognormal', N, (x) => Math.exp(1.5 * x)],
  ['40% zeros', N / 8, (x, i) => (i % 5 < 2 ? 0 : x)],
  ['whole numbers', N / 2, (x) => Math.round(100 * x)],
  ['sorted', N / 8, (_, i) => i / N],
  ['two peaks and one huge value', N / 8, (x, i) => (i === 77 ? 1e12 : i % 2 === 0 ? x : x + 50)],
];

/** The bound that is documented for one stream of n values. */
const certified = (n: number, k: number): number =>
  (Math.floor(Math.log2(n / k)) + 1) / (2 * k) + 2 / (3 * k);

describe('up to 2 million values', () => {
  it.each(DISTRIBUTIONS)('are counted within the stated error: %s, %d', (_name, n, valueOf) => {
    const column = columnOf(normals.subarray(0, n).map(valueOf));
    const streamed = streamOf([[column]], 4096).finish();
    const grid = streamed.grid.columns[0]!.grid as NumericGrid;
    const estimate = numericOf(streamed);
    const exact = profileOf(streamed.grid, column).columns[0] as NumericProfile;
    const { rankError } = estimate;
    expect(streamed.rankErrors).toEqual([rankError]);
    expect(rankError).toBeGreaterThan(0);
    expect(rankError).toBeLessThanOrEqual(certified(n, 4096));

    const { count, mean, m2, min, max } = exact;
    expect(estimate).toMatchObject({ count, mean, m2, min, max });
    expect(estimate.counts.reduce((total, one) => total + one, 0)).toBe(n);
    expect(ksFromCells(estimate.counts, exact.counts, grid.isAtom)!.lower).toBeLessThanOrEqual(rankError);
    const bins = decileBins(grid, estimate, exact);
    expect(populationStabilityIndex(bins.baseline, bins.window)).toBeLessThanOrEqual(
      psiBound(bins.window, rankError),
    );
    expectPlausibleSums(grid, estimate, exact);
    expectFineCells(grid, exact, rankError);
  });
  it('merged from four parts are within the stated error too', () => {
    const merged = new BaselineStream({ bufferSize: 4096 });
    const n = N / 4;
    for (let i = 0; i < n; i += n / 4)
      merged.merge(streamOf([[columnOf(normals.subarray(i, i + n / 4))]], 4096));
    const streamed = merged.finish();
    const estimate = numericOf(streamed);
    const exact = profileOf(streamed.grid, columnOf(normals.subarray(0, n))).columns[0] as NumericProfile;
    expect(ksFromCells(estimate.counts, exact.counts, [])!.lower).toBeLessThanOrEqual(estimate.rankError);
    expect(estimate).toMatchObject({ count: n, min: exact.min, max: exact.max });
    expect(Math.abs(estimate.m2 / exact.m2 - 1)).toBeLessThan(n * Number.EPSILON);
  });
});

/** PSI of shares that differ by at most 2ε each: Σ (p − q)² / min(p, q), since ln(p/q) ≤ (p − q)/q. */
const psiBound = (counts: readonly number[], rankError: number): number => {
  const n = counts.reduce((total, one) => total + one, 0);
  const smallest = (count: number): number => Math.max(count / n - 2 * rankError, 0.5 / n);
  return counts.reduce((sum, one) => sum + (2 * rankError) ** 2 / smallest(one), 0);
};

/** Sums add up to the exact sum, and every cell's mean lies in its cell, but for the roundings of a million additions. */
const expectPlausibleSums = (grid: NumericGrid, estimate: NumericProfile, exact: NumericProfile): void => {
  const tolerance = 1e-9 * exact.sums.reduce((total, sum) => total + Math.abs(sum), 0);
  const total = estimate.sums.reduce((sum, one) => sum + one, 0);
  expect(Math.abs(total - exact.mean * exact.count)).toBeLessThanOrEqual(tolerance);
  const outside = estimate.sums.filter((sum, k) => {
    const [low, high] = [grid.edges[k - 1] ?? exact.min, grid.edges[k] ?? exact.max];
    return !(sum >= low * estimate.counts[k]! - tolerance && sum <= high * estimate.counts[k]! + tolerance);
  });
  expect(outside).toHaveLength(0);
};

/** No cell but an atom holds more than 2/940 of the true values and twice the error. */
const expectFineCells = ({ isAtom }: NumericGrid, exact: NumericProfile, rankError: number): void => {
  const largest = exact.counts.reduce((most, one, k) => (isAtom[k] === 1 ? most : Math.max(most, one)), 0);
  expect(largest / exact.count).toBeLessThanOrEqual(2 / 940 + 2 * rankError);
};

/** A categorical column whose value i is `valueOf(i)`, in batches of 50,000. */
const labelStream = (count: number, valueOf: (i: number) => string): BaselineStream => {
  const stream = new BaselineStream();
  for (let start = 0; start < count; start += 50_000) {
    const length = Math.min(50_000, count - start);
    stream.fold(length, [categoricalColumn(Array.from({ length }, (_, i) => valueOf(start + i)))]);
  }
  return stream;
};

describe('categories', () => {
  it('up to 20,000 are counted exactly, the 1,000 most frequent apart', () => {
    const values = Array.from({ length: 60_000 }, (_, i) => `c${Math.floor(i ** 0.9)}`);
    const streamed = labelStream(values.length, (i) => values[i]!).finish();
    const column = categoricalColumn(values);
    const expected = profileOf(buildGrid([column]), column);
    const { counts, otherCount } = expected.columns[0] as CategoricalProfile;
    expect(streamed.grid.hash).toBe(expected.grid.hash);
    expect(categoricalOf(streamed)).toMatchObject({ counts, otherCount, unseenCount: 0, count: 60_000 });
    expect(streamed.rankErrors).toEqual([0]);
  });
  it('beyond have counts that are too low by at most the stated error, and none that is frequent is lost', () => {
    const uniform = seededUniform(9);
    const truth = new Map<string, number>();
    const value = (): string => {
      const key = uniform() < 0.3 ? `rare-${uniform()}` : `c${Math.floor(3000 * uniform() ** 4)}`;
      truth.set(key, (truth.get(key) ?? 0) + 1);
      return key;
    };
    const left = labelStream(200_000, value);
    const whole = labelStream(100_000, value);
    whole.merge(left);
    const streamed = whole.finish();
    const profile = categoricalOf(streamed);
    const { categories, isTruncated } = streamed.grid.columns[0]!.grid as CategoricalGrid;
    const error = Math.round(streamed.rankErrors[0]! * 300_000);
    expect(isTruncated).toBe(true);
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThanOrEqual(300_000 / 10_001);
    expect(profile.counts.reduce((sum, one) => sum + one, profile.otherCount)).toBe(300_000);
    categories.forEach((category, i) => {
      const lost = truth.get(category)! - profile.counts[i]!;
      expect(lost).toBeGreaterThanOrEqual(0);
      expect(lost).toBeLessThanOrEqual(error);
    });
    const listed = new Set(categories);
    const largestLeftOut = Math.max(...[...truth].map(([key, count]) => (listed.has(key) ? 0 : count)));
    expect(largestLeftOut).toBeLessThanOrEqual(profile.counts.at(-1)! + error);
    const { values, counts, overcounts } = profile.unlisted;
    values.forEach((key, i) => {
      expect(truth.get(key)).toBeLessThanOrEqual(counts[i]!);
      expect(truth.get(key)).toBeGreaterThanOrEqual(counts[i]! - overcounts[i]!);
    });
  });
});

describe('texts of more tokens than a vocabulary holds', () => {
  const uniform = seededUniform(4);
  /** 4,000 texts of 0 to 19 words, some 15,000 distinct ones; in every tenth text most words are rare. */
  const texts = Array.from({ length: 4000 }, (_, i) => {
    const power = i % 10 === 0 ? 1 : 3;
    return Array.from({ length: i % 20 }, () => `w${Math.floor(30_000 * uniform() ** power)}`).join(' ');
  });
  const columns = [textColumn(texts)];
  const expected = inMemory(columns, texts.length);
  const merged = streamOf([[textColumn(texts.slice(0, 1000))], [textColumn(texts.slice(1000, 1500))]]);
  merged.merge(streamOf([[textColumn(texts.slice(1500))]]));

  it.each([
    ['in one batch', streamOf([columns])],
    ['in three, merged', merged],
  ])('have the grid and the counts of the same texts in memory: %s', (_name, stream) => {
    const { grid, profile, rankErrors } = stream.finish();
    const { vocabulary } = grid.columns[0]!.grid as TextGrid;
    expect(grid.hash).toBe(expected.grid.hash);
    expect(vocabulary).toHaveLength(MAX_VOCABULARY);
    expect(rankErrors).toEqual([0]);
    const [streamed, exact] = [textOf(profile), textOf(expected)];
    expect(exact.unseenTokenCount).toBeGreaterThan(1000);
    expectSameNumbers(streamed.lengths, exact.lengths);
    const { emptyCount, tokenCount, unseenTokenCount, tokensSquared, count } = exact;
    expect(streamed).toMatchObject({ emptyCount, tokenCount, unseenTokenCount, tokensSquared, count });
    const { values, counts, overcounts } = streamed.unseenTokens;
    expect(values).toHaveLength(100);
    const tokens = texts.flatMap((value) => value.split(' '));
    values.forEach((token, i) => {
      expect(vocabulary).not.toContain(token);
      expect([counts[i], overcounts[i]]).toEqual([tokens.filter((other) => other === token).length, 0]);
    });
  });
  it('have unseen tokens that are said to cluster at least as they do', () => {
    const [streamed, exact] = [textOf(merged.finish().profile), textOf(expected)];
    const { unseenTokenCount, unseenSquared, unseenByTokens, tokensSquared, tokenCount } = streamed;
    const wholeTexts = (unseenTokenCount / tokenCount) * tokensSquared;
    expect(Math.abs(unseenSquared - wholeTexts)).toBeLessThanOrEqual(0.5);
    expect(unseenByTokens).toBe(unseenSquared);
    expect(unseenSquared).toBeGreaterThanOrEqual(exact.unseenSquared);
    expect(unseenSquared).toBeGreaterThanOrEqual(unseenTokenCount);
    expect(unseenByTokens).toBeLessThanOrEqual(tokensSquared);
    // Σ(u − q·t)², of which the design effect is made.
    const between = (profile: TextProfile): number => {
      const q = profile.unseenTokenCount / profile.tokenCount;
      return profile.unseenSquared - 2 * q * profile.unseenByTokens + q * q * profile.tokensSquared;
    };
    expect(between(streamed)).toBeGreaterThanOrEqual(between(exact));
  });
  it('have certified counts beyond 200,000 distinct ones', () => {
    const stream = new BaselineStream();
    const rowCount = 25_000;
    for (let batch = 0; batch < 10; batch++) {
      const ids = Array.from({ length: rowCount }, (_, i) => `id${batch}x${i} often`);
      stream.fold(rowCount, [textColumn(ids)]);
    }
    const { grid, profile, rankErrors } = stream.finish();
    const { vocabulary } = grid.columns[0]!.grid as TextGrid;
    const { tokenCount, unseenTokenCount, count } = textOf(profile);
    expect(vocabulary[0]).toBe('often');
    expect([count, tokenCount]).toEqual([10 * rowCount, 20 * rowCount]);
    expect(rankErrors[0]).toBeGreaterThan(0);
    expect(rankErrors[0]).toBeLessThanOrEqual(1 / 100_001);
    expect(unseenTokenCount).toBe(10 * rowCount - (vocabulary.length - 1));
  });
});

describe('memory', () => {
  it('stays below 20,000 counters for identifiers, and for very long strings', () => {
    const ids = labelStream(60_000, (i) => `0b3a7c9e-54f1-4d2a-9e6b-${String(i).padStart(12, '0')}`);
    expect(ids.approximateBytes).toBeLessThanOrEqual(20_000 * (2 * 36 + 150));
    const { profile, grid, rankErrors } = ids.finish();
    expect(rankErrors[0]).toBeLessThanOrEqual(1 / 10_001);
    expect((grid.columns[0]!.grid as CategoricalGrid).categories).toHaveLength(1000);
    expect((profile.columns[0] as CategoricalProfile).otherCount).toBe(59_000);
    const long = labelStream(21_000, (i) => `${'x'.repeat(260)}${i}`);
    expect(long.approximateBytes).toBeLessThanOrEqual(20_000 * (2 * 256 + 150));
  });
  it('stays below 8k + 4kH bytes for 5 million numbers', () => {
    const stream = new BaselineStream();
    let most = 0;
    for (let batch = 0; batch < 5; batch++) {
      const values = normals.subarray(0, 1_000_000).map((x, i) => x + (i % 7) * batch);
      stream.fold(1_000_000, [columnOf(values)]);
      most = Math.max(most, stream.approximateBytes);
    }
    const levels = Math.floor(Math.log2(5_000_000 / 16_384)) + 1;
    expect(most).toBeLessThanOrEqual((8 + 4 * levels) * 16_384);
    const { rankErrors, profile } = stream.finish();
    expect(rankErrors[0]).toBeLessThanOrEqual(certified(5_000_000, 16_384));
    expect(profile.columns[0]!.count).toBe(5_000_000);
  });
  it('stays below 200,000 counters and a sketch of lengths for texts of identifiers', () => {
    const stream = new BaselineStream();
    let most = 0;
    for (let batch = 0; batch < 12; batch++) {
      const ids = Array.from(
        { length: 20_000 },
        (_, i) => `order ${String(batch * 20_000 + i).padStart(36)}`,
      );
      stream.fold(20_000, [textColumn(ids)]);
      most = Math.max(most, stream.approximateBytes);
    }
    expect(most).toBeGreaterThan(100 * 150_000);
    expect(most).toBeLessThanOrEqual(200_000 * (2 * 36 + 150) + 8 * 16_384);
  });
  it('keeps nothing of a batch alive: not the texts that tokens and labels were cut from', () => {
    const [texts, bytesEach] = [1000, 100_000];
    const stream = new BaselineStream();
    const before = heapBytes();
    for (let i = 0; i < texts; i++) {
      const id = `identifier${String(i).padStart(9, '0')}`;
      const text = `${id} ${' word'.repeat(bytesEach / 5)}`.toUpperCase();
      stream.fold(1, [textColumn([text]), { ...categoricalColumn([text.slice(0, id.length)]), name: 'id' }]);
    }
    const grown = heapBytes() - before;
    expect(stream.finish().profile.columns).toMatchObject([{ count: texts }, { count: texts }]);
    expect(grown).toBeLessThan((texts * bytesEach) / 10);
  });
});

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
/** Bytes that are reachable. */
function heapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
