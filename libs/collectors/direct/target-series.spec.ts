import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TargetSeries } from './target-series.js';

/** One page: second, and the value of each series. */
type Page = [second: number, values: Record<string, number>];

/** The rate of each series over the window that ends at `askedAt`; null when no rate can be told. */
function ratesAfter(
  windowSeconds: number,
  pages: readonly Page[],
  askedAt = pages.at(-1)?.[0] ?? 0,
): Record<string, number> | null {
  const target = new TargetSeries(windowSeconds * 1_000);
  for (const [second, values] of pages)
    target.add(
      second * 1_000,
      Object.entries(values).map(([name, value]) => ({ name, labels: { a: 'b' }, value, at: null })),
    );
  const seconds = target.seconds(askedAt * 1_000);
  if (seconds === null) return null;
  return Object.fromEntries(
    [...target.states(askedAt * 1_000)].map(({ metric, increase }) => [metric, (increase ?? NaN) / seconds]),
  );
}

describe('TargetSeries', () => {
  it.each<[string, Page[], Record<string, number> | null]>([
    ['no page', [], null],
    ['one page', [[0, { a: 5 }]], null],
    [
      'two pages',
      [
        [0, { a: 5 }],
        [2, { a: 9 }],
      ],
      { a: 2 },
    ],
    [
      'a counter that stands still',
      [
        [0, { a: 5 }],
        [2, { a: 5 }],
      ],
      { a: 0 },
    ],
    [
      'a reset: the new value is the increase',
      [
        [0, { a: 100 }],
        [1, { a: 110 }],
        [2, { a: 4 }],
      ],
      { a: 7 },
    ],
    [
      'a reset to 0',
      [
        [0, { a: 100 }],
        [1, { a: 0 }],
      ],
      { a: 0 },
    ],
    [
      'a new series counts from 0',
      [
        [0, { a: 1 }],
        [1, { a: 1, b: 3 }],
      ],
      { a: 0, b: 3 },
    ],
    [
      'a series that is away for a page goes on',
      [
        [0, { a: 10 }],
        [1, {}],
        [2, { a: 16 }],
      ],
      { a: 3 },
    ],
    [
      'and is reset when it fell meanwhile',
      [
        [0, { a: 10 }],
        [1, {}],
        [2, { a: 6 }],
      ],
      { a: 3 },
    ],
    [
      'only the window',
      [
        [0, { a: 0 }],
        [5, { a: 100 }],
        [10, { a: 105 }],
        [15, { a: 110 }],
      ],
      { a: 1 },
    ],
    [
      'a page exactly at the edge',
      [
        [0, { a: 0 }],
        [10, { a: 10 }],
      ],
      { a: 1 },
    ],
    [
      'a gap longer than the window',
      [
        [0, { a: 0 }],
        [11, { a: 10 }],
      ],
      null,
    ],
    [
      'a clock that went back',
      [
        [10, { a: 0 }],
        [5, { a: 10 }],
      ],
      null,
    ],
    [
      'and goes on',
      [
        [10, { a: 0 }],
        [5, { a: 10 }],
        [6, { a: 11 }],
      ],
      { a: 1 },
    ],
  ])('%s', (_name, pages, expected) => {
    expect(ratesAfter(10, pages)).toEqual(expected);
  });

  it('forgets when nothing was read for a window', () => {
    const pages: Page[] = [
      [0, { a: 0 }],
      [5, { a: 5 }],
    ];
    expect(ratesAfter(10, pages, 10)).toEqual({ a: 1 });
    expect(ratesAfter(10, pages, 11)).toBeNull();
  });

  it('forgets a series that no page of the window shows', () => {
    const pages: Page[] = [
      [0, { a: 0, b: 0 }],
      [5, { a: 1 }],
      [11, { a: 2 }],
      [12, { a: 3 }],
    ];
    expect(Object.keys(ratesAfter(10, pages) ?? {})).toEqual(['a']);
  });

  it('tells equal names with other labels apart, whatever the order of the labels', () => {
    const target = new TargetSeries(10_000);
    const of = (labels: Record<string, string>, value: number) => ({ name: 'a', labels, value, at: null });
    target.add(0, [of({ x: '1', y: '2' }, 1), of({ x: '12', y: '' }, 1)]);
    target.add(1_000, [of({ y: '2', x: '1' }, 3), of({ x: '12', y: '' }, 2)]);
    expect([...target.states(1_000)].map(({ increase }) => increase)).toEqual([2, 1]);
  });

  it('counts every increment exactly once, wherever the counter is reset and however long the window is', () => {
    const steps = fc.array(fc.record({ increment: fc.nat(1_000), isReset: fc.boolean() }), {
      minLength: 1,
      maxLength: 80,
    });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 100 }), (walk, windowSeconds) => {
        let value = 500;
        const pages: Page[] = [[0, { a: value }]];
        const increases: number[] = [];
        for (const [index, { increment, isReset }] of walk.entries()) {
          const next = isReset ? increment : value + increment;
          // A reset that climbs past the old value between two pages cannot be told from no reset.
          increases.push(next >= value ? next - value : next);
          value = next;
          pages.push([index + 1, { a: value }]);
        }
        const counted = increases.slice(-windowSeconds);
        const rate = ratesAfter(windowSeconds, pages)?.['a'] ?? NaN;
        expect(rate * counted.length).toBeCloseTo(
          counted.reduce((sum, each) => sum + each, 0),
          6,
        );
      }),
    );
  });
});
