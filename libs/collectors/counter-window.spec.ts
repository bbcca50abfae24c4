import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CounterWindow, type CounterReading } from './counter-window.js';

/** One scrape: second, and the value of each series; `a1` and `a2` count into group `a`. */
type Scrape = [second: number, values: Record<string, number>];

const readings = (values: Record<string, number>): CounterReading[] =>
  Object.entries(values).map(([series, value]) => ({ series, group: series.slice(0, 1), value }));

function ratesAfter(
  windowSeconds: number,
  scrapes: readonly Scrape[],
  askedAt?: number,
): Record<string, number> | null {
  const window = new CounterWindow(windowSeconds * 1_000);
  for (const [second, values] of scrapes) window.add(second * 1_000, readings(values));
  const rates = window.rates((askedAt ?? scrapes.at(-1)?.[0] ?? 0) * 1_000);
  return rates === null ? null : Object.fromEntries(rates);
}

describe('CounterWindow', () => {
  it.each<[string, Scrape[], Record<string, number> | null]>([
    ['no scrape', [], null],
    ['one scrape', [[0, { a: 5 }]], null],
    [
      'two scrapes without series',
      [
        [0, {}],
        [1, {}],
      ],
      null,
    ],
    [
      'two scrapes',
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
      'series of one group',
      [
        [0, { a1: 5, a2: 1 }],
        [2, { a1: 9, a2: 2 }],
      ],
      { a: 2.5 },
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
      'a series that goes and comes back counts from 0',
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
      'a scrape exactly at the edge',
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
  ])('%s', (_name, scrapes, expected) => {
    expect(ratesAfter(10, scrapes)).toEqual(expected);
  });

  it('forgets when nothing was scraped for a window', () => {
    expect(
      ratesAfter(
        10,
        [
          [0, { a: 0 }],
          [5, { a: 5 }],
        ],
        10,
      ),
    ).toEqual({ a: 1 });
    expect(
      ratesAfter(
        10,
        [
          [0, { a: 0 }],
          [5, { a: 5 }],
        ],
        11,
      ),
    ).toBeNull();
  });

  it('counts every increment exactly once, wherever the counter is reset', () => {
    const steps = fc.array(fc.record({ increment: fc.nat(1_000), isReset: fc.boolean() }), {
      minLength: 1,
      maxLength: 50,
    });
    fc.assert(
      fc.property(steps, (walk) => {
        let value = 500;
        const scrapes: Scrape[] = [[0, { a: value }]];
        let counted = 0;
        for (const [index, { increment, isReset }] of walk.entries()) {
          const next = isReset ? increment : value + increment;
          // A reset that climbs past the old value between two scrapes cannot be told from no reset.
          counted += next >= value ? next - value : next;
          value = next;
          scrapes.push([index + 1, { a: value }]);
        }
        expect((ratesAfter(1_000, scrapes)?.['a'] ?? NaN) * walk.length).toBeCloseTo(counted, 6);
      }),
    );
  });
});
