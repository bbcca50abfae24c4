import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  categoricalColumn,
  driftBetween,
  numericColumn,
  profileOf,
  seededNormals,
  seededUniform,
} from '../columns-for-tests.js';
import {
  buildGrid,
  compareProfiles,
  DEFAULT_DRIFT_THRESHOLDS,
  discreteCounts,
  modelVerdict,
  type NumericGrid,
  type NumericProfile,
  type Verdict,
} from '../index.js';
import { distributionVerdict } from './column-verdict.js';
import type { Effect } from './effects.js';

const RUNS = { numRuns: 1000 };

const BASELINE = numericColumn(seededNormals(20_000, 11));
const psi = (value: number, lowerBound: number, noiseFloor: number): Effect => ({
  name: 'psi',
  value,
  lowerBound,
  noiseFloor,
  warning: 0.1,
  drifted: 0.2,
});
const ks = (value: number, lowerBound: number, noiseFloor: number): Effect => ({
  name: 'ks',
  value,
  lowerBound,
  noiseFloor,
  warning: 0.05,
  drifted: 0.1,
});

const tails = (value: number, lowerBound: number, noiseFloor: number): Effect => ({
  name: 'tails',
  value,
  lowerBound,
  noiseFloor,
  warning: 0.03,
  drifted: 0.1,
});
const lInfinity = (value: number, lowerBound: number, noiseFloor: number): Effect => ({
  ...tails(value, lowerBound, noiseFloor),
  name: 'lInfinity',
  warning: 0.05,
});

describe('the verdict on a distribution', () => {
  it.each([
    ['no baseline', 0, 50, 0, [], 'insufficient', 'no-baseline-values'],
    ['no window', 50, 0, 0, [], 'insufficient', 'no-window-values'],
    ['nineteen values, however far', 500, 19, 0, [psi(9, 8, 0.9)], 'insufficient', 'too-few-values'],
    [
      'PSI and its bound above the limit, above a loud noise floor',
      500,
      50,
      0,
      [psi(3, 2, 0.4), ks(0.09, 0, 0.2)],
      'drifted',
      'psi-above-threshold',
    ],
    [
      'D and its bound above the limit',
      500,
      50,
      0.01,
      [psi(0.1, 0, 0.4), ks(0.5, 0.3, 0.2)],
      'drifted',
      'ks-above-threshold',
    ],
    ['both', 500, 50, 0.01, [psi(1, 0.5, 0.4), ks(0.5, 0.3, 0.2)], 'drifted', 'psi-and-ks-above-threshold'],
    [
      'both, but p not significant',
      500,
      50,
      0.05,
      [psi(1, 0.5, 0.4), ks(0.5, 0.3, 0.2)],
      'insufficient',
      'noise-floor-above-threshold',
    ],
    [
      'bound below the limit and all floors loud',
      500,
      50,
      0,
      [psi(0.3, 0.09, 0.11), ks(0.2, 0, 0.051)],
      'insufficient',
      'noise-floor-above-threshold',
    ],
    [
      'a loud floor, and a bound that passes the warning limit all the same',
      500,
      50,
      0,
      [psi(0.3, 0.1, 0.11), ks(0.2, 0, 0.051)],
      'warning',
      'lower-bound-below-threshold',
    ],
    [
      'bound below the limit, one floor quiet',
      500,
      200,
      0,
      [psi(0.3, 0.1, 0.09), ks(0.2, 0, 0.1)],
      'warning',
      'lower-bound-below-threshold',
    ],
    [
      'between warning and limit',
      500,
      900,
      0,
      [psi(0.15, 0.1, 0.05), ks(0.02, 0, 0.04)],
      'warning',
      'above-warning-threshold',
    ],
    [
      'only an effect with a loud floor is raised',
      500,
      200,
      0,
      [psi(0.05, 0, 0.09), ks(0.09, 0, 0.1)],
      'ok',
      'no-notable-change',
    ],
    [
      'a tail and its bound above the limit',
      500,
      900,
      0,
      [psi(0.1, 0, 0.05), tails(0.2, 0.15, 0.03)],
      'drifted',
      'tails-above-threshold',
    ],
    [
      'a tail above the warning limit',
      500,
      900,
      0.01,
      [psi(0.05, 0, 0.05), tails(0.04, 0.02, 0.03)],
      'warning',
      'above-warning-threshold',
    ],
    [
      "a category's share and its bound above the limit",
      500,
      900,
      0,
      [psi(0.1, 0, 0.05), lInfinity(0.3, 0.2, 0.04)],
      'drifted',
      'category-share-above-threshold',
    ],
    ['raised, but p not significant', 500, 900, 0.2, [psi(0.15, 0.1, 0.05)], 'ok', 'change-not-significant'],
    [
      'significant, but small',
      500,
      9e6,
      0,
      [psi(0.01, 0, 0.001), ks(0.01, 0, 0.001)],
      'ok',
      'no-notable-change',
    ],
  ] as const)('%s', (_, n, m, correctedPValue, effects, verdict, reason) => {
    expect(distributionVerdict({ n, m, correctedPValue, effects }, DEFAULT_DRIFT_THRESHOLDS)).toEqual({
      verdict,
      reason,
    });
  });
});

describe('comparing profiles', () => {
  it.each([20, 50])('calls %d rows that are all out of range drift', (m) => {
    const drift = driftBetween(BASELINE, numericColumn(seededNormals(m, 12).map((x) => 50 + x)));
    expect(drift).toMatchObject({ verdict: 'drifted', distributionVerdict: 'drifted', outOfRangeShare: 1 });
    expect(drift.explanation).toMatch(
      /^100% of rows have `x` above the baseline's maximum|^`x` looks shifted by \+50/,
    );
  });
  it('calls nineteen such rows insufficient', () => {
    expect(driftBetween(BASELINE, numericColumn(new Float64Array(19).fill(50)))).toMatchObject({
      verdict: 'insufficient',
      reason: 'too-few-values',
    });
  });
  it('calls fifty rows like the baseline insufficient, and ten thousand ok', () => {
    expect(driftBetween(BASELINE, numericColumn(seededNormals(50, 13))).verdict).toBe('insufficient');
    expect(driftBetween(BASELINE, numericColumn(seededNormals(10_000, 14)))).toMatchObject({
      verdict: 'ok',
      explanation: 'no notable change',
    });
  });
  it('does not call a tiny but significant change drift', () => {
    const drift = driftBetween(
      numericColumn(seededNormals(200_000, 15)),
      numericColumn(seededNormals(200_000, 16).map((x) => x + 0.03)),
    );
    expect(drift.pValue!).toBeLessThan(1e-6);
    expect(drift.verdict).toBe('ok');
  });
  it('keeps false alarms of the distribution below one in a hundred windows', () => {
    const profile = profileOf(buildGrid([BASELINE]), BASELINE);
    let alarms = 0;
    for (let seed = 0; seed < 300; seed++) {
      const window = profileOf(profile.grid, numericColumn(seededNormals(50 + 7 * seed, 1000 + seed)));
      if (compareProfiles(profile, window)[0]!.verdict === 'drifted') alarms++;
    }
    expect(alarms).toBeLessThanOrEqual(3);
  });
  it('raises values that went missing or invalid without waiting for the noise floor', () => {
    const window = new Float64Array(60).fill(NaN);
    expect(driftBetween(BASELINE, numericColumn(window))).toMatchObject({
      verdict: 'drifted',
      reason: 'missing-share-increased',
      distributionVerdict: 'insufficient',
      missingShare: 1,
      psi: null,
      ks: null,
      explanation: '`x` is missing in every row, before in 0%',
    });
    expect(driftBetween(BASELINE, numericColumn(seededNormals(900, 1), 100))).toMatchObject({
      verdict: 'warning',
      reason: 'invalid-share-increased',
    });
  });
  it('sees no evidence of bad quality where nothing rose, so that other columns are not judged more leniently', () => {
    expect(driftBetween(BASELINE, numericColumn(seededNormals(30, 5).map((x) => x / 9)))).toMatchObject({
      qualityCorrectedPValue: 1,
      qualityVerdict: 'ok',
    });
  });
  it('sees a wider spread in the tails, which PSI and D hardly do', () => {
    const drift = driftBetween(
      BASELINE,
      numericColumn(seededNormals(2000, 21).map((x) => x * Math.sqrt(1.5))),
    );
    expect(drift).toMatchObject({ verdict: 'warning', reason: 'above-warning-threshold' });
    expect(drift.psi!).toBeLessThan(0.1);
    expect(drift.ks!).toBeLessThan(0.1);
    expect(drift.tailChange!).toBeGreaterThan(0.03);
    expect(drift.tails.below!.difference).toBeGreaterThan(0.02);
    expect(drift.tails.above!.difference).toBeGreaterThan(0.02);
  });
  it('sees one frequent category grow among many, which PSI hardly does', () => {
    const uniform = seededUniform(9);
    const draw = (shareOfFirst: number): string =>
      uniform() < shareOfFirst ? 'first' : `c${Math.floor(40 * uniform())}`;
    const column = (count: number, share: number) =>
      categoricalColumn(Array.from({ length: count }, () => draw(share)));
    const drift = driftBetween(column(20_000, 0.45), column(4000, 0.58));
    expect(drift).toMatchObject({ verdict: 'drifted', reason: 'category-share-above-threshold' });
    expect(drift.psi!).toBeLessThan(0.1);
  });
  it('judges a new category by its share', () => {
    const baseline = categoricalColumn(Array.from({ length: 5000 }, (_, i) => (i % 3 === 0 ? 'web' : 'app')));
    const window = (share: number): string[] =>
      Array.from({ length: 4000 }, (_, i) => (i < share * 4000 ? 'tv' : i % 3 === 0 ? 'web' : 'app'));
    expect(driftBetween(baseline, categoricalColumn(window(0.005))).verdict).toBe('ok');
    const drift = driftBetween(baseline, categoricalColumn(window(0.03)));
    expect(drift).toMatchObject({ verdict: 'warning', reason: 'unseen-categories', unseenShare: 0.03 });
    expect(drift.explanation).toContain('3% of `x` is new: "tv" 3%');
  });
  it('pools rare categories, and says that 200 rows cannot tell 1,000 categories apart', () => {
    const uniform = seededUniform(3);
    const ids = (count: number): string[] =>
      Array.from({ length: count }, () => `c${Math.floor(1000 * uniform())}`);
    const drift = driftBetween(categoricalColumn(ids(50_000)), categoricalColumn(ids(200)));
    expect(drift.bins.labels.slice(-2)).toEqual(['(rest)', '(unseen)']);
    expect(drift.psi!).toBeLessThan(0.05);
    expect(drift).toMatchObject({
      verdict: 'insufficient',
      reason: 'noise-floor-above-threshold',
      effects: [],
    });
  });
  it('counts discrete numbers as categories too', () => {
    const values = Array.from({ length: 2000 }, (_, i) => (i * i) % 11);
    const grid = buildGrid([numericColumn(values)]);
    const profile = profileOf(grid, numericColumn([...values, 0.5, 99]));
    const counts = discreteCounts(
      grid.columns[0]!.grid as NumericGrid,
      profile.columns[0] as NumericProfile,
    )!;
    const distinct = [...new Set(values)].sort((a, b) => a - b);
    expect(counts).toEqual([...distinct.map((v) => values.filter((x) => x === v).length), 2]);
    expect(compareProfiles(profile, profile)[0]!.chiSquare).toMatchObject({ statistic: 0, pValue: 1 });
  });
  it('compares only the columns asked for, and only on one grid', () => {
    const profile = profileOf(buildGrid([BASELINE]), BASELINE);
    expect(compareProfiles(profile, profile, { onlyColumns: ['other'] })).toEqual([]);
    expect(() => compareProfiles(profile, profileOf(buildGrid([]), BASELINE))).toThrow(RangeError);
  });
});

describe('no input', () => {
  const odd = fc.array(
    fc.oneof(
      fc.double(),
      fc.constantFrom(0, -0, 1e308, -1e308, Number.MAX_VALUE, 5e-324, NaN, Infinity, -Infinity, 7),
    ),
    { maxLength: 60 },
  );
  const named = fc.constantFrom<number[]>(
    [],
    [7],
    [NaN],
    [0, -0],
    new Array<number>(30).fill(7),
    new Array<number>(30).fill(NaN),
    [1e308, -1e308],
    [5e-324],
    [Infinity],
  );
  const numbers = fc.oneof(odd, named);
  const texts = fc.array(fc.option(fc.string()), { maxLength: 40 });

  function expectNoNaN(value: unknown, path = ''): void {
    if (typeof value === 'number')
      expect({ path, isFinite: Number.isFinite(value) }).toEqual({ path, isFinite: true });
    else if (value !== null && typeof value === 'object')
      for (const [key, inner] of Object.entries(value)) expectNoNaN(inner, `${path}.${key}`);
  }
  it('of numbers throws or gives NaN or infinity', () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => expectNoNaN(driftBetween(numericColumn(a), numericColumn(b)))),
      RUNS,
    );
  });
  it('of texts throws or gives NaN or infinity', () => {
    fc.assert(
      fc.property(texts, texts, (a, b) =>
        expectNoNaN(driftBetween(categoricalColumn(a), categoricalColumn(b))),
      ),
      RUNS,
    );
  });
});

describe('the verdict on a model', () => {
  const columns = (role: 'feature' | 'prediction' | 'score' | 'segment', ...verdicts: Verdict[]) =>
    verdicts.map((verdict, i) => ({ column: `${role}${i}`, role, verdict }));
  it.each([
    [
      'a drifted prediction',
      [...columns('prediction', 'drifted'), ...columns('feature', 'ok')],
      'drifted',
      'prediction-drifted',
    ],
    [
      'three of ten features',
      columns('feature', 'drifted', 'drifted', 'drifted', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok'),
      'drifted',
      'features-drifted',
    ],
    [
      'two of ten features',
      columns('feature', 'drifted', 'drifted', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok'),
      'warning',
      'some-features-drifted',
    ],
    ['a warning', columns('feature', 'warning', 'ok'), 'warning', 'features-warning'],
    [
      'a drifted segment only',
      [...columns('segment', 'drifted'), ...columns('feature', 'ok')],
      'ok',
      'no-notable-change',
    ],
    [
      'nothing judged',
      columns('feature', 'insufficient', 'insufficient'),
      'insufficient',
      'no-sufficient-column',
    ],
    ['no columns', [], 'insufficient', 'no-sufficient-column'],
  ] as const)('from %s', (_, input, verdict, reason) => {
    expect(modelVerdict(input)).toMatchObject({ verdict, reason });
  });
  it('weighs features by importance', () => {
    const [a, b] = columns('feature', 'drifted', 'ok');
    expect(
      modelVerdict([
        { ...a!, importance: 1 },
        { ...b!, importance: 9 },
      ]),
    ).toMatchObject({ verdict: 'warning', driftedShare: 0.1 });
    expect(
      modelVerdict([
        { ...a!, importance: 9 },
        { ...b!, importance: 1 },
      ]),
    ).toMatchObject({ verdict: 'drifted', driftedShare: 0.9 });
  });
});
