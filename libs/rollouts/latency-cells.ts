import type { LatencyBucket, RolloutStep, ServingCounts } from './serving-counts.js';

/** The calls of both versions in one step, in the cells between the edges: edges.length + 1 of them, the last above all edges. */
export interface LatencyStep {
  readonly stable: Float64Array;
  readonly canary: Float64Array;
}

/** The finite edges, in seconds and rising, that the histograms of both versions have in every step that has calls; none without any. */
export function commonEdges(steps: readonly RolloutStep[]): number[] {
  const histograms = steps
    .flatMap(({ stable, canary }) => [stable, canary])
    .filter(hasCalls)
    .map(({ latency }) => new Set((latency ?? []).map(({ le }) => le)));
  const [first, ...others] = histograms;
  return [...(first ?? [])]
    .filter((le) => Number.isFinite(le) && others.every((edges) => edges.has(le)))
    .sort((a, b) => a - b);
}

function hasCalls(counts: ServingCounts | null): counts is ServingCounts {
  return (counts?.latency?.at(-1)?.count ?? 0) > 0;
}

/**
 * The calls in each cell. Cumulative counts that fall are held, as Prometheus holds them: rates of buckets are taken one by one, and
 * differ by a little.
 */
export function cellsOf(buckets: readonly LatencyBucket[], edges: readonly number[]): Float64Array {
  const cells = new Float64Array(edges.length + 1);
  let below = 0;
  let place = 0;
  for (const { le, count } of buckets) {
    if (le !== Infinity && le !== edges[place]) continue;
    cells[place] = Math.max(0, count - below);
    below = Math.max(below, count);
    place += 1;
  }
  return cells;
}

/** Width of the cells that raw latencies are counted in, as a share of the latency. */
const RAW_CELL_WIDTH = 0.02;
const SMALLEST_SECONDS = 1e-6;

/**
 * Buckets of raw latencies in seconds, so fine that a quantile is known to 2% of itself. Edges are powers of 1.02 times a microsecond, the
 * same in every call, from the first to the last cell that holds anything; what is no number or below 0 is left out.
 */
export function bucketsOfLatencies(seconds: Iterable<number>): LatencyBucket[] {
  const counts = new Map<number, number>();
  for (const value of seconds) {
    if (!(value >= 0) || value === Infinity) continue;
    const cell = Math.max(0, Math.ceil(Math.log(value / SMALLEST_SECONDS) / Math.log1p(RAW_CELL_WIDTH)));
    counts.set(cell, (counts.get(cell) ?? 0) + 1);
  }
  let below = 0;
  const buckets: LatencyBucket[] = [];
  for (let cell = 0; cell <= RAW_CELLS; cell++) {
    below += counts.get(cell) ?? 0;
    buckets.push({ le: SMALLEST_SECONDS * (1 + RAW_CELL_WIDTH) ** cell, count: below });
  }
  for (const [cell, count] of counts) if (cell > RAW_CELLS) below += count;
  return [...buckets, { le: Infinity, count: below }];
}

/** Up to about 3 hours. */
const RAW_CELLS = Math.ceil(Math.log(1e10) / Math.log1p(RAW_CELL_WIDTH));
