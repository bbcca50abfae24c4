import { readFileSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { numericColumn, seededUniform } from './columns-for-tests.js';
import {
  buildGrid,
  type ColumnDrift,
  compareProfiles,
  emptyProfile,
  foldColumns,
  type NamedColumn,
  type Profile,
} from './index.js';

const PARQUET = new URL('../../node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url).pathname;
const GOLDEN_TOLERANCE = 1e-9;

interface Rows {
  readonly count: number;
  readonly columns: NamedColumn[];
}

async function flights(condition: string): Promise<Rows> {
  const database = await DuckDBInstance.create(':memory:');
  const connection = await database.connect();
  const result = await connection.runAndReadAll(
    `select delay::double, distance::double, origin, destination from '${PARQUET}' where ${condition}`,
  );
  const [delay = [], distance = [], origin = [], destination = []] = result.getColumns();
  connection.closeSync();
  database.closeSync();
  const numeric = (name: string, values: readonly unknown[]): NamedColumn => ({
    name,
    values: { kind: 'numeric', values: Float64Array.from(values as number[]), invalidCount: 0 },
  });
  const categorical = (name: string, values: readonly unknown[]): NamedColumn => ({
    name,
    values: { kind: 'categorical', values: values as string[], invalidCount: 0 },
  });
  const columns = [
    numeric('delay', delay),
    numeric('distance', distance),
    categorical('origin', origin),
    categorical('destination', destination),
  ];
  return { count: delay.length, columns };
}

interface FlightsCase {
  name: string;
  column: string;
  m?: number;
  psiSmoothed: number;
  ksStatistic?: number;
  wasserstein?: number;
  jensenShannonDistanceBase2: number;
  totalVariation: number;
  lInfinity: number;
  baselineCounts: number[];
  windowCounts: number[];
  chi2?: number;
  dof?: number;
  baselineStd?: number;
  unseenInWindow?: number;
  welchT?: number;
}
const CASES = (
  JSON.parse(readFileSync(new URL('../../test/golden/flights.json', import.meta.url), 'utf8')) as {
    cases: FlightsCase[];
  }
).cases;

let january: Rows;
let baseline: Profile;
let elapsedMs: number;
let drift: Record<'June' | '1 June', ColumnDrift[]>;

beforeAll(async () => {
  january = await flights('month(date) = 1');
  const [june, firstOfJune] = [
    await flights('month(date) = 6'),
    await flights(`date::date = date '2001-06-01'`),
  ];
  const start = performance.now();
  baseline = emptyProfile(buildGrid(january.columns));
  foldColumns(baseline, january.count, january.columns);
  elapsedMs = performance.now() - start;
  const compare = ({ count, columns }: Rows): ColumnDrift[] => {
    const window = emptyProfile(baseline.grid);
    foldColumns(window, count, columns);
    return compareProfiles(baseline, window);
  };
  drift = { June: compare(june), '1 June': compare(firstOfJune) };
}, 60_000);

describe('508,239 January flights as the baseline', () => {
  it.each(CASES.map((c) => [c.name, c] as const))('agrees with SciPy on %s', (name, golden) => {
    const window = name.endsWith('1 June') ? '1 June' : 'June';
    const column = drift[window].find((candidate) => candidate.column === golden.column)!;
    const expectNear = (actual: number | null, expected: number, scale = 1): void =>
      expect(Math.abs((actual ?? NaN) - expected)).toBeLessThanOrEqual(GOLDEN_TOLERANCE * scale);
    expectNear(column.psi, golden.psiSmoothed);
    expectNear(column.jensenShannon, golden.jensenShannonDistanceBase2);
    expectNear(column.totalVariation, golden.totalVariation);
    expectNear(column.lInfinity, golden.lInfinity);
    if (golden.chi2 !== undefined) {
      expectNear(column.chiSquare!.statistic, golden.chi2, golden.chi2);
      expect(column.chiSquare!.degreesOfFreedom).toBe(golden.dof);
      expect(Math.round(column.unseenShare * column.windowCount)).toBe(golden.unseenInWindow);
    }
    if (golden.ksStatistic === undefined) return;
    expect(column.bins.window).toEqual(golden.windowCounts);
    expect(column.ks!).toBeLessThanOrEqual(golden.ksStatistic + Number.EPSILON);
    expect(column.ksUpperBound!).toBeGreaterThanOrEqual(golden.ksStatistic - Number.EPSILON);
    expect(column.ksUpperBound! - column.ks!).toBeLessThanOrEqual(0.002);
    expectNear(column.welch!.statistic, golden.welchT!, 100);
    expect(Math.abs(column.wasserstein! / golden.wasserstein! - 1)).toBeLessThanOrEqual(0.02);
    expectNear(column.wasserstein! / column.wassersteinNormalized!, golden.baselineStd!, 100);
  });

  it('builds the grid and folds four columns well under two seconds', () => {
    expect(elapsedMs).toBeLessThan(2000);
  });

  const distances = (): Float64Array => january.columns[1]!.values.values as Float64Array;
  const compareDistances = (values: Float64Array): ColumnDrift => {
    const window = emptyProfile(baseline.grid);
    foldColumns(window, values.length, [{ ...numericColumn(values), name: 'distance' }]);
    return compareProfiles(baseline, window, { onlyColumns: ['distance'] })[0]!;
  };
  const sample = (count: number, seed: number, keep: (x: number, u: number) => boolean): Float64Array => {
    const uniform = seededUniform(seed);
    const all = distances();
    const kept: number[] = [];
    while (kept.length < count) {
      const x = all[Math.floor(uniform() * all.length)]!;
      if (keep(x, uniform())) kept.push(x);
    }
    return Float64Array.from(kept);
  };

  it.each([500, 2_000, 10_000, 50_000])('recognises %d distances sent in kilometres', (m) => {
    for (const seed of [1, 2, 3]) {
      const drifted = compareDistances(sample(m, seed, () => true).map((x) => x * 1.609344));
      expect(drifted.verdict).toBe('drifted');
      expect(drifted.scale).toMatchObject({ knownUnit: 'miles → kilometres', factor: 1.609344 });
      expect(drifted.explanation).toContain('multiplied by 1.609 (miles → kilometres)');
    }
  });

  it.each([
    ['kilometres rounded to whole numbers', (x: number) => Math.round(x * 1.609344), 'miles → kilometres'],
    ['metres', (x: number) => x * 1609.344, 'miles → metres'],
    ['thousands', (x: number) => x / 1000, 'units → thousands'],
    ['thousandths', (x: number) => x * 1000, 'thousands → units'],
  ])('recognises %s', (_, map, knownUnit) => {
    const { scale } = compareDistances(sample(5_000, 4, () => true).map(map));
    expect(scale).toMatchObject({ knownUnit });
    expect(Math.abs(scale!.factor / (map(1e6) / 1e6) - 1)).toBeLessThan(0.05);
  });

  it.each([
    ['routes over 1,500 miles dominate', (x: number, u: number) => x > 1500 || u < 0.03],
    ['only routes over 1,500 miles are left', (x: number) => x > 1500],
    ['long routes are three times as frequent', (x: number, u: number) => x > 800 || u < 1 / 3],
    ['short routes dominate', (x: number, u: number) => x < 300 || u < 0.1],
  ])('does not mistake a change of the route mix for a unit: %s', (_, keep) => {
    for (const m of [200, 500, 5_000, 50_000]) {
      const { verdict, scale } = compareDistances(sample(m, m, keep));
      expect({ m, verdict, scale }).toEqual({ m, verdict: 'drifted', scale: null });
    }
  });

  it('stays quiet on a random part of itself', () => {
    for (const seed of [5, 6, 7])
      expect(compareDistances(sample(5_000, seed, () => true))).toMatchObject({ verdict: 'ok', scale: null });
  });
});
