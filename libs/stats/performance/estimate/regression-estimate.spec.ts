import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  fitRegressionEstimator,
  type LabelledFeatures,
  type NamedColumn,
  RegressionAccumulator,
  type RegressionEstimate,
  RegressionEstimateAccumulator,
  type RegressionEstimator,
  type RegressionPerformance,
} from '../../index.js';
import { type Draws, sampleOf, seededDraws } from '../../significance/simulation-for-tests.js';

/** The issue's: of the true MAE. */
const RELATIVE_TOLERANCE = 0.1;
const SEEDS = [1, 2, 3, 4, 5];
const ROWS = 6000;
const MAX_JSON_LENGTH = 200_000;
const REGIONS = ['north', 'south', 'east', 'west'];

/**
 * A model that predicts well where x is small and in the north, and badly elsewhere; `mean` moves x, `southShare` the regions, and
 * `drift` is added to the truth where x is above 0: a concept drift.
 */
interface World {
  readonly mean?: number;
  readonly southShare?: number;
  readonly drift?: number;
}

function rowsOf(
  draws: Draws,
  count: number,
  { mean = 0, southShare = 0.25, drift = 0 }: World = {},
): LabelledFeatures {
  const x = sampleOf(count, () => mean + draws.normal());
  const noise = sampleOf(count, () => draws.normal());
  const region = Array.from(x, () => (draws.uniform() < southShare ? 'south' : REGIONS[draws.integer(4)]!));
  const truth = new Float64Array(count);
  const predicted = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    predicted[i] = 20 + 3 * x[i]!;
    const spread = Math.exp(0.6 * x[i]!) * (region[i] === 'south' ? 3 : 1);
    truth[i] = predicted[i]! + spread * draws.normal() + (x[i]! > 0 ? drift : 0);
  }
  x.forEach((_, i) => {
    if (draws.uniform() < 0.05) x[i] = NaN;
  });
  return {
    features: [numeric('x', x), numeric('noise', noise), categorical('region', region)],
    predicted,
    truth,
  };
}

function numeric(name: string, values: Float64Array): NamedColumn {
  return { name, values: { kind: 'numeric', values, invalidCount: 0 } };
}

function categorical(name: string, values: (string | null)[]): NamedColumn {
  return { name, values: { kind: 'categorical', values, invalidCount: 0 } };
}

function fitted(rows: LabelledFeatures): RegressionEstimator {
  const { estimator, reason } = fitRegressionEstimator(rows);
  if (estimator === null) throw new Error(reason);
  return estimator;
}

function estimated(estimator: RegressionEstimator, rows: LabelledFeatures): RegressionEstimate {
  const window = new RegressionEstimateAccumulator(estimator);
  window.add(rows);
  return window.estimate();
}

function performed(rows: LabelledFeatures): RegressionPerformance {
  const window = new RegressionAccumulator();
  window.add(rows);
  return window.performance();
}

function relativeErrors(estimate: RegressionEstimate, real: RegressionPerformance): [number, number] {
  return [
    (estimate.meanAbsoluteError.value ?? NaN) / (real.meanAbsoluteError.value ?? NaN) - 1,
    (estimate.rootMeanSquaredError.value ?? NaN) / (real.rootMeanSquaredError.value ?? NaN) - 1,
  ];
}

describe('where its assumptions hold, the estimate is near what turns out', () => {
  it.each<[string, World]>([
    ['no shift', {}],
    ['harder rows', { mean: 0.7 }],
    ['easier rows', { mean: -1 }],
    ['more of a region that is badly predicted', { southShare: 0.8 }],
  ])('%s', (_, after) => {
    for (const seed of SEEDS) {
      const draws = seededDraws(seed);
      const estimator = fitted(rowsOf(draws, ROWS));
      const window = rowsOf(draws, ROWS, after);
      const [absolute, squared] = relativeErrors(estimated(estimator, window), performed(window));
      expect(estimator.absolute.skill).toMatchObject({ beatsConstant: true });
      expect(Math.abs(absolute)).toBeLessThanOrEqual(RELATIVE_TOLERANCE);
      expect(Math.abs(squared)).toBeLessThanOrEqual(2 * RELATIVE_TOLERANCE);
    }
  });
});

describe('where it fails', () => {
  it('concept drift: the truth moves and the features do not', () => {
    const draws = seededDraws(7);
    const estimator = fitted(rowsOf(draws, ROWS));
    const window = rowsOf(draws, ROWS, { drift: 5 });
    const [absolute] = relativeErrors(estimated(estimator, window), performed(window));
    expect(absolute).toBeLessThan(-0.3);
  });

  it('rows beyond all that the baseline held: trees do not extrapolate', () => {
    const draws = seededDraws(8);
    const estimator = fitted(rowsOf(draws, ROWS));
    const window = rowsOf(draws, ROWS, { mean: 5 });
    const [absolute] = relativeErrors(estimated(estimator, window), performed(window));
    expect(absolute).toBeLessThan(-0.5);
  });

  it('errors that no feature tells: it says so, and estimates the mean', () => {
    const draws = seededDraws(9);
    const predicted = sampleOf(ROWS, () => draws.normal());
    const rows = {
      features: [
        numeric(
          'noise',
          sampleOf(ROWS, () => draws.normal()),
        ),
      ],
      predicted,
      truth: predicted.map((x) => x + draws.normal()),
    };
    const estimator = fitted(rows);
    expect(estimator.absolute).toMatchObject({ trees: [], skill: { beatsConstant: false } });
    const { meanAbsoluteError } = estimated(estimator, rows);
    expect(meanAbsoluteError.value).toBeCloseTo(Math.sqrt(2 / Math.PI), 1);
  });
});

describe('the interval of an estimate', () => {
  const WINDOWS = 300;
  /** Of 95% intervals; the rest is the error of the trees, which they do not know of, and skewed squares. */
  const LOWEST = { meanAbsoluteError: 0.9, rootMeanSquaredError: 0.85 };

  it('holds what turns out in about nine windows of ten', () => {
    const draws = seededDraws(11);
    const estimator = fitted(rowsOf(draws, 20_000));
    const covered = { meanAbsoluteError: 0, rootMeanSquaredError: 0 };
    for (let w = 0; w < WINDOWS; w++) {
      const window = rowsOf(draws, 200, { mean: 0.4 });
      const [estimate, real] = [estimated(estimator, window), performed(window)];
      for (const name of ['meanAbsoluteError', 'rootMeanSquaredError'] as const) {
        const { lowerBound = NaN, upperBound = NaN } = estimate[name].interval ?? {};
        const value = real[name].value ?? NaN;
        if (lowerBound <= value && value <= upperBound) covered[name]++;
      }
    }
    expect(covered.meanAbsoluteError / WINDOWS).toBeGreaterThanOrEqual(LOWEST.meanAbsoluteError);
    expect(covered.rootMeanSquaredError / WINDOWS).toBeGreaterThanOrEqual(LOWEST.rootMeanSquaredError);
  });
});

describe('the estimator', () => {
  it('is the same after a journey as JSON, and at most 200 kB', () => {
    const rows = rowsOf(seededDraws(4), ROWS);
    const estimator = fitted(rows);
    const text = JSON.stringify(estimator);
    const read = JSON.parse(text) as RegressionEstimator;
    expect(text.length).toBeLessThanOrEqual(MAX_JSON_LENGTH);
    expect(read).toEqual(estimator);
    expect(estimated(read, rows)).toEqual(estimated(estimator, rows));
  });

  it('keeps within 200 kB with 200 columns, half of them of many categories', () => {
    const draws = seededDraws(5);
    const count = 3000;
    const columns = Array.from({ length: 200 }, (_, k) =>
      k % 2 === 0
        ? numeric(
            `column-${k}`,
            sampleOf(count, () => draws.normal()),
          )
        : categorical(
            `column-${k}`,
            Array.from({ length: count }, () => `category-${draws.integer(100)}`),
          ),
    );
    const weights = columns.map(() => draws.normal());
    const predicted = sampleOf(count, () => draws.normal());
    const truth = predicted.map((x, i) => {
      let log = 0;
      for (const [k, { values }] of columns.entries()) {
        if (values.kind === 'numeric') log += 0.05 * weights[k]! * values.values[i]!;
        else if (values.kind === 'categorical')
          log += values.values[i]!.length % 2 === 0 ? 0.02 * weights[k]! : 0;
      }
      return x + Math.exp(log) * draws.normal();
    });
    const estimator = fitted({ features: columns, predicted, truth });
    expect(JSON.stringify(estimator).length).toBeLessThanOrEqual(MAX_JSON_LENGTH);
  });

  it('does not depend on the order of columns, or on further ones, when it estimates', () => {
    const rows = rowsOf(seededDraws(6), ROWS);
    const estimator = fitted(rows);
    const text: NamedColumn = {
      name: 'remark',
      values: {
        kind: 'text',
        values: rows.predicted.length === 0 ? [] : new Array<null>(ROWS).fill(null),
        invalidCount: 0,
      },
    };
    const other = { ...rows, features: [text, ...[...rows.features].reverse()] };
    expect(estimated(estimator, other)).toEqual(estimated(estimator, rows));
  });

  it.each<[string, number, string]>([
    ['no rows', 0, 'no-predictions'],
    ['too few rows', 249, 'too-few-rows'],
  ])('says why there is none: %s', (_, count, reason) => {
    expect(fitRegressionEstimator(rowsOf(seededDraws(1), count))).toEqual({ estimator: null, reason });
  });

  it('columns of another length are refused', () => {
    const rows = rowsOf(seededDraws(1), 300);
    expect(() => fitRegressionEstimator({ ...rows, truth: new Float64Array(1) })).toThrow(RangeError);
    expect(() => estimated(fitted(rows), { ...rows, predicted: new Float64Array(1) })).toThrow(RangeError);
  });
});

describe('whatever the rows hold', () => {
  const estimator = fitted(rowsOf(seededDraws(12), 1500));
  const cell = fc.oneof(fc.double(), fc.constantFrom(NaN, Infinity, -Infinity, -0, 1e308));
  const row = fc.record({
    x: cell,
    region: fc.option(fc.oneof(fc.constantFrom(...REGIONS), fc.string())),
    predicted: cell,
  });
  const windowOf = (
    rows: readonly { x: number; region: string | null; predicted: number }[],
  ): LabelledFeatures => ({
    features: [
      numeric(
        'x',
        Float64Array.from(rows, ({ x }) => x),
      ),
      categorical(
        'region',
        rows.map(({ region }) => region),
      ),
    ],
    predicted: Float64Array.from(rows, ({ predicted }) => predicted),
    truth: new Float64Array(rows.length),
  });

  it('estimates are finite or have a reason, and merging is adding', () => {
    fc.assert(
      fc.property(fc.array(row), fc.array(row), (one, other) => {
        const merged = new RegressionEstimateAccumulator(estimator);
        merged.add(windowOf(one));
        const second = new RegressionEstimateAccumulator(estimator);
        second.add(windowOf(other));
        merged.merge(second);
        const [a, b] = [merged.estimate(), estimated(estimator, windowOf([...other, ...one]))];
        expect(a.unusableCount).toBe(b.unusableCount);
        for (const name of ['meanAbsoluteError', 'rootMeanSquaredError'] as const) {
          expect(a[name].value === null).toBe(a.rowCount === a.unusableCount);
          expect(a[name].reason).toBe(b[name].reason);
          if (a[name].value !== null) expect(a[name].value / (b[name].value ?? NaN)).toBeCloseTo(1, 9);
        }
      }),
    );
  });

  it('fitting neither throws nor gives anything that JSON cannot hold', () => {
    const rows = fc.array(fc.record({ x: cell, region: fc.option(fc.string()), predicted: cell }), {
      minLength: 260,
      maxLength: 300,
    });
    fc.assert(
      fc.property(rows, rows, (one, other) => {
        const truth = Float64Array.from(one, (_, i) => other[i % other.length]!.predicted);
        const { estimator: any } = fitRegressionEstimator({ ...windowOf(one), truth });
        expect(JSON.parse(JSON.stringify(any))).toEqual(any);
      }),
      { numRuns: 20 },
    );
  });
});
