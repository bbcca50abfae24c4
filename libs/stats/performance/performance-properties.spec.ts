import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  ClassificationAccumulator,
  type ClassificationTask,
  type LabelledClasses,
  RegressionAccumulator,
} from '../index.js';
import { seededDraws } from '../significance/simulation-for-tests.js';

/** Of sums whose rows come in another order, relative to the largest of them. */
const ROUNDING = 1e-9;

const CLASSES = ['a', 'b', 'c'];
const TASKS: ClassificationTask[] = [
  { kind: 'binary', positiveClass: 'a' },
  { kind: 'multi-class', classes: CLASSES },
];
/** So that some samples are ranked, and some counted in cells. */
const LIMITS = { maxRankedScores: 60 };
/** Cells are a megabyte for each accumulator. */
const FEW = { numRuns: 30 };

interface Row {
  readonly truth: string;
  readonly predicted: string | null;
  readonly scores: number[];
}

/** Scores on a coarse grid as well as odd ones, so that there are ties. */
const score = fc.oneof(
  fc.integer({ min: 0, max: 4 }).map((k) => k / 4),
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.constantFrom(NaN, -1, 2, Infinity, 5e-324, 1 - 2 ** -53, -0),
);
const name = fc.oneof(fc.constantFrom(...CLASSES), fc.constantFrom('', 'other', '__proto__'));
const row: fc.Arbitrary<Row> = fc.record({
  truth: name,
  predicted: fc.option(name),
  scores: fc.array(score, { minLength: 3, maxLength: 3 }),
});
const rows = fc.array(row, { maxLength: 60 });

function batchOf(task: ClassificationTask, of: readonly Row[]): LabelledClasses {
  const columns = task.kind === 'binary' ? 1 : task.classes.length;
  return {
    truth: of.map(({ truth }) => truth),
    predicted: of.map(({ predicted }) => predicted),
    scores: Array.from({ length: columns }, (_, k) => Float64Array.from(of, ({ scores }) => scores[k]!)),
  };
}

function accumulated(task: ClassificationTask, ...batches: (readonly Row[])[]): ClassificationAccumulator {
  const accumulator = new ClassificationAccumulator(task, LIMITS);
  for (const batch of batches) accumulator.add(batchOf(task, batch));
  return accumulator;
}

/** Every number of a result, by its path. */
function leavesOf(value: unknown, path = ''): [string, unknown][] {
  if (typeof value !== 'object' || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([key, entry]) => leavesOf(entry, `${path}/${key}`));
}

function expectFinite(result: object): void {
  const odd = leavesOf(result).filter(([, leaf]) => typeof leaf === 'number' && !Number.isFinite(leaf));
  expect(odd).toEqual([]);
}

function expectSame(one: object, other: object): void {
  const [left, right] = [leavesOf(one), leavesOf(other)];
  expect(left.map(([path]) => path)).toEqual(right.map(([path]) => path));
  const differing = left.filter(([, leaf], k) => !isNear(leaf, right[k]![1]));
  expect(differing).toEqual([]);
}

function isNear(one: unknown, other: unknown): boolean {
  if (typeof one !== 'number' || typeof other !== 'number') return one === other;
  return Math.abs(one - other) <= ROUNDING * Math.max(1, Math.abs(one), Math.abs(other));
}

describe.each(TASKS)('$kind', (task) => {
  it('gives neither NaN nor an exception, and intervals hold their value', () => {
    fc.assert(
      fc.property(rows, (all) => {
        const performance = accumulated(task, all).performance();
        expectFinite(performance);
        for (const metric of Object.values(performance) as {
          value?: number;
          interval?: { lowerBound: number; upperBound: number } | null;
        }[]) {
          if (metric.interval === undefined || metric.interval === null) continue;
          expect(metric.interval.lowerBound).toBeLessThanOrEqual(metric.value! + ROUNDING);
          expect(metric.interval.upperBound).toBeGreaterThanOrEqual(metric.value! - ROUNDING);
        }
      }),
    );
  });

  it('merging is the same as adding all rows, in any order', () => {
    fc.assert(
      fc.property(rows, rows, fc.integer(), (one, other, seed) => {
        const merged = accumulated(task, one);
        merged.merge(accumulated(task, other));
        expectSame(merged.performance(), accumulated(task, [...one, ...other]).performance());
        const draws = seededDraws(seed);
        const shuffled = [...one, ...other]
          .map((entry) => ({ entry, place: draws.uniform() }))
          .sort((a, b) => a.place - b.place)
          .map(({ entry }) => entry);
        expectSame(merged.performance(), accumulated(task, shuffled).performance());
      }),
      FEW,
    );
  });

  it('merging leaves the other as it is', () => {
    fc.assert(
      fc.property(rows, rows, (one, other) => {
        const source = accumulated(task, other);
        const before = source.performance();
        const target = accumulated(task, one);
        target.merge(source);
        target.add(batchOf(task, one));
        expect(source.performance()).toEqual(before);
      }),
      FEW,
    );
  });

  it('counts every row once', () => {
    fc.assert(
      fc.property(rows, (all) => {
        const performance = accumulated(task, all).performance();
        const predicted = all.length - performance.unpredictedCount;
        expect(performance.rowCount).toBe(all.length);
        const counts =
          performance.kind === 'binary'
            ? Object.values(performance.confusion)
            : performance.confusion.counts.flat();
        expect(counts.reduce((sum: number, count: number) => sum + count, 0)).toBe(predicted);
      }),
    );
  });

  it('the area of rows in cells is within its error of the exact one', () => {
    fc.assert(
      fc.property(rows, (all) => {
        const exact = new ClassificationAccumulator(task);
        exact.add(batchOf(task, all));
        const celled = new ClassificationAccumulator(task, { maxRankedScores: 0 });
        celled.add(batchOf(task, all));
        const [{ rocAuc: area }, { rocAuc: roughly }] = [exact.performance(), celled.performance()];
        expect(roughly.value === null).toBe(area.value === null);
        expect(area.maxError).toBe(0);
        expect(Math.abs((roughly.value ?? 0) - (area.value ?? 0))).toBeLessThanOrEqual(
          roughly.maxError + ROUNDING,
        );
      }),
      FEW,
    );
  });
});

const number = fc.oneof(
  fc.double({ min: -1e3, max: 1e3, noNaN: true }),
  fc.double(),
  fc.constantFrom(0, -0, 1, 1e308, -1e308, 5e-324, NaN, Infinity),
);
const pairs = fc.array(fc.tuple(number, number), { maxLength: 40 });
const mildPairs = fc.array(
  fc.tuple(fc.integer({ min: -50, max: 50 }), fc.double({ min: -50, max: 50, noNaN: true })),
  {
    maxLength: 40,
  },
);

function regressed(...batches: (readonly (readonly [number, number])[])[]): RegressionAccumulator {
  const accumulator = new RegressionAccumulator();
  for (const batch of batches) {
    accumulator.add({
      truth: Float64Array.from(batch, ([truth]) => truth),
      predicted: Float64Array.from(batch, ([, predicted]) => predicted),
    });
  }
  return accumulator;
}

describe('regression', () => {
  it('gives neither NaN nor an exception', () => {
    fc.assert(fc.property(pairs, pairs, (one, other) => expectFinite(regressed(one, other).performance())));
  });

  it('merging is the same as adding all rows, in any order', () => {
    fc.assert(
      fc.property(mildPairs, mildPairs, (one, other) => {
        const merged = regressed(one);
        merged.merge(regressed(other));
        expectSame(merged.performance(), regressed([...one, ...other]).performance());
        expectSame(merged.performance(), regressed([...other, ...one].reverse()).performance());
      }),
    );
  });

  it('R² of the mean as prediction is 0 without an interval, in whichever order its rows come', () => {
    const one = [12, -49, 5, 47, 45, -47, -31].map((y): [number, number] => [y, 0]);
    const other = [1, -38, 26, 19, 40, -40, 10].map((y): [number, number] => [y, 0]);
    const merged = regressed(one);
    merged.merge(regressed(other));
    for (const each of [merged, regressed([...one, ...other]), regressed([...other, ...one].reverse())])
      expect(each.performance().rSquared).toMatchObject({ value: 0, interval: null });
  });

  it('R², RMSE and bias do not change when truth and prediction move together', () => {
    fc.assert(
      fc.property(mildPairs, (all) => {
        const moved = regressed(all.map(([y, x]) => [y + 1024, x + 1024])).performance();
        const { rSquared, rootMeanSquaredError, bias } = regressed(all).performance();
        expectSame(
          { r: rSquared.value, rmse: rootMeanSquaredError.value, bias: bias.value },
          { r: moved.rSquared.value, rmse: moved.rootMeanSquaredError.value, bias: moved.bias.value },
        );
      }),
    );
  });
});

describe('batches that do not fit', () => {
  it.each<[string, () => void]>([
    ['truth is shorter', () => accumulated(TASKS[0]!).add({ truth: [], predicted: ['a'], scores: [] })],
    [
      'scores are longer',
      () => accumulated(TASKS[0]!).add({ truth: ['a'], predicted: ['a'], scores: [new Float64Array(2)] }),
    ],
    [
      'too few columns',
      () => accumulated(TASKS[1]!).add({ truth: ['a'], predicted: ['a'], scores: [new Float64Array(1)] }),
    ],
    [
      'numbers',
      () => new RegressionAccumulator().add({ truth: new Float64Array(1), predicted: new Float64Array(2) }),
    ],
    ['other task', () => accumulated(TASKS[0]!).merge(accumulated(TASKS[1]!))],
    ['a class twice', () => new ClassificationAccumulator({ kind: 'multi-class', classes: ['a', 'a'] })],
    ['no bins', () => new ClassificationAccumulator(TASKS[0]!, { calibrationBins: 0 })],
    ['confidence of 1', () => void accumulated(TASKS[0]!).performance({ confidence: 1 })],
  ])('%s', (_, act) => {
    expect(act).toThrow(RangeError);
  });
});

describe('bounds', () => {
  it('classes beyond 250 are one, and the confusion shows 50 and the others', () => {
    const accumulator = new ClassificationAccumulator({ kind: 'multi-class', classes: [] });
    const truth = Array.from({ length: 2000 }, (_, i) => `user-${i}`);
    accumulator.add({ truth, predicted: truth, scores: [] });
    const performance = accumulator.performance();
    expect(performance).toMatchObject({ rowCount: 2000, pooledCount: 1750, accuracy: { value: 1 } });
    expect(performance.kind === 'multi-class' && performance.classes.length).toBe(250);
    expect(performance.kind === 'multi-class' && performance.confusion.counts.length).toBe(51);
  });
});
