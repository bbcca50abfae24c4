import { describe, expect, it } from '@jest/globals';
import type { Profile } from '../../profile/profile.js';
import type { ColumnChange, WholeColumnMap } from './column-change.js';
import {
  baselineProfile,
  chanceOf,
  changesBetween,
  columnOf,
  sampleOf,
  SHAPES,
  windowProfile,
  type Chance,
  type Shape,
} from './changes-for-tests.js';

/** Power promised, and seen in 40 windows: 38 or more. */
const POWER = 0.95;
const WINDOWS = 40;
/** Power of the unit's name where other units are 15% off; 98% seen in 1,000 windows. */
const NAME_POWER = 0.9;
/** Of windows with another change of shape, at most one in twenty may be called a map. */
const FALSE_SHARE = 0.05;
const MAPS = new Set<ColumnChange['kind']>(['scaled', 'shifted', 'converted', 'sign-flipped']);

/** Baselines that windows are compared with in turn: one alone may lie off, and all windows with it. */
const BASELINES = 8;

const profiles = new Map<string, Profile>();
const samples = new Map<string, Float64Array>();

function baselineOf(shape: Shape, n: number, turn: number): Profile {
  const seed = n > 100_000 ? 1 : turn % BASELINES;
  const key = `${shape} ${n} ${seed}`;
  const profile = profiles.get(key) ?? baselineProfile(columnOf(sampleOf(shape, n, 77 + seed)));
  profiles.set(key, profile);
  return profile;
}

function windowOf(shape: Shape, m: number, seed: number): Float64Array {
  const key = `${shape} ${m} ${seed}`;
  const values = samples.get(key) ?? sampleOf(shape, m, 1000 + seed);
  samples.set(key, values);
  return values;
}

function mapsFound(shape: Shape, n: number, m: number, fault: (x: number) => number, windows = WINDOWS) {
  return Array.from({ length: windows }, (_, seed) => {
    const baseline = baselineOf(shape, n, seed);
    const values = windowOf(shape, m, seed).map(fault);
    const [first] = changesBetween(baseline, windowProfile(baseline, columnOf(values)));
    return first !== undefined && MAPS.has(first.kind) ? (first as WholeColumnMap) : null;
  });
}

/** Whether the map says that values were multiplied by about k, within what a window of m rows can tell. */
function isFactor(map: WholeColumnMap | null, k: number, m: number): boolean {
  return map?.kind === 'scaled' && Math.abs(Math.log(map.factor / k)) <= (m < 1000 ? 0.3 : 0.1);
}

const FACTORS: readonly (readonly [string, number, (x: number) => number])[] = [
  ['kilometres, rounded to tenths', 1.609344, (x) => Math.round(x * 16.09344) / 10],
  ['a third', 1 / 3, (x) => x / 3],
  ['a tenth', 0.1, (x) => x / 10],
  ['grams for kilograms', 1000, (x) => x * 1000],
  ['pounds', 2.2046226218, (x) => x * 2.2046226218],
];
const SIZES = [
  [1_000, 500],
  [20_000, 500],
  [20_000, 5_000],
] as const;
const CONTINUOUS: readonly Shape[] = ['weight', 'lognormal', 'gamma', 'distance', 'celsius'];

describe('a column multiplied by a constant', () => {
  const rows = FACTORS.flatMap((factor) => SIZES.map((sizes) => [...factor, ...sizes] as const));
  it.each(rows)('is recognised in 95%% of windows: %s (%d)', (_, k, fault, n, m) => {
    for (const shape of CONTINUOUS) {
      const found = mapsFound(shape, n, m, fault).filter((map) => isFactor(map, k, m)).length;
      expect({ shape, n, m, isPower: found >= POWER * WINDOWS, found }).toMatchObject({ isPower: true });
    }
  });
  it.each([
    ['pounds', 2.2046226218, 5_000],
    ['cents', 100, 500],
    ['a tenth', 0.1, 5_000],
  ])('is recognised where two in five values are 0: %s', (_, k, m) => {
    const found = mapsFound('amount', 20_000, m, (x) => Math.round(x * k * 1000) / 1000);
    expect(found.filter((map) => isFactor(map, k, m)).length).toBeGreaterThanOrEqual(POWER * WINDOWS);
  });
  it('is recognised at half a million rows on both sides, rounded or not', () => {
    for (const fault of [(x: number) => x * 1.609344, (x: number) => Math.round(x * 1.609344)])
      for (const shape of ['distance', 'gamma', 'weight'] as const)
        expect({ shape, found: mapsFound(shape, 500_000, 500_000, fault, 1) }).toMatchObject({
          found: [{ kind: 'scaled', knownUnit: 'miles → kilometres' }],
        });
  }, 60_000);
  it('bears the name of its unit where the window is large enough to tell units apart', () => {
    for (const shape of CONTINUOUS) {
      const names = mapsFound(shape, 20_000, 10_000, (x) => x * 1.609344);
      const right = names.filter((map) => map?.kind === 'scaled' && map.knownUnit === 'miles → kilometres');
      expect({ shape, isRight: right.length >= NAME_POWER * WINDOWS }).toEqual({ shape, isRight: true });
    }
  });
});

describe('other maps of a whole column', () => {
  it.each<[string, Shape, (x: number) => number, Partial<WholeColumnMap>]>([
    ['kelvin', 'celsius', (x) => x + 273.15, { kind: 'shifted', knownName: 'Celsius → kelvin' }],
    ['Fahrenheit', 'celsius', (x) => x * 1.8 + 32, { kind: 'converted', name: 'Celsius → Fahrenheit' }],
    ['epochs', 'celsius', (x) => 1.7e9 + x - 978307200, { kind: 'shifted', knownName: null }],
    ['a sign', 'gamma', (x) => -x, { kind: 'sign-flipped' }],
    ['three standard deviations', 'weight', (x) => x + 36, { kind: 'shifted', knownName: null }],
  ])('%s', (_, shape, fault, expected) => {
    const found = mapsFound(shape, 20_000, 2_000, fault, 10);
    expect(found.filter((map) => map !== null)).toHaveLength(10);
    for (const map of found) expect(map).toMatchObject(expected);
  });
  it('tell the score of the other class', () => {
    const { uniform } = chanceOf(1);
    const scores = (count: number): Float64Array =>
      Float64Array.from({ length: count }, () => uniform() ** 2);
    const baseline = baselineProfile(columnOf(scores(20_000)));
    const window = windowProfile(baseline, columnOf(scores(2_000).map((p) => 1 - p)));
    expect(changesBetween(baseline, window)).toEqual([
      { kind: 'converted', name: 'p → 1 − p', factor: -1, offset: 1, ksAfter: expect.any(Number) },
    ]);
  });
  it('prefer an offset where the standard deviation stayed, a factor where it grew along', () => {
    const { normal } = chanceOf(5);
    const narrow = (count: number): Float64Array =>
      Float64Array.from({ length: count }, () => 100 + 3 * normal());
    const baseline = baselineProfile(columnOf(narrow(20_000)));
    const kindAfter = (fault: (x: number) => number): string | undefined =>
      changesBetween(baseline, windowProfile(baseline, columnOf(narrow(2_000).map(fault))))[0]?.kind;
    expect([kindAfter((x) => x + 170), kindAfter((x) => x * 2.7)]).toEqual(['shifted', 'scaled']);
  });
});

type Change = (value: () => number, chance: Chance) => number;

describe('a change of shape or mixture', () => {
  it.each<[string, readonly Shape[], Change]>([
    [
      'half of the rows in kilometres',
      ['weight', 'lognormal', 'gamma', 'distance'],
      (x, { uniform }) => x() * (uniform() < 0.5 ? 1.609344 : 1),
    ],
    [
      'a fifth of the rows times ten',
      ['weight', 'lognormal', 'gamma', 'distance'],
      (x, { uniform }) => x() * (uniform() < 0.2 ? 10 : 1),
    ],
    ['squeezed', ['lognormal', 'gamma', 'amount'], (x) => 40 + 0.5 * x()],
    ['cut off below', ['weight', 'lognormal', 'gamma'], (x) => Math.max(x(), 65)],
    ['the largest of three', ['weight', 'lognormal', 'distance'], (x) => Math.max(x(), x(), x())],
    ['noise that multiplies', ['weight', 'distance'], (x, { normal }) => x() * (1 + 0.4 * normal())],
    ['nothing at all', ['weight', 'lognormal', 'gamma', 'distance', 'amount', 'celsius'], (x) => x()],
  ])('is no map of the whole column: %s', (_, shapes, change) => {
    for (const shape of shapes)
      for (const m of [500, 3_000]) {
        let maps = 0;
        for (let seed = 0; seed < WINDOWS; seed++) {
          const chance = chanceOf(5_000 + seed);
          const baseline = baselineOf(shape, 20_000, seed);
          const values = Float64Array.from({ length: m }, () => change(() => SHAPES[shape](chance), chance));
          const changes = changesBetween(baseline, windowProfile(baseline, columnOf(values)));
          if (changes.some(({ kind }) => MAPS.has(kind))) maps++;
        }
        expect({ shape, m, maps, isRare: maps <= FALSE_SHARE * WINDOWS }).toMatchObject({ isRare: true });
      }
  });
});
