import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { categoricalColumn, numericColumn, profileOf, seededUniform } from '../columns-for-tests.js';
import {
  buildGrid,
  type ColumnDesignEffects,
  INDEPENDENT_ROWS,
  type NamedColumn,
  REFERENCES,
  referenceSpan,
  type SpanWindow,
  spanDesignEffects,
} from '../index.js';
import { ShareVariance } from './design-effect.js';

const HOUR = 3_600_000;
const uniform = seededUniform(5);
const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
/** Rows of one hour in clusters of `cluster` equal values, around `level`. */
const hourOf = (rows: number, cluster: number, level = 0): number[] => {
  const values: number[] = [];
  while (values.length < rows) {
    const value = level + normal();
    for (let i = 0; i < cluster; i++) values.push(value);
  }
  return values;
};
const span = (hours: readonly (readonly number[])[]): SpanWindow[] => {
  const grid = buildGrid([numericColumn(hours.flat())]);
  return hours.map((values, hour) => ({
    start: hour * HOUR,
    profile: profileOf(grid, numericColumn(values)),
  }));
};
const effectsOf = (windows: readonly SpanWindow[]): ColumnDesignEffects =>
  spanDesignEffects(windows).get('x')!;
const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;
const meanEffect = (makeSpan: () => SpanWindow[]): number =>
  mean(Array.from({ length: 40 }, () => effectsOf(makeSpan()).values));

/** Over 40 spans of 24 windows the mean's relative error is √(3/24/40), 0.056; three of those. */
const TOLERANCE = 0.17;

describe('the design effect of a span', () => {
  it('is 20 for clusters of 20 equal rows, and close to 1 for independent ones', () => {
    const clustered = meanEffect(() => span(Array.from({ length: 24 }, () => hourOf(400, 20))));
    expect(Math.abs(clustered / 20 - 1)).toBeLessThan(TOLERANCE);
    const independent = meanEffect(() => span(Array.from({ length: 24 }, () => hourOf(400, 1))));
    expect(independent).toBeGreaterThanOrEqual(1);
    // It cannot fall below 1, so its mean lies above: half of the error on average.
    expect(independent).toBeLessThan(1.3);
  });
  it('hardly counts the hours of the day, which come back every day', () => {
    const daily = meanEffect(() =>
      span(Array.from({ length: 24 }, (_, h) => hourOf(400, 20, 0.5 * Math.sin((2 * Math.PI * h) / 24)))),
    );
    expect(Math.abs(daily / 20 - 1)).toBeLessThan(2 * TOLERANCE);
  });
  it('is 1 with fewer than five windows, without windows, and for equal values', () => {
    expect(effectsOf(span(Array.from({ length: 4 }, () => hourOf(400, 20))))).toEqual(INDEPENDENT_ROWS);
    expect(spanDesignEffects([]).size).toBe(0);
    expect(effectsOf(span(Array.from({ length: 24 }, () => [7, 7, 7])))).toEqual(INDEPENDENT_ROWS);
  });
  it('sees that missing rows and unseen categories come together', () => {
    const column = categoricalColumn(['a', 'b']);
    const grid = buildGrid([column]);
    const windows = Array.from({ length: 24 }, (_, hour): SpanWindow => {
      const cells = Array.from({ length: 100 }, (_, i) => (hour % 2 === 0 ? (i < 50 ? null : 'new') : 'a'));
      return { start: hour * HOUR, profile: profileOf(grid, categoricalColumn(cells)) };
    });
    const { missing, unseen, invalid } = effectsOf(windows);
    expect(missing).toBeGreaterThan(20);
    expect(unseen).toBeGreaterThan(20);
    expect(invalid).toBe(1);
  });
  it('takes windows of several segments that start together as one, in any order', () => {
    const windows = span(Array.from({ length: 24 }, () => hourOf(400, 20)));
    const halves = windows.flatMap(({ start, profile }) => [
      { start, profile },
      { start, profile },
    ]);
    const whole = effectsOf(windows.map(({ start, profile }) => ({ start, profile })));
    expect(effectsOf(halves.reverse()).values / whole.values).toBeCloseTo(2, 10);
  });
  it('merges many short windows into 24 pieces, so that a cluster across two is still one', () => {
    const minutes = Array.from({ length: 240 }, () => hourOf(10, 10).map((x) => x));
    // Each cluster of 20 lies half in this window and half in the next.
    const spread = minutes.map((values, i) => [...(minutes[i - 1] ?? values), ...values].slice(0, 20));
    const grid = buildGrid([numericColumn(spread.flat())]);
    const windows = spread.map((values, i) => ({
      start: i * 60_000,
      profile: profileOf(grid, numericColumn(values)),
    }));
    expect(effectsOf(windows).values).toBeGreaterThan(10);
  });
  it('is at least 1 and finite whatever the counts', () => {
    const windows = fc.array(fc.tuple(fc.nat(1000), fc.nat(1000)), { maxLength: 30 });
    fc.assert(
      fc.property(windows, (counts) => {
        const variance = new ShareVariance(1);
        for (const [rows, count] of counts) variance.add(rows, [Math.min(rows, count)]);
        const effect = variance.designEffect();
        expect(effect).toBeGreaterThanOrEqual(1);
        expect(Number.isFinite(effect)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
  it('needs windows of one grid', () => {
    const other = (values: number[]): NamedColumn => numericColumn(values);
    const [a, b] = [other([1, 2]), other([3, 4])];
    const windows = [a, b].map((column) => ({ start: 0, profile: profileOf(buildGrid([column]), column) }));
    expect(() => spanDesignEffects(windows)).toThrow(RangeError);
  });
});

describe('the reference of a span', () => {
  const WEEK = 7 * 24 * HOUR;
  it.each([
    ['baseline', null],
    ['trailing-7-days', { from: 10 * WEEK - WEEK, to: 10 * WEEK }],
    ['week-before', { from: 9 * WEEK, to: 9 * WEEK + HOUR }],
  ] as const)('%s', (reference, expected) => {
    expect(REFERENCES).toContain(reference);
    expect(referenceSpan(reference, { from: 10 * WEEK, to: 10 * WEEK + HOUR })).toEqual(expected);
  });
});
