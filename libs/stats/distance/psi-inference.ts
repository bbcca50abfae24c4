import { chiSquareQuantile } from '../significance/special-functions.js';
import { type BinCounts, populationStabilityIndex, totals } from './bin-distances.js';

/** z of a one-sided 95% bound. */
const Z_95 = 1.6448536269514722;

/**
 * The 95% quantile of the PSI between two samples of one distribution, in nats: χ²_0.95(degreesOfFreedom)·(n+m)/(nm).
 *
 * Infinity when a side is empty, 0 without degrees of freedom. Source: Yurdakul (2018), theorem on the null distribution.
 */
export function psiNoiseFloor(n: number, m: number, degreesOfFreedom: number): number {
  if (n === 0 || m === 0) return Infinity;
  return degreesOfFreedom < 1 ? 0 : chiSquareQuantile(0.95, degreesOfFreedom) * (1 / n + 1 / m);
}

/**
 * One-sided 95% lower confidence bound of the population's PSI (half-count smoothing), in nats, at least 0.
 *
 * PSI − bias − 1.645·se. The bias (B'−1)(1/n + 1/m), B' the bins in use, is what sampling alone adds (the mean of the
 * null distribution). The standard error is the delta method's for two multinomials:
 * Var = Var_p(ln(p/q) − q/p)/n + Var_q(ln(q/p) − p/q)/m, on smoothed shares. Null when a side is empty. `effective` sizes
 * replace n and m where rows come in clusters.
 * Source: Agresti (2013), "Categorical data analysis", 16.1.
 * @throws RangeError if the histograms do not have the same number of bins
 */
export function psiLowerBound(
  baseline: BinCounts,
  window: BinCounts,
  effective?: { readonly n: number; readonly m: number },
): number | null {
  const psi = populationStabilityIndex(baseline, window);
  if (psi === null) return null;
  const [rows, windowRows] = totals(baseline, window);
  const delta = 0.5 / Math.min(rows, windowRows);
  const { n, m } = effective ?? { n: rows, m: windowRows };
  const p = Float64Array.from(baseline, (count) => (count / rows + delta) / (1 + baseline.length * delta));
  const q = Float64Array.from(window, (count) => (count / windowRows + delta) / (1 + window.length * delta));
  const bias = Math.max(0, usedBins(baseline, window) - 1) * (1 / n + 1 / m);
  const variance = gradientVariance(p, q) / n + gradientVariance(q, p) / m;
  return Math.max(0, psi - bias - Z_95 * Math.sqrt(variance));
}

/** Bins that hold an observation of either side. */
export function usedBins(baseline: BinCounts, window: BinCounts): number {
  let used = 0;
  for (let i = 0; i < baseline.length; i++) if (baseline[i]! + window[i]! > 0) used++;
  return used;
}

function gradientVariance(p: Float64Array, q: Float64Array): number {
  let mean = 0;
  let square = 0;
  for (let i = 0; i < p.length; i++) {
    const gradient = Math.log(p[i]! / q[i]!) - q[i]! / p[i]!;
    mean += p[i]! * gradient;
    square += p[i]! * gradient * gradient;
  }
  return Math.max(0, square - mean * mean);
}
