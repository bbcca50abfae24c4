import { describe, expect, it } from '@jest/globals';
import { changeWords, explanation } from './change-words.js';
import {
  baselineProfile,
  chanceOf,
  changesBetween,
  columnOf,
  countries,
  sampleOf,
  SHAPES,
  windowProfile,
  type Shape,
  type Values,
} from './changes-for-tests.js';

/** What happens to each value of the window; u is uniform in [0, 1), i its place. */
type NumericFault = (x: number, u: number, i: number) => number;
type CategoricalFault = (x: string, u: number) => string | null;

const NUMERIC: readonly (readonly [string, Shape, NumericFault, string, string])[] = [
  [
    'pounds for kilograms',
    'weight',
    (x) => x * 2.2046226218,
    'scaled',
    'all values of `x` look multiplied by 2.205 (kilograms → pounds)',
  ],
  [
    'rounded pounds for kilograms',
    'weight',
    (x) => Math.round(x * 2.2046226218),
    'scaled',
    'all values of `x` look multiplied by 2.205 (kilograms → pounds)',
  ],
  [
    'the decimal point one place off',
    'weight',
    (x) => x / 10,
    'scaled',
    'all values of `x` look multiplied by 0.1',
  ],
  [
    'Fahrenheit for Celsius',
    'celsius',
    (x) => Math.round((x * 1.8 + 32) * 10) / 10,
    'converted',
    'all values of `x` look converted (Celsius → Fahrenheit)',
  ],
  [
    'kelvin for Celsius',
    'celsius',
    (x) => x + 273.15,
    'shifted',
    '`x` looks shifted by +273.15 (Celsius → kelvin)',
  ],
  [
    'rounded kilometres for miles',
    'distance',
    (x) => Math.round(x * 1.609344),
    'scaled',
    'all values of `x` look multiplied by 1.609 (miles → kilometres)',
  ],
  [
    'metres for miles',
    'distance',
    (x) => x * 1609.344,
    'scaled',
    'all values of `x` look multiplied by 1609 (miles → metres)',
  ],
  [
    'cents for dollars',
    'amount',
    (x) => Math.round(x * 100),
    'scaled',
    'all values of `x` look multiplied by 100 (fractions or dollars → percent or cents)',
  ],
  [
    'thousandths',
    'lognormal',
    (x) => x * 1000,
    'scaled',
    'all values of `x` look multiplied by 1000 (thousands → units)',
  ],
  [
    'percent for fractions',
    'score',
    (x) => x * 100,
    'scaled',
    'all values of `x` look multiplied by 100 (fractions or dollars → percent or cents)',
  ],
  [
    'a sign',
    'weight',
    (x) => -x,
    'sign-flipped',
    'all values of `x` look multiplied by −1: the sign is flipped',
  ],
  ['an offset', 'weight', (x) => x + 8, 'shifted', '`x` looks shifted by +8'],
  ['a constant', 'weight', () => 70, 'became-constant', '`x` is constant: every value is 70'],
  [
    'a constant that the baseline never had',
    'score',
    () => -1,
    'became-constant',
    '`x` is constant: every value is -1',
  ],
  ['zeros for 12%', 'weight', (x, u) => (u < 0.12 ? 0 : x), 'mass-at-value', '12% of `x` is 0, before 0%'],
  [
    '−1 for 40%',
    'lognormal',
    (x, u) => (u < 0.4 ? -1 : x),
    'mass-at-value',
    '40% of `x` is near -1, before 0%',
  ],
  [
    '999 within the range for 10%',
    'distance',
    (x, u) => (u < 0.1 ? 999 : x),
    'mass-at-value',
    '10% of `x` is near 999, before 0.2%',
  ],
  [
    '999 beyond the range for 10%',
    'weight',
    (x, u) => (u < 0.1 ? 999 : x),
    'mass-at-value',
    '9.9% of `x` is 999, before 0%',
  ],
  [
    'two sentinels',
    'weight',
    (x, u) => (u < 0.2 ? -1 : u < 0.35 ? 999 : x),
    'mass-at-value mass-at-value',
    '20% of `x` is -1, before 0%; 15% of `x` is 999, before 0%',
  ],
  [
    'more of a value that there was',
    'amount',
    (x, u) => (u < 0.7 ? 0 : x),
    'mass-at-value',
    '81% of `x` is 0, before 40%',
  ],
  [
    'a model that answers one half',
    'score',
    (x, u) => (u < 0.98 ? 0.5 : x),
    'mass-at-value',
    '`x` collapsed to nearly one value: 98% are near 0.5, before under 0.1%',
  ],
  [
    'values cut off at 80',
    'weight',
    (x) => Math.min(x, 80),
    'mass-at-value',
    '20% of `x` is near 80, before 0.1%, and none lies above it',
  ],
  [
    'whole numbers cut off at 60',
    'age',
    (x) => Math.min(x, 60),
    'mass-at-value',
    '10% of `x` is 60, before 1.3%, and none lies above it',
  ],
  [
    'whole numbers cut off below 30',
    'age',
    (x) => Math.max(x, 30),
    'mass-at-value',
    '19% of `x` is 30, before 2.1%, and none lies below it',
  ],
  [
    'three times the spread',
    'weight',
    (x) => 70 + 3 * (x - 70),
    'variance-exploded out-of-range',
    "the standard deviation of `x` rose from 11.97 to 35.36, ×2.95; 20% of rows have `x` outside the baseline's range, 28.83 to 120.3: 12% below, 7.8% above",
  ],
  [
    'a quarter of the spread',
    'weight',
    (x) => 70 + (x - 70) / 4,
    'variance-collapsed',
    'the standard deviation of `x` fell from 11.97 to 2.947, ×0.246',
  ],
  [
    'half of the rows in pounds',
    'weight',
    (x, u) => (u < 0.5 ? x * 2.2046226218 : x),
    'out-of-range variance-exploded median-moved',
    "45% of rows have `x` above the baseline's maximum of 120.3; the standard deviation of `x` rose from 11.97 to 47.17, ×3.94; the median moved from 70 to 95.41, ×1.36",
  ],
  [
    'a fifth of the rows 30 higher',
    'weight',
    (x, u) => (u < 0.2 ? x + 30 : x),
    'tail-grew median-moved out-of-range',
    "20% of `x` is above the baseline's 95th percentile; the median moved from 70 to 73.81, ×1.05; 1.1% of rows have `x` outside the baseline's range, 28.83 to 120.3: under 0.1% below, 1.1% above",
  ],
  [
    'a twentieth beyond each end',
    'weight',
    (x, u) => (u < 0.05 ? x - 100 : u < 0.1 ? x + 100 : x),
    'out-of-range variance-exploded',
    "10% of rows have `x` outside the baseline's range, 28.83 to 120.3: 4.9% below, 5% above; the standard deviation of `x` rose from 11.97 to 33.88, ×2.83",
  ],
  [
    'long distances twice as long',
    'distance',
    (x) => (x > 900 ? 2 * x : x),
    'variance-exploded',
    'the standard deviation of `x` rose from 764 to 1697, ×2.22',
  ],
  ['one outlier of 1e300', 'weight', (x, _, i) => (i === 0 ? 1e300 : x), '', 'no notable change'],
  [
    'a quarter missing',
    'weight',
    (x, u) => (u < 0.25 ? NaN : x),
    'missing-spike',
    'missing values of `x` went from 0% to 25% of rows',
  ],
  ['all missing', 'weight', () => NaN, 'all-missing', '`x` is missing in every row, before in 0%'],
  [
    'an eighth infinite',
    'weight',
    (x, u) => (u < 0.125 ? Infinity : x),
    'invalid-spike',
    'invalid values of `x` went from 0% to 12% of rows',
  ],
  [
    'a quarter missing of pounds',
    'weight',
    (x, u) => (u < 0.25 ? NaN : x * 2.2046226218),
    'scaled missing-spike',
    'all values of `x` look multiplied by 2.205 (kilograms → pounds); missing values of `x` went from 0% to 25% of rows',
  ],
];

const CATEGORICAL: readonly (readonly [string, CategoricalFault, string, string])[] = [
  [
    'lower case for one',
    (x) => (x === 'US' ? 'us' : x),
    'case-changed',
    '41% of `x` differs only in case from known values: "us" for "US"',
  ],
  [
    'lower case for all',
    (x) => x.toLowerCase(),
    'case-changed',
    '100% of `x` differs only in case from known values: "us" for "US", "de" for "DE", "fr" for "FR" and 2 more',
  ],
  [
    'blanks around one',
    (x) => (x === 'DE' ? ' DE ' : x),
    'case-changed',
    '31% of `x` differs only in surrounding blanks from known values: " DE " for "DE"',
  ],
  [
    'lower case and blanks',
    (x) => (x === 'DE' ? 'de ' : x),
    'case-changed',
    '31% of `x` differs only in case or surrounding blanks from known values: "de " for "DE"',
  ],
  [
    'full-width letters',
    (x) => (x === 'DE' ? '\uff24\uff25' : x),
    'case-changed',
    '31% of `x` differs only in the Unicode form of characters from known values: "\uff24\uff25" for "DE"',
  ],
  [
    'full-width letters in lower case',
    (x) => (x === 'DE' ? '\uff44\uff45' : x),
    'case-changed',
    '31% of `x` differs only in case, surrounding blanks or the Unicode form of characters from known values: "\uff44\uff45" for "DE"',
  ],
  [
    'one gone',
    (x, u) => (x !== 'DE' ? x : u < 0.5 ? 'US' : u < 0.8 ? 'FR' : u < 0.95 ? 'UK' : 'IT'),
    'vanished-category category-share',
    '`x` lost "DE" (31% of the baseline); "FR" went from 15% to 24% of `x`',
  ],
  [
    'one gone into another',
    (x) => (x === 'DE' ? 'US' : x),
    'vanished-category category-share',
    '`x` lost "DE" (31% of the baseline); "US" went from 40% to 72% of `x`',
  ],
  ['one takes over', (x, u) => (u < 0.5 ? 'US' : x), 'category-share', '"US" went from 40% to 70% of `x`'],
  [
    'half of one becomes another',
    (x, u) => (x === 'DE' && u < 0.5 ? 'FR' : x),
    'category-share category-share',
    '"DE" went from 31% to 16% of `x`; "FR" went from 15% to 30% of `x`',
  ],
  [
    'two new ones',
    (x, u) => (u < 0.05 ? 'xx' : u < 0.08 ? 'yy' : x),
    'new-category',
    '7.8% of `x` is new: "xx" 4.9%, "yy" 2.9%',
  ],
  [
    'new ones and another spelling',
    (x, u) => (x === 'UK' && u < 0.5 ? 'uk' : u < 0.05 ? 'xx' : x),
    'case-changed new-category',
    '5.2% of `x` differs only in case from known values: "uk" for "UK"; 4.3% of `x` is new: "xx" 4.3%',
  ],
  [
    'many new ones',
    (x, u) => (u < 0.2 ? `c${Math.floor(60 * u)}` : x),
    'new-category',
    '20% of `x` is new: "c9" 1.9%, "c2" 1.9%, "c0" 1.8% and 9 more',
  ],
  [
    'a long name with a line break',
    (x, u) => (u < 0.1 ? `a\n${'z'.repeat(60)}` : x),
    'new-category',
    '9.9% of `x` is new: "a\\u{a}zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz…" 9.9%',
  ],
  [
    'identifiers',
    (_, u) => `id${u}`,
    'new-category',
    '100% of `x` is new: "id0.0031945204827934504" under 0.1%, "id0.003392117330804467" under 0.1%, "id0.027721028309315443" under 0.1% and about 100 or more others',
  ],
  [
    'a quarter missing',
    (x, u) => (u < 0.25 ? null : x),
    'missing-spike',
    'missing values of `x` went from 0% to 25% of rows',
  ],
  ['all missing', () => null, 'all-missing', '`x` is missing in every row, before in 0%'],
];

const BASELINES = Object.fromEntries(
  Object.keys(SHAPES).map((shape) => [shape, baselineProfile(columnOf(sampleOf(shape as Shape, 20_000, 1)))]),
);
const COUNTRIES = baselineProfile(columnOf(countries(20_000, 1)));

function found(baseline: typeof COUNTRIES, values: Values) {
  const changes = changesBetween(baseline, windowProfile(baseline, columnOf(values)));
  return { kinds: changes.map(({ kind }) => kind).join(' '), words: explanation('x', changes) };
}

const NOTHING = { kinds: '', words: 'no notable change' };

describe('5,000 rows against a baseline of 20,000', () => {
  it.each(NUMERIC)('names %s (%s)', (_, shape, fault, kinds, words) => {
    const baseline = BASELINES[shape]!;
    const values = sampleOf(shape, 5_000, 2);
    const { uniform } = chanceOf(3);
    expect(found(baseline, values)).toEqual(NOTHING);
    expect(
      found(
        baseline,
        values.map((x, i) => fault(x, uniform(), i)),
      ),
    ).toEqual({ kinds, words });
  });
  it.each(CATEGORICAL)('names %s', (_, fault, kinds, words) => {
    const values = countries(5_000, 2);
    const { uniform } = chanceOf(3);
    expect(found(COUNTRIES, values)).toEqual(NOTHING);
    expect(
      found(
        COUNTRIES,
        values.map((x) => fault(x, uniform())),
      ),
    ).toEqual({ kinds, words });
  });
});

describe('words tell apart what differs', () => {
  it.each([
    [
      { kind: 'median-moved', from: 5, to: 5 + 1e-9, ratio: 1 + 2e-10 },
      'the median of `x` moved from 5 to 5.000000001',
    ],
    [
      { kind: 'median-moved', from: 1_700_000_000, to: 1_700_000_600, ratio: 1 + 6e2 / 1.7e9 },
      'the median of `x` moved from 1700000000 to 1700000600',
    ],
    [
      { kind: 'median-moved', from: 1e308, to: Number.MAX_VALUE, ratio: 1.8 },
      'the median of `x` moved from 1e+308 to 1.7976931348623157e+308, ×1.8',
    ],
    [
      {
        kind: 'out-of-range',
        side: 'both',
        share: 1,
        belowShare: 0.5,
        aboveShare: 0.5,
        baselineMin: 5,
        baselineMax: 5.00000001,
      },
      "100% of rows have `x` outside the baseline's range, 5 to 5.00000001: 50% below, 50% above",
    ],
  ] as const)('%o', (change, words) => {
    expect(changeWords('x', change)).toBe(words);
  });
});

describe('a change within chance', () => {
  const shifted = windowProfile(
    BASELINES.weight!,
    columnOf(sampleOf('weight', 1_000, 4).map((x) => x + 2.5)),
  );
  const mixed = windowProfile(
    COUNTRIES,
    columnOf([...countries(900, 5), ...new Array<string>(100).fill('FR')]),
  );

  it('is named by its count, and not by the fewer independent values that clusters leave', () => {
    const clustered = { n: 20_000, m: 50 };
    expect(changesBetween(BASELINES.weight!, shifted).map(({ kind }) => kind)).toEqual([
      'median-moved',
      'tail-grew',
    ]);
    expect(changesBetween(BASELINES.weight!, shifted, clustered)).toEqual([]);
    expect(changesBetween(COUNTRIES, mixed).map(({ kind }) => kind)).toEqual(['category-share']);
    expect(changesBetween(COUNTRIES, mixed, clustered)).toEqual([]);
  });
  it('is not named below twenty values', () => {
    const few = windowProfile(BASELINES.weight!, columnOf(new Float64Array(19).fill(-1)));
    expect(changesBetween(BASELINES.weight!, few)).toEqual([]);
  });
  it('is within the error of a streamed baseline', () => {
    const baseline = baselineProfile(columnOf(sampleOf('weight', 20_000, 1)));
    const [column] = baseline.columns;
    if (column?.kind === 'numeric') column.rankError = 0.2;
    expect(changesBetween(baseline, shifted)).toEqual([]);
  });
});
