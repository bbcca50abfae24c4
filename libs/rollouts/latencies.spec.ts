import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bucketsOfLatencies, cellsOf } from './latency-cells.js';
import { quantileOf } from './quantile-of-shares.js';
import { StandardizedShares } from './standardized-shares.js';

describe('a quantile of shares above edges', () => {
  const edges = [0.1, 0.2, 0.4, 0.8];

  it('is exact for a Pareto tail', () => {
    const shareAbove = (j: number): number => (0.1 / (edges[j] ?? 1)) ** 2;
    expect(quantileOf(edges, shareAbove, 0.9)).toBeCloseTo(0.1 * Math.sqrt(10), 12);
    // Beyond the last edge the line goes on.
    expect(quantileOf(edges, shareAbove, 0.99)).toBeCloseTo(1, 12);
  });

  it('is early for an exponential tail, and late when interpolated as PromQL does', () => {
    const shareAbove = (j: number): number => Math.exp(-(edges[j] ?? 1) / 0.1);
    const truth = 0.1 * Math.log(20);
    expect(quantileOf(edges, shareAbove, 0.95)).toBeLessThan(truth);
    expect(quantileOf(edges, shareAbove, 0.95, 'linear')).toBeGreaterThan(truth);
  });

  it('is linear in the first cell, the lower edge of the last one where asked, and Infinity where nothing is known', () => {
    expect(quantileOf(edges, () => 0, 0.5)).toBeCloseTo(0.05, 12);
    expect(quantileOf(edges, (j) => (j < 2 ? 0.5 : 0), 0.99, 'lower-edge')).toBe(0.2);
    expect(quantileOf([], () => 0, 0.99)).toBe(Infinity);
    expect(quantileOf([0.1], () => 1, 0.99)).toBe(Infinity);
  });
});

describe('buckets of raw latencies', () => {
  it('know every latency to 2% of itself, and how many there are', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-5, max: 1e3, noNaN: true }), (seconds) => {
        const buckets = bucketsOfLatencies([seconds, seconds, NaN, -1]);
        const edge = buckets.find(({ count }) => count > 0)?.le ?? 0;
        expect(edge).toBeGreaterThanOrEqual(seconds * (1 - 1e-9));
        expect(edge).toBeLessThanOrEqual(seconds * 1.02 * (1 + 1e-9));
        expect(buckets.at(-1)).toEqual({ le: Infinity, count: 2 });
      }),
    );
  });

  it('have the same edges whatever was slow', () => {
    const edgesOf = (seconds: number[]): number[] => bucketsOfLatencies(seconds).map(({ le }) => le);
    expect(edgesOf([1e9, 0.1])).toEqual(edgesOf([]));
  });
});

describe('the cells of cumulative buckets', () => {
  it('hold every call once, above edges that are not asked for too', () => {
    const buckets = [1, 2, 4, Infinity].map((le, i) => ({ le, count: [3, 5, 9, 10][i] ?? 0 }));
    expect([...cellsOf(buckets, [1, 2, 4])]).toEqual([3, 2, 4, 1]);
    expect([...cellsOf(buckets, [2])]).toEqual([5, 5]);
    expect([...cellsOf(buckets, [])]).toEqual([10]);
  });

  it('hold counts that fall, as Prometheus does', () => {
    expect([
      ...cellsOf(
        [
          { le: 1, count: 5 },
          { le: 2, count: 4.99 },
          { le: Infinity, count: 6 },
        ],
        [1, 2],
      ),
    ]).toEqual([5, 0, 1]);
  });
});

describe('standardised shares', () => {
  it('are those of all rows where the traffic shares stay as they are', () => {
    const shares = new StandardizedShares(1);
    for (const x of [1, 7, 40]) shares.add([x], 100, [x], 10);
    expect(shares.first(0)).toBeCloseTo(48 / 300, 12);
    expect(shares.firstSize).toBeCloseTo(300, 9);
  });

  it('count by the second group, and as fewer rows where its share changes', () => {
    const shares = new StandardizedShares(1);
    shares.add([10], 100, [1], 10);
    shares.add([50], 100, [45], 90);
    expect(shares.first(0)).toBeCloseTo(0.1 * 0.1 + 0.9 * 0.5, 12);
    expect(shares.firstSize).toBeLessThan(200);
    expect(shares.counts(0)[3]).toBe(100);
  });

  it('leave out steps in which a group has no rows', () => {
    const shares = new StandardizedShares(1);
    shares.add([0], 0, [5], 10);
    expect([shares.firstSize, shares.secondSize, ...shares.counts(0)]).toEqual([0, 0, 0, 0, 0, 0]);
  });
});
