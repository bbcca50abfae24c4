/**
 * How calls lie within a cell. `power`: ln(share above) is linear in ln(latency), exact for a Pareto tail, and early for lognormal,
 * Weibull and exponential ones, whose tails bend down. `linear`: as PromQL, late wherever calls thin out within a bucket, by up to its
 * width: between 0.5 and 1 s it finds 0.85 where 0.68 is true. `lower-edge`: as `power`, and at the lower edge of a cell above which
 * there is nothing.
 */
export type Interpolation = 'power' | 'linear' | 'lower-edge';

/**
 * A quantile of latencies, in seconds, from the shares of calls above rising edges.
 *
 * In the first cell, and with `power` in one above which there is nothing, the interpolation is linear. Above the last edge the
 * line of the cell below goes on; Infinity where there is none. A guess there: nothing was measured.
 */
export function quantileOf(
  edges: readonly number[],
  shareAbove: (edge: number) => number,
  q: number,
  interpolation: Interpolation = 'power',
): number {
  const target = 1 - q;
  const found = edges.findIndex((_, j) => shareAbove(j) <= target);
  if (found === -1) return beyond(edges, shareAbove, target);
  const upper = edges[found] ?? Infinity;
  const lower = edges[found - 1] ?? 0;
  const [before, after] = [found === 0 ? 1 : shareAbove(found - 1), shareAbove(found)];
  if (found > 0 && interpolation !== 'linear') {
    if (after > 0) return lower * (upper / lower) ** (Math.log(before / target) / Math.log(before / after));
    if (interpolation === 'lower-edge') return lower;
  }
  return lower + (upper - lower) * ((before - target) / (before - after));
}

function beyond(edges: readonly number[], shareAbove: (edge: number) => number, target: number): number {
  const last = edges.length - 1;
  const [upper, lower] = [edges[last], edges[last - 1]];
  if (upper === undefined || lower === undefined || !(lower > 0)) return Infinity;
  const slope = Math.log(shareAbove(last - 1) / shareAbove(last)) / Math.log(upper / lower);
  return slope > 0 ? upper * (shareAbove(last) / target) ** (1 / slope) : Infinity;
}
