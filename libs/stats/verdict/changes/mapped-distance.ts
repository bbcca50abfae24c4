import type { NumericComparison } from './numeric-comparison.js';

/** How far the mapped baseline is from the window. */
export interface MappedDistance {
  /** D at the window's edges, 0 to 1. */
  readonly ks: number;
  /** The largest difference in units of √(F(1 − F)), over the middle 96%: it sees misfits of the tails. */
  readonly weighted: number;
  /**
   * P(mapped < window) − ½, ties half (Mann and Whitney's), in absolute terms; without a difference its
   * standard error is √(1/12)·√(1/n + 1/m). Of all three it sees a factor or offset that is slightly off
   * best. Where rounding leaves a share open, it counts as equal.
   */
  readonly order: number;
}

/** Limits beyond which the rest of a distance is not computed. */
export type DistanceLimits = MappedDistance;

/** Relative width within which a mapped value and an edge are taken as equal, since products round. */
const ROUNDING = 1e-12;
/** Shares outside it are left out of the weighted distance, whose unit vanishes there. */
const MIDDLE = [0.02, 0.98] as const;

/**
 * The distances between factor·x + offset of the baseline and the window, or null once one exceeds its limit.
 *
 * The baseline is interpolated linearly within cells, atoms are kept whole. Where window values were rounded
 * to a unit, each edge is compared with all shares that rounding can give. `factor` may be negative, not 0.
 * Cost: 50 µs at 1,000 cells, less where it exceeds a limit early.
 */
export function mappedDistance(
  comparison: NumericComparison,
  { factor, offset, roundingUnit }: { factor: number; offset: number; roundingUnit: number },
  limits: DistanceLimits,
): MappedDistance | null {
  const { grid, windowShares } = comparison;
  const low = new ShareCursor(comparison);
  const high = new ShareCursor(comparison);
  const order = new OrderSum();
  const count = grid.edges.length;
  const slackAt = slackOf(comparison, factor, offset, roundingUnit);
  let ks = 0;
  let weighted = 0;
  for (let i = 0; i < count; i++) {
    const j = factor > 0 ? i : count - 1 - i;
    const x = (grid.edges[j]! - offset) / factor;
    const slack = slackAt(x);
    const atLeast = low.shareAtMost(x - slack);
    const atMost = high.shareAtMost(x + slack);
    const share = factor > 0 ? windowShares[j]! : 1 - windowShares[j]!;
    const mapped = clamped(share, atLeast, atMost);
    order.add(share, mapped);
    const difference = magnitude(share - mapped);
    if (!(difference <= limits.ks)) return null;
    if (difference > ks) ks = difference;
    if (difference === 0) continue;
    const middle = clamped(mapped, MIDDLE[0], MIDDLE[1]);
    const z = difference / Math.sqrt(middle * (1 - middle));
    if (z > limits.weighted) return null;
    if (z > weighted) weighted = z;
  }
  order.add(1, 1);
  const shift = magnitude(order.value - 0.5);
  return shift <= limits.order ? { ks, weighted, order: shift } : null;
}

/**
 * How far a mapped value and an edge may be apart to be taken as equal: rounding of products, and of the
 * window.
 */
function slackOf(
  { baseline }: NumericComparison,
  factor: number,
  offset: number,
  roundingUnit: number,
): (x: number) => number {
  // Where a product underflows to 0, or an edge is 0, no share of x is slack.
  const least = Math.max(Math.abs(baseline.min), Math.abs(baseline.max)) * 1e-15;
  const fixed = least + Math.abs(offset / factor) * ROUNDING + roundingUnit / 2 / Math.abs(factor);
  return (x) => fixed + magnitude(x) * ROUNDING;
}

function magnitude(x: number): number {
  return x < 0 ? -x : x;
}

function clamped(x: number, low: number, high: number): number {
  return x < low ? low : x > high ? high : x;
}

/** ∫ G dH from both cumulative shares at ascending places, exact where both are one distribution. */
class OrderSum {
  value = 0;
  #h = 0;
  #g = 0;

  add(h: number, g: number): void {
    this.value += ((h - this.#h) * (g + this.#g)) / 2;
    this.#h = h;
    this.#g = g;
  }
}

/** F_b at ascending places: exact at edges and atoms, linear in between, within the baseline's range. */
class ShareCursor {
  #k = 0;
  readonly #comparison: NumericComparison;

  constructor(comparison: NumericComparison) {
    this.#comparison = comparison;
  }

  shareAtMost(x: number): number {
    const { grid, baseline, baselineShares } = this.#comparison;
    if (x < baseline.min) return 0;
    if (x >= baseline.max) return 1;
    while (this.#k < grid.edges.length && grid.edges[this.#k]! < x) this.#k++;
    const k = this.#k;
    const edge = k < grid.edges.length ? grid.edges[k]! : baseline.max;
    const right = edge < baseline.max ? edge : baseline.max;
    const before = k === 0 ? 0 : baselineShares[k - 1]!;
    const after = baselineShares[k]!;
    if (x >= right) return after;
    if (grid.isAtom[k] === 1) return before;
    const left = k === 0 || grid.edges[k - 1]! < baseline.min ? baseline.min : grid.edges[k - 1]!;
    return before + (after - before) * clamped((x - left) / (right - left) || 0, 0, 1);
  }
}
