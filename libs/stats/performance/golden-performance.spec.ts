import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { ClassificationAccumulator, type Metric, RegressionAccumulator } from '../index.js';
import { studentTwoSidedQuantile } from '../significance/student-quantile.js';

/** The issue's; the definitions are scikit-learn's. */
const GOLDEN_TOLERANCE = 1e-9;
/** Relative; the tail that is inverted is right to 1e-12. */
const T_TOLERANCE = 1e-11;

type Golden = number | null;
type Interval = [number, number] | null;

interface BinaryCase {
  name: string;
  truth: number[];
  predicted: number[];
  scores: number[] | null;
  confusion: Record<string, number>;
  accuracyInterval: Interval;
  rocAucInterval?: Interval;
  logLossInterval?: Interval;
  brierScoreInterval?: Interval;
}
interface MultiClassCase {
  name: string;
  classes: string[];
  truth: number[];
  predicted: number[];
  scores: number[][] | null;
  confusion: number[][];
  byClass: Record<'precision' | 'recall' | 'f1' | 'rocAuc', Golden>[];
  brierScoreInterval?: Interval;
}
interface RegressionCase {
  name: string;
  truth: number[];
  predicted: number[];
  zeroTruthCount: number;
  meanAbsoluteErrorInterval: Interval;
  biasInterval: Interval;
}
type WithMetrics<Case> = Case & Record<string, unknown>;

const golden = JSON.parse(
  readFileSync(new URL('../../../test/golden/performance.json', import.meta.url), 'utf8'),
) as {
  binary: WithMetrics<BinaryCase>[];
  multiClass: WithMetrics<MultiClassCase>[];
  regression: WithMetrics<RegressionCase>[];
  tIsf: [number, number, number][];
};

function expectValue(metric: Metric, expected: Golden): void {
  if (expected === null) expect(metric).toMatchObject({ value: null, interval: null });
  else expectNear(metric.value ?? NaN, expected);
}

function expectNear(actual: number, expected: number): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(GOLDEN_TOLERANCE * Math.max(1, Math.abs(expected)));
}

function expectInterval({ interval, value }: Metric, expected: Interval | undefined): void {
  if (value === null || expected === null || expected === undefined) return;
  expectNear(
    interval?.lowerBound ?? NaN,
    Math.max(expected[0], isNotNegative(value, expected) ? 0 : -Infinity),
  );
  expectNear(interval?.upperBound ?? NaN, expected[1]);
}

/** Losses are cut at 0, where SciPy's interval is not. */
function isNotNegative(value: number, [low]: [number, number]): boolean {
  return value >= 0 && low < 0;
}

/** Ours is SciPy's, or wider, where the scores imply more spread than was seen. */
function expectWithin({ interval, value }: Metric, expected: Interval | undefined): void {
  if (value === null || expected === null || expected === undefined) return;
  const half = (interval?.upperBound ?? NaN) - value;
  const expectedHalf = expected[1] - value;
  expect(half).toBeGreaterThanOrEqual(expectedHalf - GOLDEN_TOLERANCE);
  if (half <= expectedHalf * (1 + GOLDEN_TOLERANCE)) equalIntervals++;
}

let equalIntervals = 0;
/** Of 33 cases; the rest are wider. */
const FEWEST_EQUAL_INTERVALS = 10;

const SHARED = [
  'accuracy',
  'precision',
  'recall',
  'f1',
  'rocAuc',
  'logLoss',
  'brierScore',
  'expectedCalibrationError',
] as const;

describe("scikit-learn's values", () => {
  it.each(golden.binary)('binary: $name', (row) => {
    const accumulator = new ClassificationAccumulator({ kind: 'binary', positiveClass: '1' });
    accumulator.add({
      truth: row.truth.map(String),
      predicted: row.predicted.map(String),
      scores: row.scores === null ? [] : [Float64Array.from(row.scores)],
    });
    const performance = accumulator.performance();
    if (performance.kind !== 'binary') throw new Error(performance.kind);
    expect(performance.confusion).toEqual(row.confusion);
    for (const name of SHARED) expectValue(performance[name], row[name] as Golden);
    expectInterval(performance.accuracy, row.accuracyInterval);
    expectInterval(performance.rocAuc, row.rocAucInterval);
    expectWithin(performance.logLoss, row.logLossInterval);
    expectWithin(performance.brierScore, row.brierScoreInterval);
  });

  it.each(golden.multiClass)('multi-class: $name', (row) => {
    const { classes } = row;
    const accumulator = new ClassificationAccumulator({ kind: 'multi-class', classes });
    accumulator.add({
      truth: row.truth.map((k) => classes[k]!),
      predicted: row.predicted.map((k) => classes[k]!),
      scores: (row.scores ?? []).map((column) => Float64Array.from(column)),
    });
    const performance = accumulator.performance();
    if (performance.kind !== 'multi-class') throw new Error(performance.kind);
    for (const name of SHARED) expectValue(performance[name], row[name] as Golden);
    expectWithin(performance.brierScore, row.brierScoreInterval);
    for (const one of performance.classes) {
      const expected = row.byClass[classes.indexOf(one.name)]!;
      for (const name of ['precision', 'recall', 'f1', 'rocAuc'] as const)
        expectValue(one[name], expected[name]);
    }
    const places = performance.confusion.classes.map((name) => classes.indexOf(name));
    expect(performance.confusion.counts).toEqual(places.map((i) => places.map((j) => row.confusion[i]![j])));
  });

  it('the losses of about half the cases vary at least as much as their scores imply', () => {
    expect(equalIntervals).toBeGreaterThanOrEqual(FEWEST_EQUAL_INTERVALS);
  });

  it.each(golden.regression)('regression: $name', (row) => {
    const accumulator = new RegressionAccumulator();
    accumulator.add({ truth: Float64Array.from(row.truth), predicted: Float64Array.from(row.predicted) });
    const performance = accumulator.performance();
    expect(performance.zeroTruthCount).toBe(row.zeroTruthCount);
    for (const name of [
      'meanAbsoluteError',
      'rootMeanSquaredError',
      'meanAbsolutePercentageError',
      'meanAbsolutePercentageErrorOfNonZero',
      'rSquared',
      'bias',
    ] as const) {
      expectValue(performance[name], row[name] as Golden);
    }
    expectInterval(performance.meanAbsoluteError, row.meanAbsoluteErrorInterval);
    if (row.biasInterval !== null) {
      expectNear(performance.bias.interval?.lowerBound ?? NaN, row.biasInterval[0]);
      expectNear(performance.bias.interval?.upperBound ?? NaN, row.biasInterval[1]);
    }
  });

  it("the quantiles of Student's t", () => {
    for (const [tail, df, t] of golden.tIsf) {
      expect(Math.abs(studentTwoSidedQuantile(tail, df) / t - 1)).toBeLessThanOrEqual(T_TOLERANCE);
    }
  });
});
