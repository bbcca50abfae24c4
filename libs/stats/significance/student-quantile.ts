import { normalQuantile } from './normal-quantile.js';
import { studentTwoSidedSf } from './student.js';

/** Halvings until a bracket of doubles is one ulp wide, from any start. */
const MAX_HALVINGS = 100;

/**
 * The t ≥ 0 with P(abs(T) > t) = tail of Student's distribution: the factor of a two-sided interval of confidence 1 − tail.
 *
 * Infinity at tail 0 and where the degrees of freedom are not above 0; 0 at tail 1. Relative error 1e-12; by bisection, from the
 * normal quantile, which t is never below. Golden values: SciPy 1.17.1, `t.isf(tail / 2)`. Cost: 0.1 ms.
 * @throws RangeError unless 0 ≤ tail ≤ 1
 */
export function studentTwoSidedQuantile(tail: number, degreesOfFreedom: number): number {
  let low = Math.abs(normalQuantile(tail / 2));
  if (!(degreesOfFreedom > 0) || low === Infinity) return Infinity;
  let high = Math.max(low, Number.MIN_VALUE);
  while (studentTwoSidedSf(high, degreesOfFreedom) > tail && high < Infinity) high *= 2;
  for (let halving = 0; halving < MAX_HALVINGS; halving++) {
    const middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    if (studentTwoSidedSf(middle, degreesOfFreedom) > tail) low = middle;
    else high = middle;
  }
  return low === 0 ? 0 : high;
}
