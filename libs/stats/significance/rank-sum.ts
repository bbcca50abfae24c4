import { type BinCounts, totals } from '../distance/bin-distances.js';
import type { EffectiveSizes } from './contingency.js';
import { normalTwoSidedSf } from './special-functions.js';

/** The Wilcoxon–Mann–Whitney test of two samples. */
export interface RankSumTest {
  /** z, positive when the window's values are the larger ones. */
  readonly statistic: number;
  readonly pValue: number;
  /** P(window > baseline) + ½·P(equal), 0 to 1; ½ without a shift. */
  readonly probabilityOfSuperiority: number;
}

/**
 * The Wilcoxon–Mann–Whitney test from the counts of both samples on ordered cells; null when a side is empty.
 *
 * All values of a cell are tied: midranks, variance nm/12·((n + m + 1) − Σ(t³ − t)/((n + m)(n + m − 1))), no continuity
 * correction; p = 1 when everything is tied. With a cell per distinct value it is SciPy 1.17.1's
 * `mannwhitneyu(window, baseline, method="asymptotic", use_continuity=False)`. `effective` sizes, where rows come in clusters,
 * take the place of n and m in the variance, and leave the share of ties as counted. At least 86% as efficient as t for every
 * shift, and 96% for normal values, where KS has 64% (Hodges and Lehmann 1956, Ann. Math. Stat. 27). Cost: one pass, 2 µs at
 * 1,000 cells.
 * @throws RangeError if the cells differ in number
 */
export function rankSumTest(
  baseline: BinCounts,
  window: BinCounts,
  effective?: EffectiveSizes,
  [n, m]: readonly [number, number] = totals(baseline, window),
): RankSumTest | null {
  if (!(n > 0) || !(m > 0)) return null;
  const total = n + m;
  const perRow = 1 / total;
  let below = 0;
  let superior = 0;
  let untied = 0;
  let sharesBelow = 0;
  for (let k = 0; k < baseline.length; k++) {
    const b = baseline[k]!;
    const c = window[k]!;
    superior += c * (below + b / 2);
    below += b;
    // 3st(s + t) adds up to 1 − Σt³, and keeps its digits where one cell holds almost everything.
    const share = (b + c) * perRow;
    untied += sharesBelow * share * (sharesBelow + share);
    sharesBelow += share;
  }
  untied *= 3;
  const probabilityOfSuperiority = Math.min(1, superior / m / n);
  const sizes = effective ?? { n, m };
  const varianceUntied = ((1 / sizes.n + 1 / sizes.m) * (1 + 1 / (sizes.n + sizes.m))) / 12;
  const variance = (varianceUntied * untied) / (1 - 1 / (total * total));
  if (!(variance > 0)) return { statistic: 0, pValue: 1, probabilityOfSuperiority };
  const statistic = (probabilityOfSuperiority - 0.5) / Math.sqrt(variance);
  return { statistic, pValue: normalTwoSidedSf(statistic), probabilityOfSuperiority };
}
