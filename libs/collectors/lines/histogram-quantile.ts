/** One classic bucket: how many observations (or how many per second) are at most `le`. */
export interface Bucket {
  /** Upper bound, Infinity for the last. */
  readonly le: number;
  readonly count: number;
}

export interface HistogramQuantile {
  readonly value: number;
  /** The quantile lies in the +Inf bucket: `value` is the highest finite bound and the truth is that or more. */
  readonly isAtLeast: boolean;
}

/**
 * The q-quantile of a classic histogram, in the unit of its bounds, exactly as PromQL's `histogram_quantile`.
 *
 * Linear interpolation within the bucket that holds rank q·n; the lowest bucket begins at 0 when its bound is positive,
 * else its bound is the answer; a quantile in the +Inf bucket is the highest finite bound, flagged `isAtLeast`. Bounds
 * may come in any order and more than once (their counts are added); counts that fall from one bound to the next,
 * which buckets scraped at slightly different moments do, are raised to the highest before them.
 *
 * null where PromQL gives NaN: no observations, no +Inf bucket, no finite bucket, q NaN, or q = 0 with an empty lowest
 * bucket; and also where it gives ±Inf, for q outside [0, 1]. The error is within the width of the bucket. O(n log n).
 *
 * Source: `bucketQuantile` in promql/quantile.go of Prometheus 2.42.
 */
export function histogramQuantile(q: number, unordered: readonly Bucket[]): HistogramQuantile | null {
  if (!(q >= 0 && q <= 1)) return null;
  const buckets = cumulative(unordered);
  const top = buckets.at(-1);
  const highestFinite = buckets.at(-2);
  if (top?.le !== Infinity || highestFinite === undefined || !(top.count > 0)) return null;

  const rank = q * top.count;
  const index = buckets.findIndex((bucket) => bucket.count >= rank);
  const bucket = buckets[index];
  if (bucket === undefined || bucket.le === Infinity) return { value: highestFinite.le, isAtLeast: true };
  if (index === 0 && bucket.le <= 0) return { value: bucket.le, isAtLeast: false };

  const below = buckets[index - 1] ?? { le: 0, count: 0 };
  const value = below.le + (bucket.le - below.le) * ((rank - below.count) / (bucket.count - below.count));
  return Number.isNaN(value) ? null : { value, isAtLeast: false };
}

/** Ascending, one per bound, counts that never fall. */
function cumulative(unordered: readonly Bucket[]): Bucket[] {
  const counts = new Map<number, number>();
  for (const { le, count } of unordered) counts.set(le, (counts.get(le) ?? 0) + count);
  let highest = -Infinity;
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([le, count]) => {
      highest = Math.max(highest, count);
      return { le, count: highest };
    });
}
