import type { MassAtValue, Side } from './column-change.js';
import { isBeyondChance, NOTABLE_SHARE, samplingUnit } from './chance.js';
import { baselineQuantileEdge, type NumericComparison } from './numeric-comparison.js';
import { isHighest, isLowest, valueHolding, type HeldValue } from './held-value.js';

/** Values named at most: a third sentinel is rare, and the sentence would not be read. */
const MAX_VALUES = 2;
/** A value took over when its share at least doubled; below, it is one of many that changed. */
const MIN_RATIO = 2;
/** A value that the baseline had at most this often is new: two of the grid's 940 quantile cells. */
const NEW_SHARE = 0.0022;
/** Share of D that a new value must make up: below, it is a by-product of values that moved. */
const MIN_SHARE_OF_DISTANCE = 0.4;
/** What must be left of D without the value, at most, for a known value to be what happened. */
const MAX_REMAINING_SHARE = 0.5;
/**
 * D of the other values up to which they are as before, as chance allows or at most: D's warning threshold.
 */
const SAME_DISTANCE = 0.05;
const KOLMOGOROV_99 = 1.6276236115;

/** The values that took over, and whether nothing else changed. */
export interface MassChanges {
  readonly values: readonly MassAtValue[];
  readonly isAll: boolean;
}

/**
 * The values whose share certainly rose by 2.5 points or more and doubled, such as a default that fills gaps.
 *
 * A known value must explain half of D, a new one 40% of it, so that a distribution that merely moved names
 * no value. One at which the window ends stands for all beyond it that the baseline has (clipping). Without such a rise the cost is none (the comparison knows); else some 10 µs for each of up to 40
 * cells.
 */
export function massChanges(comparison: NumericComparison): MassChanges {
  const values: MassAtValue[] = [];
  if (comparison.largestRise < NOTABLE_SHARE) return { values, isAll: false };
  const taken = new Set<number>();
  let rest = restDistance(comparison, taken);
  for (const candidate of risenCells(comparison)) {
    if (values.length === MAX_VALUES) break;
    const clipped = clippedSide(comparison, candidate);
    const cells = cellsFrom(candidate.cell, clipped, comparison.window.counts.length);
    const next = restDistance(comparison, new Set([...taken, ...cells]));
    const held = valueHolding(comparison, candidate.cell, widthOf(comparison));
    if (held === null || !tookOver(candidate, rest, next)) continue;
    for (const cell of cells) taken.add(cell);
    rest = next;
    values.push(massOf(candidate, held, clipped));
  }
  return { values, isAll: values.length > 0 && rest.distance <= rest.chance };
}

interface RisenCell {
  readonly cell: number;
  readonly p: number;
  readonly q: number;
}

function risenCells({ baseline, window, sizes }: NumericComparison): RisenCell[] {
  const cells: RisenCell[] = [];
  for (let cell = 0; cell < window.counts.length; cell++) {
    const p = baseline.counts[cell]! / baseline.count;
    const q = window.counts[cell]! / window.count;
    if (q - p >= NOTABLE_SHARE && q >= MIN_RATIO * p && isBeyondChance(p, q, sizes, window.counts.length))
      cells.push({ cell, p, q });
  }
  return cells.sort((a, b) => b.q - b.p - (a.q - a.p));
}

/**
 * The side whose values the candidate took over: there the window ends with it, and holds what the baseline had there and
 * beyond, as clipping leaves it; null otherwise.
 */
function clippedSide(comparison: NumericComparison, { cell, p, q }: RisenCell): Side | null {
  const { baselineShares, window, sizes } = comparison;
  const upTo = baselineShares[cell]!;
  const atOrAbove = 1 - upTo + p;
  if (upTo < 1 && isHighest(window, cell) && !isBeyondChance(atOrAbove, q, sizes)) return 'above';
  if (upTo > p && isLowest(window, cell) && !isBeyondChance(upTo, q, sizes)) return 'below';
  return null;
}

/** The cell, and those on the clipped side of it. */
function cellsFrom(cell: number, side: Side | null, cellCount: number): number[] {
  const first = side === 'below' ? 0 : cell;
  const last = side === 'above' ? cellCount - 1 : cell;
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

function tookOver({ p, q }: RisenCell, before: RestDistance, after: RestDistance): boolean {
  const explains = after.distance <= Math.max(after.chance, MAX_REMAINING_SHARE * before.distance);
  const isNew = p <= NEW_SHARE && q - p >= MIN_SHARE_OF_DISTANCE * before.distance;
  return explains || isNew;
}

interface RestDistance {
  readonly distance: number;
  /** What D of the rest reaches without any change. */
  readonly chance: number;
}

/** D between the values outside the taken cells; 0 when one side has none. */
function restDistance({ baseline, window, sizes }: NumericComparison, taken: Set<number>): RestDistance {
  let n = baseline.count;
  let m = window.count;
  for (const cell of taken) {
    n -= baseline.counts[cell]!;
    m -= window.counts[cell]!;
  }
  if (!(n > 0) || !(m > 0)) return { distance: 0, chance: 0 };
  let below = 0;
  let belowInWindow = 0;
  let distance = 0;
  for (let k = 0; k < window.counts.length; k++) {
    if (taken.has(k)) continue;
    below += baseline.counts[k]! / n;
    belowInWindow += window.counts[k]! / m;
    distance = Math.max(distance, Math.abs(below - belowInWindow));
  }
  const left = { n: (sizes.n * n) / baseline.count, m: (sizes.m * m) / window.count };
  return { distance, chance: Math.max(SAME_DISTANCE, KOLMOGOROV_99 * samplingUnit(left)) };
}

/**
 * The width of the baseline's middle 90%, or six standard deviations where most values are one; what "near"
 * refers to.
 */
function widthOf(comparison: NumericComparison): number {
  const { grid, baseline } = comparison;
  const low = baselineQuantileEdge(comparison, 0.05);
  const high = baselineQuantileEdge(comparison, 0.95);
  const width = low === null || high === null ? 0 : grid.edges[high]! - grid.edges[low]!;
  const deviation = Math.sqrt(baseline.m2 / baseline.count);
  return width > 0 && Number.isFinite(width) ? width : 6 * deviation;
}

function massOf({ p, q }: RisenCell, { value, isExact }: HeldValue, clipped: Side | null): MassAtValue {
  return { kind: 'mass-at-value', value: value + 0, isExact, clipped, baselineShare: p, windowShare: q };
}
