import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  ClassificationAccumulator,
  type ClassificationEstimate,
  ClassificationEstimateAccumulator,
  type ClassificationEstimator,
  type ClassificationPerformance,
  type ClassificationTask,
  fitClassificationEstimator,
  type LabelledClasses,
} from '../../index.js';
import { type Draws, seededDraws } from '../../significance/simulation-for-tests.js';

/** The issue's. */
const ESTIMATE_TOLERANCE = 0.02;
const SEEDS = [1, 2, 3, 4, 5];
const BASELINE_ROWS = 20_000;
const WINDOW_ROWS = 20_000;
const BINARY: ClassificationTask = { kind: 'binary', positiveClass: 'yes' };
const CLASSES = ['a', 'b', 'c'];
const MULTI_CLASS: ClassificationTask = { kind: 'multi-class', classes: CLASSES };

/** A world in which the model's logit is right when `sharpness` is 1; the window's is moved, and its truth may turn against it. */
interface World {
  readonly mean?: number;
  readonly spread?: number;
  readonly sharpness?: number;
  /** Added to the true logit only: a concept drift. */
  readonly drift?: number;
}

const expit = (x: number): number => 1 / (1 + Math.exp(-x));

function binaryRows(
  draws: Draws,
  count: number,
  { mean = -0.5, spread = 1.5, sharpness = 1, drift = 0 }: World = {},
): LabelledClasses {
  const scores = new Float64Array(count);
  const truth = Array.from({ length: count }, (_, i) => {
    const logit = mean + spread * draws.normal();
    scores[i] = expit(sharpness * logit);
    return draws.uniform() < expit(logit + drift) ? 'yes' : 'no';
  });
  return { truth, predicted: truth.map(() => null), scores: [scores] };
}

function multiClassRows(
  draws: Draws,
  count: number,
  { mean = 0, spread = 1.5, sharpness = 1 }: World = {},
): LabelledClasses {
  const scores = CLASSES.map(() => new Float64Array(count));
  const truth = Array.from({ length: count }, (_, i) => {
    const logits = CLASSES.map((_, k) => (k === 0 ? mean : 0) + spread * draws.normal());
    const raw = shares(logits.map((x) => sharpness * x));
    raw.forEach((p, k) => (scores[k]![i] = p));
    return CLASSES[drawn(shares(logits), draws.uniform())]!;
  });
  return { truth, predicted: truth.map(() => null), scores };
}

function shares(logits: readonly number[]): number[] {
  const weights = logits.map(Math.exp);
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / sum);
}

function drawn(probabilities: readonly number[], uniform: number): number {
  let rest = uniform;
  const k = probabilities.findIndex((p) => (rest -= p) < 0);
  return k < 0 ? probabilities.length - 1 : k;
}

function fitted(task: ClassificationTask, rows: LabelledClasses): ClassificationEstimator {
  const { estimator, reason } = fitClassificationEstimator(task, rows);
  if (estimator === null) throw new Error(reason);
  return estimator;
}

function estimated(estimator: ClassificationEstimator, rows: LabelledClasses): ClassificationEstimate {
  const window = new ClassificationEstimateAccumulator(estimator);
  window.add({ predicted: rows.predicted, scores: rows.scores });
  return window.estimate();
}

function performed(task: ClassificationTask, rows: LabelledClasses): ClassificationPerformance {
  const window = new ClassificationAccumulator(task);
  window.add(rows);
  return window.performance();
}

const SHARED = ['accuracy', 'precision', 'recall', 'f1', 'rocAuc', 'logLoss', 'brierScore'] as const;
type Name = (typeof SHARED)[number];

/** Estimate − what it turned out to be. */
function errors(estimate: ClassificationEstimate, real: ClassificationPerformance): Record<Name, number> {
  const error = (name: Name): [Name, number] => [
    name,
    (estimate[name].value ?? NaN) - (real[name].value ?? NaN),
  ];
  return Object.fromEntries(SHARED.map(error)) as Record<Name, number>;
}

describe('where its assumptions hold, the estimate is near what turns out', () => {
  const CASES: [string, ClassificationTask, typeof binaryRows, World, World][] = [
    ['binary, calibrated scores', BINARY, binaryRows, {}, { mean: 1 }],
    ['binary, the window is harder', BINARY, binaryRows, {}, { mean: 0, spread: 0.7 }],
    ['binary, rarer positives', BINARY, binaryRows, {}, { mean: -2.5 }],
    ['binary, overconfident scores', BINARY, binaryRows, { sharpness: 2.5 }, { sharpness: 2.5, mean: 0.7 }],
    ['3 classes', MULTI_CLASS, multiClassRows, {}, { mean: 1 }],
    [
      '3 classes, overconfident scores',
      MULTI_CLASS,
      multiClassRows,
      { sharpness: 2 },
      { sharpness: 2, mean: 0.7 },
    ],
  ];
  it.each(CASES)('%s', (_, task, rowsOf, before, after) => {
    for (const seed of SEEDS) {
      const draws = seededDraws(seed);
      const estimator = fitted(task, rowsOf(draws, BASELINE_ROWS, before));
      const window = rowsOf(draws, WINDOW_ROWS, after);
      const { accuracy, rocAuc, brierScore } = errors(estimated(estimator, window), performed(task, window));
      expect(Math.abs(accuracy)).toBeLessThanOrEqual(ESTIMATE_TOLERANCE);
      expect(Math.abs(rocAuc)).toBeLessThanOrEqual(ESTIMATE_TOLERANCE);
      expect(Math.abs(brierScore)).toBeLessThanOrEqual(ESTIMATE_TOLERANCE);
    }
  });
});

describe('where it fails', () => {
  it('concept drift: the same scores mean something else, and the estimate does not move', () => {
    const draws = seededDraws(7);
    const estimator = fitted(BINARY, binaryRows(draws, BASELINE_ROWS));
    const window = binaryRows(draws, WINDOW_ROWS, { drift: 2 });
    const [estimate, real] = [estimated(estimator, window), performed(BINARY, window)];
    const { accuracy, recall } = errors(estimate, real);
    // docs/statistics.md has these two figures.
    expect(accuracy).toBeGreaterThan(0.15);
    expect(recall).toBeGreaterThan(0.15);
    expect(real.accuracy.value).toBeLessThan(estimate.accuracy.interval?.lowerBound ?? 0);
  });

  it('without calibration it would believe overconfident scores', () => {
    const draws = seededDraws(8);
    const baseline = binaryRows(draws, BASELINE_ROWS, { sharpness: 2.5 });
    const window = binaryRows(draws, WINDOW_ROWS, { sharpness: 2.5 });
    const estimator = fitted(BINARY, baseline);
    const believing = { ...estimator, calibrators: null };
    expect(estimator.calibrators).toHaveLength(1);
    expect(errors(estimated(believing, window), performed(BINARY, window)).accuracy).toBeGreaterThan(0.08);
    expect(Math.abs(errors(estimated(estimator, window), performed(BINARY, window)).accuracy)).toBeLessThan(
      0.02,
    );
  });
});

describe('the interval of an estimate', () => {
  const WINDOWS = 400;
  /** The lower end of the binomial 99.9% interval of 95% of 400 windows. */
  const LOWEST = 0.95 - 3.2905 * Math.sqrt((0.95 * 0.05) / WINDOWS);
  it.each<[string, ClassificationTask, typeof binaryRows, number]>([
    ['binary, 50 rows', BINARY, binaryRows, 50],
    ['binary, 400 rows', BINARY, binaryRows, 400],
    ['3 classes, 200 rows', MULTI_CLASS, multiClassRows, 200],
  ])('holds what turns out in 95% of windows: %s', (_, task, rowsOf, rowCount) => {
    const draws = seededDraws(11);
    const estimator = fitted(task, rowsOf(draws, 5000));
    const covered: Record<string, number> = {};
    for (let w = 0; w < WINDOWS; w++) {
      const window = rowsOf(draws, rowCount, { mean: 0.5 });
      const [estimate, real] = [estimated(estimator, window), performed(task, window)];
      for (const name of SHARED) {
        const { interval } = estimate[name];
        const value = real[name].value ?? NaN;
        if (interval === null || !(interval.lowerBound <= value && value <= interval.upperBound)) continue;
        covered[name] = (covered[name] ?? 0) + 1;
      }
    }
    const tooNarrow = SHARED.filter((name) => (covered[name] ?? 0) / WINDOWS < LOWEST);
    expect(tooNarrow.map((name) => [name, covered[name]])).toEqual([]);
  });
});

describe('the estimator', () => {
  it('calibrates overconfident scores and says by how much, on rows that the calibrator had not seen', () => {
    const estimator = fitted(BINARY, binaryRows(seededDraws(3), BASELINE_ROWS, { sharpness: 2.5 }));
    expect(estimator.calibrationErrorBefore).toBeGreaterThan(0.1);
    expect(estimator.calibrationErrorAfter).toBeLessThan(0.03);
    expect(estimator.calibrators?.[0]?.scores.length).toBeLessThanOrEqual(200);
  });

  it.each([300, 3000])('leaves scores that are right as they are: %i rows', (count) => {
    const estimators = SEEDS.map((seed) => fitted(BINARY, binaryRows(seededDraws(seed), count)));
    expect(estimators.map(({ calibrators }) => calibrators)).toEqual(SEEDS.map(() => null));
  });

  it.each<[string, ClassificationTask, LabelledClasses]>([
    ['binary', BINARY, binaryRows(seededDraws(4), 3000, { sharpness: 3 })],
    ['3 classes', MULTI_CLASS, multiClassRows(seededDraws(4), 3000, { sharpness: 3 })],
  ])('is the same after a journey as JSON: %s', (_, task, rows) => {
    const estimator = fitted(task, rows);
    const read = JSON.parse(JSON.stringify(estimator)) as ClassificationEstimator;
    expect(read).toEqual(estimator);
    expect(estimated(read, rows)).toEqual(estimated(estimator, rows));
  });

  it.each<[string, LabelledClasses, string]>([
    ['no rows', { truth: [], predicted: [], scores: [] }, 'no-scores'],
    ['no scores', { truth: ['yes'], predicted: ['no'], scores: [] }, 'no-scores'],
    ['too few rows', binaryRows(seededDraws(1), 99), 'too-few-rows'],
    [
      'one class',
      { ...binaryRows(seededDraws(1), 200), truth: new Array<string>(200).fill('no') },
      'one-class',
    ],
  ])('says why there is none: %s', (_, rows, reason) => {
    expect(fitClassificationEstimator(BINARY, rows)).toEqual({ estimator: null, reason });
  });

  it('of a version that is not known is refused', () => {
    const estimator = { ...fitted(BINARY, binaryRows(seededDraws(1), 200)), version: 2 as 1 };
    expect(() => new ClassificationEstimateAccumulator(estimator)).toThrow(
      'an estimator of version 2, known is 1',
    );
  });
});

describe('whatever the rows hold', () => {
  const score = fc.oneof(
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.constantFrom(0, 1, -0, NaN, 2, 5e-324),
  );
  const row = fc.record({
    predicted: fc.option(fc.constantFrom('yes', 'a', 'b', 'something else')),
    scores: fc.array(score, { minLength: 3, maxLength: 3 }),
  });
  const rows = fc.array(row, { maxLength: 40 });

  it.each<[string, ClassificationTask, ClassificationEstimator]>([
    ['binary', BINARY, fitted(BINARY, binaryRows(seededDraws(2), 1000, { sharpness: 3 }))],
    ['3 classes', MULTI_CLASS, fitted(MULTI_CLASS, multiClassRows(seededDraws(2), 1000, { sharpness: 3 }))],
  ])('estimates are finite or have a reason, and merging is adding: %s', (_, task, estimator) => {
    const windowOf = (
      of: readonly { predicted: string | null; scores: number[] }[],
    ): ClassificationEstimateAccumulator => {
      const columns = task.kind === 'binary' ? 1 : CLASSES.length;
      const window = new ClassificationEstimateAccumulator(estimator, { maxRankedScores: 90 });
      window.add({
        predicted: of.map(({ predicted }) => predicted),
        scores: Array.from({ length: columns }, (_, k) => Float64Array.from(of, ({ scores }) => scores[k]!)),
      });
      return window;
    };
    fc.assert(
      fc.property(rows, rows, (one, other) => {
        const merged = windowOf(one);
        merged.merge(windowOf(other));
        const [a, b] = [merged.estimate(), windowOf([...other, ...one].reverse()).estimate()];
        expect(a.unscoredCount).toBe(b.unscoredCount);
        for (const name of SHARED) {
          expect(a[name].reason).toBe(b[name].reason);
          expect(a[name].value === null || Number.isFinite(a[name].value)).toBe(true);
          expect(a[name].value ?? 0).toBeCloseTo(b[name].value ?? 0, 9);
        }
      }),
      { numRuns: 50 },
    );
  });
});
