import { chiSquareQuantile } from '../significance/special-functions.js';
import { type BinCounts, totals } from './bin-distances.js';

/** z of a one-sided 95% bound. */
const Z_95 = 1.6448536269514722;

/**
 * The 95% quantile of the PSI between two samples of one distribution, in nats: χ²_0.95(degreesOfFreedom)·(n+m)/(nm).
 *
 * Infinity when a side is empty; 0 without degrees of freedom, and between two samples without end. Source: Yurdakul (2018), theorem on the null distribution.
 */
export function psiNoiseFloor(n: number, m: number, degreesOfFreedom: number): number {
  if (!(n > 0) || !(m > 0)) return Infinity;
  const spread = 1 / n + 1 / m;
  return spread === 0 || !(degreesOfFreedom >= 1) ? 0 : quantile95(degreesOfFreedom) * spread;
}

/** χ²_0.95 of the few hundred degrees of freedom that bins can have; each takes Newton's method once. */
const quantiles95: number[] = [];
const MAX_KEPT = 2_000;

function quantile95(degreesOfFreedom: number): number {
  if (degreesOfFreedom > MAX_KEPT || !Number.isInteger(degreesOfFreedom))
    return chiSquareQuantile(0.95, degreesOfFreedom);
  return (quantiles95[degreesOfFreedom] ??= chiSquareQuantile(0.95, degreesOfFreedom));
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
  const [rows, windowRows] = totals(baseline, window);
  if (rows === 0 || windowRows === 0) return null;
  const delta = 0.5 / Math.min(rows, windowRows);
  const smoothing = 1 + baseline.length * delta;
  const ofP = { mean: 0, square: 0 };
  const ofQ = { mean: 0, square: 0 };
  let psi = 0;
  for (let i = 0; i < baseline.length; i++) {
    const p = (baseline[i]! / rows + delta) / smoothing;
    const q = (window[i]! / windowRows + delta) / smoothing;
    const log = Math.log(p / q);
    psi += (p - q) * log;
    addGradient(ofP, p, log - q / p);
    addGradient(ofQ, q, -log - p / q);
  }
  const { n, m } = effective ?? { n: rows, m: windowRows };
  const bias = Math.max(0, usedBins(baseline, window) - 1) * (1 / n + 1 / m);
  return Math.max(0, psi - bias - Z_95 * Math.sqrt(variance(ofP) / n + variance(ofQ) / m));
}

interface GradientMoments {
  mean: number;
  square: number;
}

function addGradient(moments: GradientMoments, share: number, gradient: number): void {
  moments.mean += share * gradient;
  moments.square += share * gradient * gradient;
}

function variance({ mean, square }: GradientMoments): number {
  return Math.max(0, square - mean * mean);
}

/** Bins that hold an observation of either side. */
export function usedBins(baseline: BinCounts, window: BinCounts): number {
  let used = 0;
  for (let i = 0; i < baseline.length; i++) if (baseline[i]! + window[i]! > 0) used++;
  return used;
}
