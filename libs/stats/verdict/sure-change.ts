import { fisherTest } from '../significance/fisher.js';
import type { Occurrences } from './occurrences.js';

/** So rare without any change that it needs no correction over columns and evaluations. */
const BEYOND_DOUBT = 1e-6;
/** Its two-sided normal quantile, which no share's z falls short of where Fisher's test gets there. It spares that test. */
const LEAST_Z = 3;

/** Whether a share changed beyond doubt: Fisher's exact p is below 1e-6 over `looks` comparisons (Bonferroni). */
export function hasSurelyChanged({ x, n, y, m }: Occurrences, looks: number): boolean {
  if (!(n > 0) || !(m > 0)) return false;
  const pooled = (x + y) / (n + m);
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m));
  if (!(Math.abs(y / m - x / n) >= LEAST_Z * error)) return false;
  return fisherTest(x, n, y, m) * looks < BEYOND_DOUBT;
}
