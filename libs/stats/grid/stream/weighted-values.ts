import type { SortedSample } from '../numeric-grid.js';

/** Values in ascending order, each with the number of values that it stands for. Example: 3, 3, 5 are `[3, 5]`, `[2, 1]`. */
export interface WeightedValues {
  readonly values: Float64Array;
  readonly weights: Float64Array;
}

/** Sorted values that stand for `weight` values each. */
export function withWeight(sorted: Float64Array, weight: number): WeightedValues {
  return { values: sorted, weights: new Float64Array(sorted.length).fill(weight) };
}

/** Both, in ascending order. Cost: one pass. */
export function mergeByValue(a: WeightedValues, b: WeightedValues): WeightedValues {
  const length = a.values.length + b.values.length;
  const values = new Float64Array(length);
  const weights = new Float64Array(length);
  let j = 0;
  for (let i = 0; i + j < length;) {
    const at = i + j;
    const isFromA = j === b.values.length || (i < a.values.length && a.values[i]! <= b.values[j]!);
    const source = isFromA ? a : b;
    const place = isFromA ? i++ : j++;
    values[at] = source.values[place]!;
    weights[at] = source.weights[place]!;
  }
  return { values, weights };
}

/**
 * The same values with the true minimum and maximum at the ends, each taking one of the weight of its neighbour.
 *
 * No rank gets worse: between the minimum and the first value the estimate was 0 and the truth is at least 1; between
 * the last value and the maximum it was n and the truth is at most n − 1. Weights must add up to 2 or more.
 */
export function withExactEnds({ values, weights }: WeightedValues, min: number, max: number): WeightedValues {
  const length = values.length + 2;
  const [outerValues, outerWeights] = [new Float64Array(length), new Float64Array(length)];
  outerValues.set(values, 1);
  outerWeights.set(weights, 1);
  outerValues[0] = min;
  outerValues[length - 1] = max;
  outerWeights[0] = outerWeights[length - 1] = 1;
  outerWeights[1]! -= 1;
  outerWeights[length - 2]! -= 1;
  return { values: outerValues, weights: outerWeights };
}

/** The sample that these values stand for. */
export function sampleOf({ values, weights }: WeightedValues): SortedSample {
  const cumulative = new Float64Array(weights.length);
  let total = 0;
  for (let i = 0; i < weights.length; i++) cumulative[i] = total += weights[i]!;
  return { values, cumulative };
}
