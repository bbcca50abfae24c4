import type { NumericGrid } from './grid.js';
import { nextDown } from './adjacent-double.js';

/** Edges of a column at most: 1,023 fill a binary tree of ten levels, so a look-up costs exactly ten comparisons. */
export const MAX_EDGES = 1023;
/** Equal-mass cells: KS is certified to 1/940; a multiple of 20, so that deciles and ventiles are edges. */
const QUANTILE_CELLS = 940;
/** Equal-width cells between minimum and maximum; without them Wasserstein is up to 54% wrong across gaps. */
const EQUAL_WIDTH_CELLS = 64;
/** Guards beyond each tail, at the maximum + spread·2^−3 … 2^2, and as far below the minimum. */
const GUARDS_PER_TAIL = 6;
const SMALLEST_GUARD_EXPONENT = -3;
/** Distinct values up to which a numeric column is also counted as categories. More would leave no room for quantiles. */
export const MAX_DISCRETE_VALUES = 50;

/**
 * A sample in ascending order, as the grid reads it: plain values, or values that stand for several of the sample.
 *
 * `cumulative[i]` is how many of the sample's values stand at `values[i]` or before it; null when each stands for itself.
 * Example: the sample 3, 3, 5 is `{ values: [3, 3, 5], cumulative: null }` or `{ values: [3, 5], cumulative: [2, 3] }`.
 */
export interface SortedSample {
  readonly values: Float64Array;
  readonly cumulative: Float64Array | null;
}

/**
 * The grid of a numeric column from its finite baseline values, ascending; no edges, one cell, when there are none.
 *
 * Guarantee: the exact KS distance exceeds the one at the edges by at most the largest baseline share of a non-atom
 * cell, which is about 1/940 when enough values are present. Cost: one pass over the values. Source: `statistics.md`.
 */
export function numericGrid(sorted: Float64Array): NumericGrid {
  return numericGridOfSample({ values: sorted, cumulative: null }, discreteValuesOf(sorted));
}

/**
 * The grid of a sample whose distinct values (`discreteValues`, ascending, null when there are more than 50) are known.
 *
 * Equal samples give equal grids, whether values are repeated or weighted. Where the sample's ranks are off by a share ε
 * of its size, as those of a sketch are, a cell holds up to 2ε more of the true values. Cost: 2,000 binary searches.
 */
export function numericGridOfSample(sample: SortedSample, discreteValues: Float64Array | null): NumericGrid {
  const edges = splitHeavyCells(sample, edgesOf(sample, discreteValues));
  return numericGridFromEdges(edges, decileEdgesOf(sample), discreteValues);
}

/** The grid with these edges, its atom flags derived from them. */
export function numericGridFromEdges(
  edges: Float64Array,
  decileEdges: Float64Array,
  discreteValues: Float64Array | null,
): NumericGrid {
  return { kind: 'numeric', edges, decileEdges, isAtom: atomFlags(edges), discreteValues };
}

function atomFlags(edges: Float64Array): Uint8Array {
  const isAtom = new Uint8Array(edges.length + 1);
  for (let k = 0; k < edges.length; k++) {
    const below = nextDown(edges[k]!);
    isAtom[k] = below === (k === 0 ? -Infinity : edges[k - 1]!) ? 1 : 0;
  }
  return isAtom;
}

/** How many values the sample has. */
function sizeOf({ values, cumulative }: SortedSample): number {
  return cumulative === null ? values.length : (cumulative[cumulative.length - 1] ?? 0);
}

/** The order statistic x_(⌈kn/parts⌉), ranks counted from 1. */
function orderStatistic(sample: SortedSample, k: number, parts: number): number {
  const rank = Math.ceil((k * sizeOf(sample)) / parts);
  const { values, cumulative } = sample;
  return values[cumulative === null ? rank - 1 : placesAtMost(cumulative, rank - 1)]!;
}

function edgesOf(sample: SortedSample, discreteValues: Float64Array | null): Float64Array {
  const { values } = sample;
  const edges = new Set<number>();
  if (values.length === 0) return new Float64Array(0);
  addRange(edges, values[0]!, values[values.length - 1]!);
  addQuantiles(edges, sample);
  for (const value of discreteValues ?? []) addAtom(edges, value);
  return Float64Array.from(edges).sort();
}

function addAtom(edges: Set<number>, value: number): void {
  addFinite(edges, nextDown(value));
  addFinite(edges, value);
}

function addFinite(edges: Set<number>, edge: number): void {
  if (Number.isFinite(edge)) edges.add(edge + 0);
}

function addQuantiles(edges: Set<number>, sample: SortedSample): void {
  let previous = NaN;
  for (let k = 1; k < QUANTILE_CELLS; k++) {
    const quantile = orderStatistic(sample, k, QUANTILE_CELLS);
    if (quantile === previous) addAtom(edges, quantile);
    else addFinite(edges, quantile);
    previous = quantile;
  }
}

/** The minimum as an atom (so that "below the range" is exact), equal widths up to the maximum, and the guards. */
function addRange(edges: Set<number>, min: number, max: number): void {
  addAtom(edges, min);
  if (min === max) return;
  for (let i = 1; i < EQUAL_WIDTH_CELLS; i++) {
    const share = i / EQUAL_WIDTH_CELLS;
    addFinite(edges, min * (1 - share) + max * share);
  }
  addFinite(edges, max);
  for (let j = 0; j < GUARDS_PER_TAIL; j++) {
    const distance = (max - min) * 2 ** (j + SMALLEST_GUARD_EXPONENT);
    addFinite(edges, max + distance);
    addFinite(edges, min - distance);
  }
}

/**
 * Spends the edges that are left on the heaviest non-atom cells: ties at a cell's right edge become an atom.
 * A tie that lies on one quantile only can make a cell hold nearly 2/940, which would double the KS interval.
 */
function splitHeavyCells(sample: SortedSample, edges: Float64Array): Float64Array {
  const candidates: { below: number; count: number }[] = [];
  let start = 0;
  for (let k = 0; k < edges.length; k++) {
    const end = countAtMost(sample, edges[k]!);
    const below = nextDown(edges[k]!);
    if (end - start > 1 && below !== edges[k - 1]) candidates.push({ below, count: end - start });
    start = end;
  }
  candidates.sort((a, b) => b.count - a.count || a.below - b.below);
  const extra = candidates.slice(0, MAX_EDGES - edges.length).map(({ below }) => below);
  return Float64Array.from([...edges, ...extra.filter(Number.isFinite)]).sort();
}

function countAtMost({ values, cumulative }: SortedSample, x: number): number {
  const places = placesAtMost(values, x);
  if (cumulative === null) return places;
  return places === 0 ? 0 : cumulative[places - 1]!;
}

function placesAtMost(sorted: Float64Array, x: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! <= x) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** x_(⌈kn/10⌉), k = 1…9, duplicates removed, those not below the maximum dropped; one stays when none is left. */
function decileEdgesOf(sample: SortedSample): Float64Array {
  const { values } = sample;
  if (values.length === 0) return new Float64Array(0);
  const max = values[values.length - 1]!;
  const deciles = new Set<number>();
  for (let k = 1; k < 10; k++) deciles.add(orderStatistic(sample, k, 10) + 0);
  const below = [...deciles].filter((edge) => edge < max);
  return Float64Array.from(below.length > 0 ? below : [max + 0]);
}

function discreteValuesOf(sorted: Float64Array): Float64Array | null {
  const distinct: number[] = [];
  for (let i = 0; i < sorted.length; i++) {
    if (i > 0 && sorted[i] === sorted[i - 1]) continue;
    if (distinct.length === MAX_DISCRETE_VALUES) return null;
    distinct.push(sorted[i]! + 0);
  }
  return distinct.length > 0 ? Float64Array.from(distinct) : null;
}
