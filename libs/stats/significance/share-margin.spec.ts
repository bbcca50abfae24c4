import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { marginExcess } from './share-margin.js';

const NONE = { absolute: 0, relative: 0 };

describe('the excess over a margin', () => {
  // Newcombe (1998), table II, method 10; there the first share is the larger one.
  it.each([
    [56, 70, 48, 80, 0.0524, 0.3339],
    [9, 10, 3, 10, 0.1705, 0.809],
    [6, 7, 2, 7, 0.0582, 0.8062],
    [5, 56, 0, 29, -0.0381, 0.1926],
    [0, 10, 0, 20, -0.1611, 0.2775],
  ])('has the interval of the difference %d/%d − %d/%d without a margin', (y, m, x, n, lower, upper) => {
    const found = marginExcess([x, n, y, m], NONE, 0.95);
    expect(found?.lowerBound).toBeCloseTo(lower, 4);
    expect(found?.upperBound).toBeCloseTo(upper, 4);
  });

  it('is the distance from absolute + (1 + relative) times the first share', () => {
    const found = marginExcess([5, 1_000, 12, 1_000], { absolute: 0.0025, relative: 0.5 }, 0.95);
    expect(found?.limit).toBeCloseTo(0.01, 12);
    expect(found?.excess).toBeCloseTo(0.002, 12);
  });

  it('needs 1,533 rows without a single event to exclude 0.25 points more', () => {
    const margin = { absolute: 0.0025, relative: 0.5 };
    expect(marginExcess([0, 1e9, 0, 1_532], margin, 0.95)?.upperBound).toBeGreaterThan(0);
    expect(marginExcess([0, 1e9, 0, 1_533], margin, 0.95)?.upperBound).toBeLessThan(0);
  });

  it('holds its one-sided level at the margin: few canaries that are as bad as that seem not to be', () => {
    // P(upper bound < 0) at q = limit, by summing over both binomial distributions.
    const [n, m, p] = [400, 200, 0.02];
    const margin = { absolute: 0.02, relative: 0.5 };
    const [first, second] = [binomial(n, p), binomial(m, margin.absolute + (1 + margin.relative) * p)];
    let wrong = 0;
    first.forEach((px, x) =>
      second.forEach((py, y) => {
        const upper = marginExcess([x, n, y, m], margin, 0.95)?.upperBound ?? 0;
        if (upper < 0) wrong += px * py;
      }),
    );
    // Wilson's interval is not exact: near 2.5%, not far above.
    expect(wrong).toBeLessThan(0.03);
    expect(wrong).toBeGreaterThan(0.01);
  });

  it('contains the excess, falls with a larger margin, and is null without rows', () => {
    const count = fc.integer({ min: 1, max: 500 });
    fc.assert(
      fc.property(
        count,
        count,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (n, m, a, b) => {
          const counts = [Math.floor(a * n), n, Math.floor(b * m), m] as const;
          const [narrow, wide] = [0, 0.1].map((absolute) =>
            marginExcess(counts, { absolute, relative: 0.5 }, 0.95)!,
          );
          expect(narrow!.lowerBound).toBeLessThanOrEqual(narrow!.excess + 1e-12);
          expect(narrow!.upperBound).toBeGreaterThanOrEqual(narrow!.excess - 1e-12);
          expect(wide!.upperBound).toBeLessThan(narrow!.upperBound);
        },
      ),
    );
    expect(marginExcess([0, 0, 1, 2], NONE, 0.95)).toBeNull();
    expect(marginExcess([0, 2, 0, 0], NONE, 0.95)).toBeNull();
  });
});

/** The probabilities of 0 to n successes. */
function binomial(n: number, p: number): number[] {
  const probabilities = [(1 - p) ** n];
  for (let k = 1; k <= n; k++) probabilities.push((probabilities[k - 1]! * (n - k + 1) * p) / (k * (1 - p)));
  return probabilities;
}
