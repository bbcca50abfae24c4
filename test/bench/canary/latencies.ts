/** A distribution of latencies: the share of calls that take longer than so many seconds, falling from 1 to 0. */
export interface Latencies {
  readonly name: string;
  readonly shareAbove: (seconds: number) => number;
}

/** Upper buckets of client libraries, in seconds. */
export const PROMETHEUS_EDGES = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
export const FASTAPI_EDGES = [0.1, 0.5, 1];

/** z of the 99% quantile. */
const Z_99 = 2.3263478740408408;

/** Lognormal with this p99; sigma 0.5 is a steady model server, 1 one with a heavy tail. */
export function lognormal(p99: number, sigma: number): Latencies {
  const mu = Math.log(p99) - Z_99 * sigma;
  return { name: `lognormal, sigma ${sigma}`, shareAbove: (x) => normalTail((Math.log(x) - mu) / sigma) };
}

/** P(X > x) = (scale/x)^2 from the scale on, with this p99. */
export function pareto(p99: number): Latencies {
  const scale = p99 / 10;
  return { name: 'Pareto, index 2', shareAbove: (x) => (x <= scale ? 1 : (scale / x) ** 2) };
}

/** Nine of ten calls answered from a cache. */
export function cached(p99: number): Latencies {
  const [hit, miss] = [lognormal(0.02, 0.4), lognormal(p99, 0.3)];
  // The misses are a tenth, so their own 90% quantile is the p99 of all.
  const shift = Math.exp((Z_99 - 1.2815515655446004) * 0.3);
  return {
    name: 'cache hits and misses',
    shareAbove: (x) => 0.9 * hit.shareAbove(x) + 0.1 * miss.shareAbove(x * shift ** -1),
  };
}

/** Every call takes `factor` times as long. */
export function scaled({ name, shareAbove }: Latencies, factor: number): Latencies {
  return { name: `${name}, x ${factor}`, shareAbove: (x) => shareAbove(x / factor) };
}

/** The slowest 2% take `factor` times as long, and no other call; p99 rises by the factor. */
export function withSlowTail({ name, shareAbove }: Latencies, factor: number): Latencies {
  return {
    name: `${name}, slowest 2% x ${factor}`,
    shareAbove: (x) => {
      const share = shareAbove(x);
      return share >= 0.02 ? share : Math.min(0.02, shareAbove(x / factor));
    },
  };
}

/** P(Z > z), by the complementary error function of Numerical Recipes, 6.2: relative error 1.2e-7, which is plenty to draw from. */
function normalTail(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.5 * x);
  const series = [
    1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
    0.17087277,
  ].reduceRight((sum, coefficient) => coefficient + t * sum, 0);
  const tail = 0.5 * t * Math.exp(-x * x - 1.26551223 + t * series);
  return z >= 0 ? tail : 1 - tail;
}
