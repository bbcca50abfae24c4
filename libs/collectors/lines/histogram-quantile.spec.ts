import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { histogramQuantile, type Bucket, type HistogramQuantile } from './histogram-quantile.js';

const buckets = (...pairs: [le: number, count: number][]): Bucket[] =>
  pairs.map(([le, count]) => ({ le, count }));
const exactly = (value: number): HistogramQuantile => ({ value, isAtLeast: false });
const INF = Infinity;

describe('histogramQuantile', () => {
  it.each<[string, number, Bucket[], HistogramQuantile | null]>([
    ['no buckets', 0.5, [], null],
    ['only +Inf', 0.5, buckets([INF, 4]), null],
    ['no +Inf', 0.5, buckets([1, 4], [2, 4]), null],
    ['no observations', 0.5, buckets([1, 0], [INF, 0]), null],
    ['q below 0', -0.1, buckets([1, 1], [INF, 1]), null],
    ['q above 1', 1.1, buckets([1, 1], [INF, 1]), null],
    ['q NaN', NaN, buckets([1, 1], [INF, 1]), null],
    ['a NaN count', 0.5, buckets([1, NaN], [INF, NaN]), null],
    ['within the lowest bucket: from 0', 0.5, buckets([1, 10], [2, 10], [INF, 10]), exactly(0.5)],
    [
      'the lowest bucket with a bound of 0 or less: its bound',
      0.1,
      buckets([-1, 10], [2, 10], [INF, 10]),
      exactly(-1),
    ],
    ['between two negative bounds', 0.75, buckets([-2, 5], [-1, 10], [INF, 10]), exactly(-1.5)],
    [
      'within a middle bucket',
      0.9,
      buckets([0.1, 10], [0.5, 80], [1, 100], [INF, 100]),
      exactly(0.5 + 0.5 * (10 / 20)),
    ],
    ['on a bound', 0.8, buckets([0.1, 10], [0.5, 80], [1, 100], [INF, 100]), exactly(0.5)],
    [
      'in +Inf: the highest finite bound, at least',
      0.95,
      buckets([0.1, 10], [0.5, 40], [1, 45], [INF, 100]),
      { value: 1, isAtLeast: true },
    ],
    [
      'exactly the highest finite bound is not "at least"',
      0.45,
      buckets([0.5, 40], [1, 45], [INF, 100]),
      exactly(1),
    ],
    ['q = 1 with everything in finite buckets', 1, buckets([1, 5], [2, 10], [INF, 10]), exactly(2)],
    ['q = 0 with an empty lowest bucket, NaN in PromQL', 0, buckets([1, 0], [2, 5], [INF, 5]), null],
    ['unordered and repeated bounds', 0.5, buckets([INF, 6], [1, 5], [INF, 4], [1, 5]), exactly(0.5)],
    ['counts that fall are raised', 0.9, buckets([1, 10], [2, 8], [3, 10], [INF, 10]), exactly(0.9)],
  ])('%s', (_name, q, given, expected) => {
    expect(histogramQuantile(q, given)).toEqual(expected);
  });

  const observations = fc.array(fc.double({ min: 0, max: 20, noNaN: true }), { minLength: 1 });
  const bounds = [0.1, 0.5, 1, 5, 10];
  const recorded = (values: number[]): Bucket[] =>
    [...bounds, INF].map((le) => ({ le, count: values.filter((value) => value <= le).length }));

  it('lies in the bucket of the exact quantile', () => {
    fc.assert(
      fc.property(observations, fc.double({ min: 0.01, max: 1, noNaN: true }), (values, q) => {
        const exact = values.toSorted((a, b) => a - b)[Math.ceil(q * values.length) - 1] as number;
        const quantile = histogramQuantile(q, recorded(values));
        const upper = bounds.find((bound) => exact <= bound);
        if (upper === undefined) expect(quantile).toEqual({ value: 10, isAtLeast: true });
        else {
          expect(quantile?.isAtLeast).toBe(false);
          expect(quantile?.value).toBeLessThanOrEqual(upper);
          expect(quantile?.value).toBeGreaterThanOrEqual(bounds[bounds.indexOf(upper) - 1] ?? 0);
        }
      }),
    );
  });

  it('rises with q, and does not change when all counts are multiplied', () => {
    fc.assert(
      fc.property(
        observations,
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (values, a, b) => {
          const of = (q: number, factor = 1): number =>
            histogramQuantile(
              q,
              recorded(values).map(({ le, count }) => ({ le, count: count * factor })),
            )?.value ?? NaN;
          expect(of(Math.min(a, b))).toBeLessThanOrEqual(of(Math.max(a, b)));
          // A power of two is exact, so that no rounding moves a rank over a bound.
          expect(of(a, 0.25)).toBe(of(a));
        },
      ),
    );
  });
});
