import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { StatsFormatError } from '../bytes/stats-format-error.js';
import { categoricalColumn, numericColumn, seededNormals, seededUniform } from '../columns-for-tests.js';
import type { NamedColumn } from '../columns.js';
import { nextDown } from './adjacent-double.js';
import { buildGrid } from './build-grid.js';
import { MAX_CATEGORIES } from './categorical-grid.js';
import { deserializeGrid, gridOfColumns, serializeGrid } from './grid-codec.js';
import type { CategoricalGrid, Grid, NumericGrid } from './grid.js';
import { MAX_DISCRETE_VALUES, MAX_EDGES } from './numeric-grid.js';

const numericGridOf = (values: ArrayLike<number>): NumericGrid =>
  buildGrid([numericColumn(values)]).columns[0]!.grid as NumericGrid;
const categoricalGridOf = (values: readonly (string | null)[]): CategoricalGrid =>
  buildGrid([categoricalColumn(values)]).columns[0]!.grid as CategoricalGrid;

const wild = fc.array(
  fc.oneof(fc.double(), fc.constantFrom(0, -0, 7, 5e-324, -5e-324, 1e308, -1e308, NaN, Infinity, -Infinity)),
  { maxLength: 60 },
);
/** Up to 3,000 values with as many levels: from a constant, through ties on single quantiles, to all distinct. */
const tied = fc
  .record({
    length: fc.nat(3000),
    levels: fc.constantFrom(1, 2, 49, 50, 51, 400, 900, 1500, 4000, 1e9),
    power: fc.constantFrom(1, 4),
    seed: fc.integer(),
  })
  .map(({ length, levels, power, seed }) => {
    const uniform = seededUniform(seed);
    return Array.from({ length }, () => Math.floor(uniform() ** power * levels) - levels / 3);
  });
const numbers = fc.oneof({ weight: 2, arbitrary: wild }, { weight: 1, arbitrary: tied });
const RUNS = { numRuns: 1000 };

const finiteSorted = (values: readonly number[]): Float64Array =>
  Float64Array.from(values).filter(Number.isFinite).sort();
/** Values per cell, found as the definition says: a value's cell is the number of edges strictly below it. */
const cellCounts = ({ edges }: NumericGrid, sorted: Float64Array): Float64Array => {
  const counts = new Float64Array(edges.length + 1);
  let cell = 0;
  for (const x of sorted) {
    while (cell < edges.length && edges[cell]! < x) cell++;
    counts[cell]!++;
  }
  return counts;
};
const shuffled = <T>(values: readonly T[], seed: number): T[] => {
  const uniform = seededUniform(seed);
  return values
    .map((value) => ({ value, at: uniform() }))
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value);
};

describe('the grid of a numeric column', () => {
  it('has at most 1,023 edges, finite, strictly increasing, none of them −0', () => {
    fc.assert(
      fc.property(numbers, (values) => {
        const { edges, isAtom } = numericGridOf(values);
        expect(edges.length).toBeLessThanOrEqual(MAX_EDGES);
        expect(isAtom).toHaveLength(edges.length + 1);
        const wrong = edges.filter(
          (edge, k) => !Number.isFinite(edge) || Object.is(edge, -0) || !(k === 0 || edges[k - 1]! < edge),
        );
        expect(wrong).toHaveLength(0);
      }),
      RUNS,
    );
  });
  it('says of a cell that it is an atom where exactly one double fits', () => {
    fc.assert(
      fc.property(numbers, (values) => {
        const { edges, isAtom } = numericGridOf(values);
        const expected = [...edges, Infinity].map((edge, k) =>
          edge !== Infinity && nextDown(edge) === (edges[k - 1] ?? -Infinity) ? 1 : 0,
        );
        expect(isAtom.join()).toBe(expected.join());
      }),
      RUNS,
    );
  });
  it('has the deciles x_(⌈kn/10⌉) among its edges: distinct ones below the maximum, or the maximum alone', () => {
    fc.assert(
      fc.property(numbers, (values) => {
        const sorted = finiteSorted(values);
        const n = sorted.length;
        const { edges, decileEdges } = numericGridOf(values);
        const max = sorted[n - 1]!;
        const deciles = Array.from({ length: 9 }, (_, k) => sorted[Math.ceil(((k + 1) * n) / 10) - 1]! + 0);
        const below = [...new Set(deciles)].filter((edge) => edge < max);
        const expected = n === 0 ? [] : below.length > 0 ? below : [max + 0];
        expect([...decileEdges]).toEqual(expected);
        expect(expected.every((edge) => edges.includes(edge))).toBe(true);
      }),
      RUNS,
    );
  });
  it('lists up to 50 distinct values, each of which owns an atom; more, or none, are not discrete', () => {
    fc.assert(
      fc.property(numbers, (values) => {
        const { edges, isAtom, discreteValues } = numericGridOf(values);
        const distinct = [...new Set(finiteSorted(values))];
        if (distinct.length === 0 || distinct.length > MAX_DISCRETE_VALUES) expect(discreteValues).toBeNull();
        else expect([...discreteValues!]).toEqual(distinct);
        for (const value of discreteValues ?? []) {
          const cell = edges.indexOf(value);
          expect(isAtom[cell]).toBe(1);
        }
      }),
      RUNS,
    );
  });
  it('knows the range: no value lies below the atom of the minimum, none above the edge of the maximum', () => {
    fc.assert(
      fc.property(numbers, (values) => {
        const grid = numericGridOf(values);
        const sorted = finiteSorted(values);
        if (sorted.length === 0) return;
        const [min, max] = [sorted[0]!, sorted[sorted.length - 1]!];
        expect(grid.isAtom[grid.edges.indexOf(min)]).toBe(1);
        const counts = cellCounts(grid, sorted);
        const outside = counts.filter(
          (_, k) => (grid.edges[k] ?? Infinity) < min || (grid.edges[k - 1] ?? -Infinity) >= max,
        );
        expect(outside.every((count) => count === 0)).toBe(true);
      }),
      RUNS,
    );
  });
  it('has no cell but an atom that holds more than 2/940 of the values, and 1/940 rounded up when none is tied', () => {
    fc.assert(
      fc.property(numbers, (values) => {
        const grid = numericGridOf(values);
        const sorted = finiteSorted(values);
        const heaviest = cellCounts(grid, sorted).reduce(
          (most, count, k) => (grid.isAtom[k] === 1 ? most : Math.max(most, count)),
          0,
        );
        const isTied = sorted.some((x, i) => i > 0 && x === sorted[i - 1]);
        const bound = isTied ? (2 * sorted.length) / 940 : Math.ceil(sorted.length / 940);
        expect(heaviest).toBeLessThanOrEqual(bound);
      }),
      RUNS,
    );
  });
  it('depends neither on the order of rows, nor on NaN, infinities and wrong-type cells, nor on the sign of zero', () => {
    fc.assert(
      fc.property(numbers, fc.integer(), fc.nat(3), (values, seed, invalidCount) => {
        const { hash } = buildGrid([numericColumn(values)]);
        const noisy = shuffled([...values, NaN, Infinity, -Infinity, NaN], seed);
        expect(buildGrid([numericColumn(noisy, invalidCount)]).hash).toBe(hash);
        const flipped = values.map((x) => (x === 0 ? -x : x));
        expect(buildGrid([numericColumn(flipped)]).hash).toBe(hash);
      }),
      RUNS,
    );
  });
  it('uses nearly all edges on many values, and gives a heavy value its own cell', () => {
    const values = seededNormals(50_000, 4).map((x, i) => (i % 3 === 0 ? 0.5 : x));
    const { edges, isAtom } = numericGridOf(values);
    expect(edges.length).toBeGreaterThan(600);
    expect(isAtom[edges.indexOf(0.5)]).toBe(1);
  });
  it('of a constant has two edges and an atom between them', () => {
    expect(numericGridOf([7, 7, NaN, 7])).toEqual({
      kind: 'numeric',
      edges: Float64Array.of(7 - 4 * 2 ** -52, 7),
      decileEdges: Float64Array.of(7),
      isAtom: Uint8Array.of(0, 1, 0),
      discreteValues: Float64Array.of(7),
    });
  });
  it.each([
    ['no value', []],
    ['missing values only', [NaN, NaN]],
    ['infinities only', [Infinity, -Infinity]],
  ])('of %s is one cell', (_name, values) => {
    expect(numericGridOf(values)).toEqual({
      kind: 'numeric',
      edges: new Float64Array(0),
      decileEdges: new Float64Array(0),
      isAtom: Uint8Array.of(0),
      discreteValues: null,
    });
  });
  it.each([
    ['the smallest subnormals', [-5e-324, 0, 5e-324]],
    ['values next to each other', [1, 1 + Number.EPSILON, 1 - Number.EPSILON / 2]],
    ['the whole range of doubles', [-Number.MAX_VALUE, -1e308, 0, 1e308, Number.MAX_VALUE]],
    ['one value at the end of the range', [Number.MAX_VALUE]],
    ['one value at its start', [-Number.MAX_VALUE]],
    ['zeros of both signs', [-0, 0]],
  ])('takes %s, each an atom', (_name, values) => {
    const grid = numericGridOf(values);
    const counts = cellCounts(grid, finiteSorted(values));
    const distinct = new Set(values).size;
    expect(grid.edges.every(Number.isFinite)).toBe(true);
    expect(counts.filter((count, k) => count > 0 && grid.isAtom[k] === 1)).toHaveLength(distinct);
    expect(counts.reduce((total, count) => total + count, 0)).toBe(values.length);
  });
});

describe('the grid of a categorical column', () => {
  const labels = fc.array(
    fc.option(fc.oneof(fc.constantFrom('a', 'b', '', 'true', 'false'), fc.string({ maxLength: 2 }))),
    { maxLength: 60 },
  );

  it('lists every category once, most frequent first, ties by code units, whatever the order of rows', () => {
    fc.assert(
      fc.property(labels, fc.integer(), (values, seed) => {
        const { categories, isTruncated } = categoricalGridOf(values);
        const times = (category: string): number => values.filter((value) => value === category).length;
        const distinct = new Set(values.filter((value) => value !== null));
        expect(new Set(categories)).toEqual(distinct);
        expect(categories).toHaveLength(distinct.size);
        expect(isTruncated).toBe(false);
        for (let i = 1; i < categories.length; i++) {
          const [before, after] = [categories[i - 1]!, categories[i]!];
          const fall = times(before) - times(after);
          expect(fall > 0 || (fall === 0 && before < after)).toBe(true);
        }
        expect(categoricalGridOf(shuffled([...values, null], seed)).categories).toEqual(categories);
      }),
      RUNS,
    );
  });
  it('of booleans has the categories true and false', () => {
    expect(categoricalGridOf(['true', null, 'false', 'true']).categories).toEqual(['true', 'false']);
  });
  it('keeps the 1,000 most frequent, and says that it left some out', () => {
    const values = Array.from({ length: MAX_CATEGORIES + 1 }, (_, i) => String(i).padStart(4, '0'));
    expect(categoricalGridOf(values.slice(1))).toMatchObject({ isTruncated: false });
    const { categories, isTruncated } = categoricalGridOf([...values, '1000']);
    expect(isTruncated).toBe(true);
    expect(categories).toEqual(['1000', ...values.slice(0, 999)]);
  });
  it('tells long categories apart by their hash, and keeps 256 code units of each', () => {
    const long = 'x'.repeat(300);
    const { categories } = categoricalGridOf([`${long}a`, `${long}b`, `${long}b`, 'y'.repeat(256)]);
    expect(categories).toHaveLength(3);
    expect(categories.map(({ length }) => length)).toEqual([256, 256, 256]);
    expect(categories).toContain('y'.repeat(256));
  });
});

describe('a grid', () => {
  const texts = fc.array(fc.option(fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('a b', 'b, c!'))), {
    maxLength: 20,
  });
  /** Names and strings of any code units, lone surrogates too. */
  const name = fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 4 })
    .map((units) => String.fromCharCode(...units));
  const column: fc.Arbitrary<NamedColumn> = fc.oneof(
    fc.record({ name, values: wild.map((values) => numericColumn(values).values) }),
    fc.record({
      name,
      values: fc.array(fc.option(name)).map((values) => categoricalColumn(values).values),
    }),
    fc.record({
      name,
      values: texts.map((values) => ({ kind: 'text', values, invalidCount: 0 }) as const),
    }),
  );
  const grid = fc.uniqueArray(column, { maxLength: 4, selector: ({ name }) => name }).map(buildGrid);

  it('is the same after it was written and read, its hash too', () => {
    fc.assert(
      fc.property(grid, (written) => {
        const read = deserializeGrid(serializeGrid(written));
        expect(read).toEqual(written);
        expect(serializeGrid(read)).toEqual(serializeGrid(written));
      }),
      RUNS,
    );
  });
  it('has the hash of another one exactly when their contents are equal', () => {
    fc.assert(
      fc.property(grid, grid, (a, b) => {
        const bytesOf = (one: Grid): string => serializeGrid(one).join();
        expect(a.hash === b.hash).toBe(bytesOf(a) === bytesOf(b));
        expect(gridOfColumns(a.columns).hash).toBe(a.hash);
      }),
      RUNS,
    );
  });
  it('has another hash when its columns are renamed or swapped', () => {
    const [a, b] = [numericColumn([1, 2]), { ...categoricalColumn(['u']), name: 'y' }];
    const hashes = [[a, b], [b, a], [a], [{ ...a, name: 'z' }]].map((columns) => buildGrid(columns).hash);
    expect(new Set(hashes).size).toBe(4);
    for (const hash of hashes) expect(hash).toMatch(/^[0-9a-f]{16}$/);
  });
  it('is refused when a byte is changed, lost or added', () => {
    fc.assert(
      fc.property(grid, fc.nat(), fc.integer({ min: 1, max: 255 }), (written, at, change) => {
        const bytes = serializeGrid(written);
        const place = at % bytes.length;
        const damaged = bytes.map((byte, i) => (i === place ? byte ^ change : byte));
        expect(() => deserializeGrid(damaged)).toThrow(StatsFormatError);
        expect(() => deserializeGrid(bytes.subarray(0, place))).toThrow(StatsFormatError);
        expect(() => deserializeGrid(Uint8Array.of(...bytes, change))).toThrow(StatsFormatError);
      }),
      RUNS,
    );
  });
});
