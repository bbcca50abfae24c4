import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { sortBuffers, sortedFinite, sortFloat64 } from './radix-sort.js';

const RUNS = { numRuns: 1000 };

const seededDoubles = (count: number, of: (random: number, i: number) => number): Float64Array => {
  let state = 1;
  return Float64Array.from({ length: count }, (_, i) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return of(state / 2 ** 32, i);
  });
};

/** The first place at which the sorted values differ in any bit from the engine's own sort; null when there is none. */
const firstDifference = (values: Float64Array): number | null => {
  const expected = values.slice().sort();
  const sorted = values.slice();
  sortFloat64(sorted);
  const at = sorted.findIndex((x, i) => !Object.is(x, expected[i]));
  return at === -1 ? null : at;
};

describe('sortFloat64', () => {
  // Below 1,000 values, then with digits of 11 bits, then of 16.
  describe.each([999, 1_000, 99_999, 100_000])('of %d values', (count) => {
    it.each<[kind: string, of: (random: number, i: number) => number]>([
      ['of both signs', (x) => x - 0.5],
      ['negative', (x) => -1 - x],
      ['of one value', () => -7],
      ['of every magnitude', (x, i) => (i % 2 === 0 ? 1 : -1) * 10 ** (600 * x - 300)],
      ['that differ in the low word only', (x) => 1 + x * 2 ** -22],
      ['negative, and differ in the low word only', (x) => -1 - x * 2 ** -22],
      ['whole', (x) => Math.floor(1_000 * x) - 500],
      ['in order', (_, i) => i * 1.1],
      ['in reverse order', (_, i) => -i * 1.1],
      [
        'zeros, infinities and subnormal',
        (_, i) => [0, -0, 5e-324, -5e-324, Infinity, -Infinity][i % 6] ?? 0,
      ],
    ])('that are %s is that of the engine, bit for bit', (_, of) => {
      expect(firstDifference(seededDoubles(count, of))).toBeNull();
    });
  });

  it('is that of the engine, whatever the values', () => {
    const doubles = fc.float64Array({ minLength: 1, maxLength: 50, noNaN: true });
    fc.assert(
      fc.property(doubles, (few) => {
        const many = Float64Array.from(
          { length: 1_200 },
          (_, i) => (few[i % few.length] ?? 0) / (1 + (i % 7)),
        );
        expect(firstDifference(many)).toBeNull();
      }),
      RUNS,
    );
  });

  it('leaves what comes after the first `length` values', () => {
    const values = seededDoubles(3_000, (x) => x);
    const rest = values.slice(2_000);
    sortFloat64(values, 2_000);
    expect(values.slice(0, 2_000)).toEqual(values.slice(0, 2_000).sort());
    expect(values.slice(2_000)).toEqual(rest);
  });
});

describe('sortedFinite', () => {
  it.each([10, 2_000])('of %d values leaves out NaN and infinities, and its argument alone', (count) => {
    const values = seededDoubles(count, (x, i) => [x, NaN, -x, Infinity, -Infinity][i % 5] ?? 0);
    const before = values.slice();
    expect(sortedFinite(values)).toEqual(values.filter(Number.isFinite).sort());
    expect(values).toEqual(before);
  });

  it('needs no memory of its own in buffers that are longer, used before', () => {
    const buffers = sortBuffers(5_000);
    sortedFinite(
      seededDoubles(5_000, (x) => 9 + x),
      buffers,
    );
    const values = seededDoubles(2_000, (x) => x - 0.5);
    const sorted = sortedFinite(values, buffers);
    expect(sorted.buffer).toBe(buffers.sorted.buffer);
    expect(sorted).toEqual(values.slice().sort());
  });
});
