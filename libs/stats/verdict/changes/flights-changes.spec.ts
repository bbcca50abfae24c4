import { DuckDBInstance } from '@duckdb/node-api';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Profile } from '../../profile/profile.js';
import { explanation } from './change-words.js';
import {
  baselineProfile,
  chanceOf,
  changesBetween,
  columnOf,
  windowProfile,
  type Values,
} from './changes-for-tests.js';

const PARQUET = new URL('../../../../node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url)
  .pathname;

type Column = 'delay' | 'distance' | 'origin' | 'destination';
type Flights = Readonly<Record<Column, Values>>;

async function flights(condition: string): Promise<Flights> {
  const database = await DuckDBInstance.create(':memory:');
  const connection = await database.connect();
  const result = await connection.runAndReadAll(
    `select delay::double, distance::double, origin, destination from '${PARQUET}' where ${condition}`,
  );
  const [delay = [], distance = [], origin = [], destination = []] = result.getColumns();
  connection.closeSync();
  database.closeSync();
  return {
    delay: Float64Array.from(delay as number[]),
    distance: Float64Array.from(distance as number[]),
    origin: origin as string[],
    destination: destination as string[],
  };
}

let january: Flights;
let june: Flights;
let baselines: Readonly<Record<Column, Profile>>;

beforeAll(async () => {
  january = await flights('month(date) = 1');
  june = await flights('month(date) = 6');
  const profileOf = (column: Column): Profile => baselineProfile(columnOf(january[column]));
  baselines = {
    delay: profileOf('delay'),
    distance: profileOf('distance'),
    origin: profileOf('origin'),
    destination: profileOf('destination'),
  };
}, 60_000);

/** What happens to each value; u is uniform in [0, 1). */
type Fault = (x: number | string, u: number) => number | string;

/** So many flights of January drawn at random, with the fault. */
function drawn(column: Column, count: number, seed: number, fault: Fault): Values {
  const { uniform } = chanceOf(seed);
  const all = january[column];
  const values = Array.from({ length: count }, () =>
    fault(all[Math.floor(uniform() * all.length)]!, uniform()),
  );
  return column === 'delay' || column === 'distance'
    ? Float64Array.from(values as number[])
    : (values as string[]);
}

function found(column: Column, values: Values) {
  return changesBetween(baselines[column], windowProfile(baselines[column], columnOf(values)));
}

const SIZES = [1_000, 10_000, 100_000];

describe('January flights with a fault', () => {
  it.each<[string, Column, Fault, string, RegExp]>([
    [
      'kilometres',
      'distance',
      (x) => Number(x) * 1.609344,
      'scaled',
      /^all values of `distance` look multiplied by 1\.609 \(miles → kilometres\)$/,
    ],
    [
      'rounded kilometres',
      'distance',
      (x) => Math.round(Number(x) * 1.609344),
      'scaled',
      /^all values of `distance` look multiplied by 1\.609 \(miles → kilometres\)$/,
    ],
    [
      'metres',
      'distance',
      (x) => Number(x) * 1609.344,
      'scaled',
      /^all values of `distance` look multiplied by 1609 \(miles → metres\)$/,
    ],
    ['an hour added', 'delay', (x) => Number(x) + 60, 'shifted', /^`delay` looks shifted by \+60$/],
    [
      'zeros for two in five',
      'delay',
      (x, u) => (u < 0.4 ? 0 : x),
      'mass-at-value',
      /^4\d% of `delay` is 0, before 3\.9%$/,
    ],
    [
      '−1 for a tenth',
      'distance',
      (x, u) => (u < 0.1 ? -1 : x),
      'mass-at-value',
      /^(10|11|9\.\d|8\.\d)% of `distance` is -1, before 0%$/,
    ],
    [
      '999 for a tenth',
      'distance',
      (x, u) => (u < 0.1 ? 999 : x),
      'mass-at-value',
      /^(9|10|11|12|9\.\d)% of `distance` is (near )?999, before (0|0\.\d|under 0\.1)%$/,
    ],
    [
      '999 for a fifth',
      'delay',
      (x, u) => (u < 0.2 ? 999 : x),
      'mass-at-value',
      /^(19|20|21|22|18)% of `delay` is (near )?999, before (0|under 0\.1)%$/,
    ],
    [
      'a quarter missing',
      'distance',
      (x, u) => (u < 0.25 ? NaN : x),
      'missing-spike',
      /^missing values of `distance` went from 0% to 2\d% of rows$/,
    ],
    [
      'lower case',
      'origin',
      (x) => String(x).toLowerCase(),
      'case-changed',
      /^(100|over 99\.9)% of `origin` differs only in case from known values: "[a-z]{3}" for "[A-Z]{3}", .* and about 100 or more others$/,
    ],
  ])('%s: %s', (_, column, fault, kinds, words) => {
    for (const m of SIZES) {
      const changes = found(column, drawn(column, m, m, fault));
      expect({ m, kinds: changes.map(({ kind }) => kind).join(' ') }).toEqual({ m, kinds });
      expect(explanation(column, changes)).toMatch(words);
    }
  });
  it('an airport that vanished', () => {
    for (const m of SIZES) {
      const others = (drawn('origin', 2 * m, m, (x) => x) as readonly string[]).filter((x) => x !== 'ATL');
      const words = explanation('origin', found('origin', others.slice(0, m)));
      expect({ m, words }).toMatchObject({
        words: expect.stringMatching(/^`origin` lost "ATL" \(\d(\.\d)?% of the baseline\)$/),
      });
    }
  });
  it('none', () => {
    for (const m of SIZES)
      for (const column of ['delay', 'distance', 'origin', 'destination'] as const)
        for (const seed of [1, 2, 3])
          expect({
            column,
            m,
            seed,
            found: found(
              column,
              drawn(column, m, seed, (x) => x),
            ),
          }).toMatchObject({ found: [] });
  });
});

describe('June flights, where nothing is wrong', () => {
  it.each(['delay', 'distance', 'origin', 'destination'] as const)('name no mistake in %s', (column) => {
    const kinds = found(column, june[column]).map(({ kind }) => kind);
    const mistakes =
      /scaled|shifted|converted|sign-flipped|constant|mass-at-value|case-changed|missing|invalid/;
    expect(kinds.filter((kind) => mistakes.test(kind))).toEqual([]);
  });
});
