import { describe, expect, it } from '@jest/globals';
import { categoricalColumn, driftBetween, numericColumn, seededUniform } from '../columns-for-tests.js';

/** `count` names drawn evenly from `among`. */
function evenNames(count: number, among: number, seed: number, name = 'c'): string[] {
  const uniform = seededUniform(seed);
  return Array.from({ length: count }, () => `${name}${Math.floor(among * uniform())}`);
}

/** `count` names, the k-th as often as 1/(k + 1): a long tail. */
function longTailed(count: number, among: number, seed: number): string[] {
  const uniform = seededUniform(seed);
  return Array.from({ length: count }, () => `c${Math.floor(Math.exp(Math.log(among) * uniform())) - 1}`);
}

describe('verdicts on columns of many categories', () => {
  it.each([
    ['500 even ones', evenNames(20_000, 500, 1)],
    ['5,000 even ones, a truncated grid', evenNames(50_000, 5000, 2)],
  ])('a rare category that takes over is drift: %s', (_, baseline) => {
    const drift = driftBetween(categoricalColumn(baseline), categoricalColumn(Array(250).fill('c7')));
    expect(drift).toMatchObject({ verdict: 'drifted' });
    expect(drift.lInfinity).toBeGreaterThan(0.98);
    expect(drift.totalVariation).toBeGreaterThan(0.98);
    expect(drift.psi).toBeGreaterThan(5);
    expect(drift.explanation).toContain('"c7" went from');
  });
  it.each([
    ['one takes over', (i: number) => (i % 10 === 0 ? `c${i}` : 'fallback')],
    ['one takes a tenth more', (i: number) => (i % 6 === 0 ? 'fallback' : `c${(i * 7919) % 5000}`)],
  ])('a value outside the list of a truncated grid is drift: %s', (_, value) => {
    const window = categoricalColumn(Array.from({ length: 1000 }, (_, i) => value(i)));
    const drift = driftBetween(categoricalColumn(evenNames(50_000, 5000, 3)), window);
    expect(drift).toMatchObject({ verdict: 'drifted' });
    expect(drift.bins.labels).toContain('fallback');
    expect(drift.explanation).toContain('"fallback" went from');
  });
  it('another spelling of a column with more than 1,000 categories is named', () => {
    const drift = driftBetween(
      categoricalColumn(longTailed(50_000, 5000, 6)),
      categoricalColumn(longTailed(5000, 5000, 7).map((name) => name.toUpperCase())),
    );
    expect(drift).toMatchObject({ verdict: 'drifted' });
    expect(drift.explanation).toMatch(/^\d+% of `x` differs only in case from known values: "C0" for "c0"/);
  });
  it('new values have the shares that are certain, and no others', () => {
    const drift = driftBetween(
      categoricalColumn(Array.from({ length: 20_000 }, (_, i) => `c${i % 10}`)),
      categoricalColumn(Array.from({ length: 5000 }, (_, i) => (i % 5 === 0 ? 'new' : `id${i}`))),
    );
    const [change] = drift.changes;
    expect(change).toMatchObject({ kind: 'new-category', share: 1, distinctCount: null });
    expect(change?.kind === 'new-category' && change.names.slice(0, 2)).toEqual([
      { name: 'new', share: expect.closeTo(0.2, 2) },
      { name: expect.stringMatching(/^id/), share: expect.closeTo(0, 2) },
    ]);
  });
  it('rows that are too few for so many categories are insufficient, and never ok', () => {
    const drift = driftBetween(
      categoricalColumn(evenNames(20_000, 500, 4)),
      categoricalColumn(evenNames(250, 500, 5)),
    );
    expect(drift).toMatchObject({
      verdict: 'insufficient',
      reason: 'noise-floor-above-threshold',
      effects: [],
    });
  });
  it('the PSI of a long tail has no bias from values that the baseline had not seen yet', () => {
    const ratios = Array.from({ length: 40 }, (_, seed) => {
      const baseline = categoricalColumn(longTailed(4000, 20_000, 2 * seed + 1));
      const drift = driftBetween(baseline, categoricalColumn(longTailed(4000, 20_000, 2 * seed + 2)));
      const psi = drift.effects.find(({ name }) => name === 'psi')!;
      expect(psi.lowerBound).toBeLessThan(0.02);
      return psi.value / psi.noiseFloor;
    });
    // The floor is the 95% quantile of chance: the mean lies below it, and few values above.
    expect(ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length).toBeLessThan(1);
    expect(ratios.filter((ratio) => ratio > 1).length).toBeLessThanOrEqual(6);
  });
  it('a category with the name of the pooled bin stays one', () => {
    const values = Array.from({ length: 1000 }, (_, i) => (i % 2 === 0 ? '(rest)' : '(other)'));
    const drift = driftBetween(categoricalColumn(values), categoricalColumn(Array(500).fill('(rest)')));
    expect(drift).toMatchObject({ verdict: 'drifted', lInfinity: 0.5 });
  });
});

describe('verdicts on discrete numbers', () => {
  it('values between the known ones are a change of shares, whatever D says of them', () => {
    const baseline = numericColumn(Array.from({ length: 20_000 }, (_, i) => i % 10));
    const window = numericColumn(Array.from({ length: 2000 }, (_, i) => (i % 13 === 0 ? 4.5 : i % 10)));
    const drift = driftBetween(baseline, window);
    expect(drift.ks).toBeLessThan(0.05);
    expect(drift).toMatchObject({ verdict: 'warning', reason: 'above-warning-threshold' });
    expect(drift.effects.find(({ name }) => name === 'lInfinity')!.value).toBeCloseTo(1 / 13, 2);
  });
});

describe('every verdict says what it rests on', () => {
  it('names the effect where no change has a name', () => {
    const uniform = seededUniform(9);
    const values = (shift: number, count: number): number[] =>
      Array.from({ length: count }, () => uniform() + uniform() + uniform() + shift);
    const drift = driftBetween(numericColumn(values(0, 100_000)), numericColumn(values(0.075, 20_000)));
    expect(drift.verdict).toBe('warning');
    expect(drift.changes).not.toEqual([]);
    expect(drift.explanation).not.toBe('no notable change');
  });

  it.each([
    [
      'out-of-range',
      numericColumn(Array.from({ length: 40 }, (_, i) => i % 5)),
      numericColumn(Array.from({ length: 19 }, (_, i) => (i % 2 === 0 ? -50 : 90))),
    ],
    ['new-category', categoricalColumn(evenNames(40, 3, 1)), categoricalColumn(evenNames(19, 3, 2, 'new'))],
  ])(
    'names %s where the rows are enough, and the values alone too few',
    (kind, baseline, { name, values }) => {
      const drift = driftBetween(baseline, { name, values: { ...values, invalidCount: 2 } });
      expect(drift.distributionVerdict).toBe('insufficient');
      expect(drift.verdict).toBe('drifted');
      expect(drift.changes).toContainEqual(expect.objectContaining({ kind }));
    },
  );
});
