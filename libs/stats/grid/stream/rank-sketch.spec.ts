import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { seededNormals, seededUniform } from '../../columns-for-tests.js';
import { RankSketch } from './rank-sketch.js';

const RUNS = { numRuns: 1000 };

const BUFFER = 16;

const sketchOf = (values: ArrayLike<number>, bufferSize = BUFFER): RankSketch => {
  const sketch = new RankSketch(bufferSize);
  sketch.add(Float64Array.from(values));
  return sketch;
};

/** The weight of each value held, in the order of values. */
const itemsOf = (sketch: RankSketch): { value: number; atMost: number }[] => {
  const { values, cumulative } = sketch.sortedSample();
  return Array.from(values, (value, i) => ({ value, atMost: cumulative === null ? i + 1 : cumulative[i]! }));
};

/** The largest error of the number of values at most x, over all x: both sides only step at values that came. */
const largestRankError = (sketch: RankSketch, values: ArrayLike<number>): number => {
  const sorted = Float64Array.from(values).sort();
  const items = itemsOf(sketch);
  let next = 0;
  let worst = 0;
  sorted.forEach((x, i) => {
    if (sorted[i + 1] === x) return;
    while (next < items.length && items[next]!.value <= x) next++;
    worst = Math.max(worst, Math.abs((next === 0 ? 0 : items[next - 1]!.atMost) - (i + 1)));
  });
  return worst;
};

/** Half a value: rank errors are whole numbers, the bound times the count is one to rounding. */
const HALF = 0.5;
const expectWithinBound = (sketch: RankSketch, values: ArrayLike<number>): void => {
  const { count, rankErrorBound } = sketch;
  const items = itemsOf(sketch);
  expect(count).toBe(values.length);
  expect(items.at(-1)?.atMost ?? 0).toBe(count);
  expect(largestRankError(sketch, values)).toBeLessThanOrEqual(rankErrorBound * count + HALF);
  if (count === 0) return;
  const sorted = Float64Array.from(values).sort();
  expect(items[0]!.value).toBe(sorted[0]);
  expect(items.at(-1)!.value).toBe(sorted[count - 1]);
};

const length = 3000;
const uniform = seededUniform(1);
const SHAPES: [string, number[]][] = [
  ['random', Array.from({ length }, uniform)],
  ['sorted', Array.from({ length }, (_, i) => i)],
  ['reversed', Array.from({ length }, (_, i) => -i)],
  ['constant', Array.from({ length }, () => 7)],
  ['heavily tied', Array.from({ length }, () => Math.floor(uniform() * 5))],
  ['zigzag', Array.from({ length }, (_, i) => (i % 2 === 0 ? i : -i))],
  ['outside in', Array.from({ length }, (_, i) => (i % 2 === 0 ? 1 : -1) * (length - i))],
  ['in the period of the buffer', Array.from({ length }, (_, i) => (i % BUFFER) * length + i)],
  ['wide', Array.from({ length }, (_, i) => (i % 3 === 0 ? 1e308 : -5e-324 * i))],
];

describe('the rank sketch', () => {
  it.each(SHAPES)('keeps every rank within its certified bound: %s', (_name, values) => {
    for (const size of [2, 6, 16, 250]) expectWithinBound(sketchOf(values, size), values);
  });
  it('cancels errors: batches that all err alike leave less than a quarter of what they could', () => {
    const values = Array.from({ length }, (_, i) => i % BUFFER);
    const sketch = sketchOf(values);
    const possible = sketch.rankErrorBound * length;
    expect(largestRankError(sketch, values)).toBeLessThan(possible / 4);
  });
  it('keeps it for any values, however they are split and merged', () => {
    const value = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer({ min: 0, max: 3 }),
    );
    fc.assert(
      fc.property(fc.array(fc.array(value, { maxLength: 60 }), { maxLength: 6 }), (parts) => {
        const merged = sketchOf([], 4);
        for (const part of parts) {
          const other = sketchOf(part, 4);
          const before = itemsOf(other);
          merged.merge(other);
          expect(itemsOf(other)).toEqual(before);
        }
        expectWithinBound(merged, parts.flat());
        expectWithinBound(sketchOf(parts.flat(), 4), parts.flat());
      }),
      { numRuns: 1000 },
    );
  });
  it('keeps it when it is read between additions', () => {
    const sketch = sketchOf([]);
    const values = SHAPES[0]![1];
    for (let i = 0; i < length; i += 11) {
      sketch.add(Float64Array.from(values.slice(i, i + 11)));
      expectWithinBound(sketch, values.slice(0, i + 11));
    }
  });
  it('keeps it when it is merged as a tree, many sketches that all erred on one side', () => {
    const parts = Array.from({ length: 64 }, (_, p) => Array.from({ length: 40 }, (_, i) => i * 64 + p));
    let sketches = parts.map((part) => sketchOf(part));
    for (; sketches.length > 1; sketches = sketches.filter((_, i) => i % 2 === 0)) {
      for (let i = 0; i < sketches.length; i += 2) sketches[i]!.merge(sketches[i + 1]!);
    }
    expectWithinBound(sketches[0]!, parts.flat());
  });
  it('merges with itself as with a copy', () => {
    const sketch = sketchOf(SHAPES[0]![1]);
    sketch.merge(sketch);
    expectWithinBound(sketch, [...SHAPES[0]![1], ...SHAPES[0]![1]]);
  });
  it('has no error up to a buffer of values, nor for equal ones', () => {
    const values = seededNormals(BUFFER, 2);
    const sketch = sketchOf(values);
    expect(sketch.rankErrorBound).toBe(0);
    expect(sketch.sortedSample()).toEqual({ values: values.sort(), cumulative: null });
    expect(sketchOf(SHAPES[3]![1]).rankErrorBound).toBe(0);
    expect(sketchOf([]).rankErrorBound).toBe(0);
    expect(sketchOf([]).sortedSample().values).toHaveLength(0);
  });
  it('takes a value many times at once as if it came one by one', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(9), fc.nat(200)), { maxLength: 8 }), (counted) => {
        const sketch = new RankSketch(4);
        for (const [value, count] of counted) sketch.addRepeated(value, count);
        expectWithinBound(
          sketch,
          counted.flatMap(([value, count]) => Array.from({ length: count }, () => value)),
        );
      }),
      RUNS,
    );
    const sketch = new RankSketch();
    sketch.addRepeated(1, 1e12 + 1);
    expect(sketch).toMatchObject({ count: 1e12 + 1, rankErrorBound: 0 });
  });
  it('certifies H/(2k) + 2/(3k), and holds 8k + 4kH bytes', () => {
    for (const n of [2 ** 12, 2 ** 12 + 1, 100_003]) {
      for (const k of [64, 1024]) {
        const sketch = sketchOf(seededNormals(n, 3), k);
        const levels = Math.floor(Math.log2(n / k)) + 1;
        expect(sketch.rankErrorBound).toBeLessThanOrEqual(levels / (2 * k) + 2 / (3 * k));
        expect(sketch.approximateBytes).toBeLessThanOrEqual(8 * k + 4 * k * levels);
      }
    }
  });
  it.each([0, 1, 3, -2, 2.5, NaN, Infinity])('refuses a buffer of %d values', (size) => {
    expect(() => new RankSketch(size)).toThrow(RangeError);
  });
  it('refuses to merge with another size of buffer', () => {
    expect(() => sketchOf([]).merge(new RankSketch(32))).toThrow(RangeError);
  });
});
