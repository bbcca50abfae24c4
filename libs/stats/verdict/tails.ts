import type { NumericProfile } from '../profile/profile.js';
import { fisherTest } from '../significance/fisher.js';
import { shareChange, type ShareChange } from '../significance/proportions.js';
import type { SampleSizes } from './sample-sizes.js';

/** The share of each side of the baseline's range that counts as its tail. */
export const TAIL = 0.05;
/** Share above which one value or many ties hold so much that it is no tail. */
const MAX_TAIL = 2 * TAIL;
/** z of a two-sided 95% limit over two tails (Bonferroni): the 98.75% quantile of the normal distribution. */
const Z_TWO_TAILS = 2.241402727604947;

/** How the shares of rows in the baseline's outer twentieths changed; null where a tail has no edge of its own. */
export interface TailChanges {
  /** Rows at or below the edge nearest to the baseline's 5% quantile. */
  readonly below: ShareChange | null;
  /** Rows above the edge nearest to its 95% quantile. */
  readonly above: ShareChange | null;
}

/** The tails with the one that changed most. */
export interface TailMeasures {
  readonly tails: TailChanges;
  /** The larger change of a tail's share, either way, 0 to 1; null when a side is empty or there is no tail. */
  readonly tailChange: number | null;
  readonly tailLowerBound: number | null;
  readonly tailNoiseFloor: number | null;
  /** Fisher's exact p-value of the tail that changed most surely, times two for having looked at both. */
  readonly tailPValue: number | null;
}

/** What a column without tails has. */
export const NO_TAILS: TailMeasures = {
  tails: { below: null, above: null },
  tailChange: null,
  tailLowerBound: null,
  tailNoiseFloor: null,
  tailPValue: null,
};

/**
 * How much mass entered or left the tails of the baseline, exact because its 5% and 95% quantiles are edges.
 *
 * A change of spread shows here first: at a variance of 1.5 times each tail goes from 5% to 9%, while D is 0.049.
 * Ties make a tail larger or smaller than 5%; one that holds no rows, or more than 10%, is none.
 */
export function tailMeasures(
  baseline: NumericProfile,
  window: NumericProfile,
  sizes: SampleSizes,
): TailMeasures {
  if (baseline.count === 0 || window.count === 0) return NO_TAILS;
  const below = tail(baseline, window, cellsBelow(baseline), sizes);
  const above = tail(baseline, window, cellsAbove(baseline), sizes);
  const both = [below, above].filter((side) => side !== null);
  if (both.length === 0) return NO_TAILS;
  const largest = both.reduce((a, b) => (b.size > a.size ? b : a));
  return {
    tails: { below: below?.change ?? null, above: above?.change ?? null },
    tailChange: largest.size,
    tailLowerBound: largest.lowerBound,
    tailNoiseFloor: largest.noiseFloor,
    tailPValue: Math.min(1, 2 * Math.min(...both.map(({ pValue }) => pValue))),
  };
}

interface Tail {
  readonly change: ShareChange;
  readonly size: number;
  readonly lowerBound: number;
  readonly noiseFloor: number;
  readonly pValue: number;
}

function tail(
  baseline: NumericProfile,
  window: NumericProfile,
  cells: CellRange,
  { n, m }: SampleSizes,
): Tail | null {
  const p = shareIn(baseline, cells);
  if (p <= 0 || p > MAX_TAIL) return null;
  const q = shareIn(window, cells);
  const change = shareChange(p * n, n, q * m, m);
  if (change === null) return null;
  const { difference, lowerBound, upperBound } = change;
  return {
    change,
    size: Math.abs(difference),
    lowerBound: Math.max(0, lowerBound, -upperBound),
    noiseFloor: tailNoiseFloor(p, { n, m }),
    pValue: fisherTest(p * n, n, q * m, m),
  };
}

/** The 95% quantile of the change of a tail that holds a share `p`, without drift; the larger of two tails. */
export function tailNoiseFloor(p: number, { n, m }: SampleSizes): number {
  return Z_TWO_TAILS * Math.sqrt(p * (1 - p) * (1 / n + 1 / m));
}

/** The cells from `start` up to, but without, `end`. */
interface CellRange {
  readonly start: number;
  readonly end: number;
}

/** The cells up to the edge whose cumulative share is nearest to 5%. */
function cellsBelow({ counts, count }: NumericProfile): CellRange {
  const last = counts.length - 1;
  let sum = 0;
  for (let k = 0; k < last; k++) {
    const before = sum;
    sum += counts[k]!;
    if (sum >= TAIL * count) return { start: 0, end: isNearer(before, sum, count) && k > 0 ? k : k + 1 };
  }
  return { start: 0, end: last };
}

/** The cells above the edge whose share above it is nearest to 5%. */
function cellsAbove({ counts, count }: NumericProfile): CellRange {
  const end = counts.length;
  let sum = 0;
  for (let k = end - 1; k > 0; k--) {
    const before = sum;
    sum += counts[k]!;
    if (sum >= TAIL * count) return { start: isNearer(before, sum, count) && k < end - 1 ? k + 1 : k, end };
  }
  return { start: Math.min(1, end), end };
}

function isNearer(before: number, sum: number, count: number): boolean {
  return TAIL * count - before < sum - TAIL * count;
}

function shareIn({ counts, count }: NumericProfile, { start, end }: CellRange): number {
  let sum = 0;
  for (let k = start; k < end; k++) sum += counts[k]!;
  return sum / count;
}
