import type { CategoricalGrid, ColumnGrid, NumericGrid } from '../grid/grid.js';
import { mergeProfiles } from '../profile/merge-profiles.js';
import {
  emptyProfile,
  type CategoricalProfile,
  type ColumnProfile,
  type NumericProfile,
  type Profile,
} from '../profile/profile.js';
import { decileCounts } from '../verdict/decile-bins.js';
import { type ColumnDesignEffects, type DesignEffects, ShareVariance } from './design-effect.js';

/** The rows of one window of a span; several, as of several segments, may start at the same time. */
export interface SpanWindow {
  /** Milliseconds since the epoch. */
  readonly start: number;
  readonly profile: Profile;
}

/** Pieces that a span is cut into: an hour each of a day, longer than most clusters last, and enough for an estimate. */
export const SPAN_PIECES = 24;
/** Categories whose shares are followed; the rarer ones say little and would cost much. */
const MAX_CATEGORIES = 20;

/**
 * How much the rows of a span cluster, by column, from the variance between its windows; empty without windows.
 *
 * Windows are first merged into 24 pieces of equal length, so that a cluster of a few minutes does not lie in many. All
 * must be on one grid. Cost: a merge a window and 10 µs a column.
 * @throws RangeError if windows are on different grids
 */
export function spanDesignEffects(windows: readonly SpanWindow[]): DesignEffects {
  const [first] = windows;
  if (first === undefined) return new Map();
  const columns = first.profile.grid.columns.map(({ name, grid }) => ({
    name,
    variances: new ColumnVariances(grid),
  }));
  for (const profile of piecesOf(windows)) {
    columns.forEach(({ variances }, i) => variances.add(profile.columns[i]!, profile.rowCount));
  }
  return new Map(columns.map(({ name, variances }) => [name, variances.effects()]));
}

/** The rows of each piece, in the order of time. */
function piecesOf(windows: readonly SpanWindow[]): Profile[] {
  const sorted = [...windows].sort((a, b) => a.start - b.start);
  const from = sorted[0]!.start;
  const length = Math.max(1, sorted.at(-1)!.start - from + grainOf(sorted)) / SPAN_PIECES;
  const pieces = new Map<number, Profile>();
  for (const { start, profile } of sorted) {
    const place = Math.floor((start - from) / length);
    const piece = pieces.get(place);
    if (piece === undefined) pieces.set(place, copyOf(profile));
    else mergeProfiles(piece, profile);
  }
  return [...pieces.values()];
}

/** The shortest distance of two starts; 0 when all are one. */
function grainOf(sorted: readonly SpanWindow[]): number {
  let grain = Infinity;
  for (let i = 1; i < sorted.length; i++) {
    const step = sorted[i]!.start - sorted[i - 1]!.start;
    if (step > 0) grain = Math.min(grain, step);
  }
  return grain === Infinity ? 0 : grain;
}

function copyOf(profile: Profile): Profile {
  const copy = emptyProfile(profile.grid);
  mergeProfiles(copy, profile);
  return copy;
}

/** The variances of one column's shares. */
class ColumnVariances {
  readonly #grid: ColumnGrid;
  readonly #values: ShareVariance;
  readonly #missing = new ShareVariance(1);
  readonly #invalid = new ShareVariance(1);
  readonly #unseen = new ShareVariance(1);

  constructor(grid: ColumnGrid) {
    this.#grid = grid;
    this.#values = new ShareVariance(shareCountOf(grid));
  }

  add(column: ColumnProfile, rows: number): void {
    this.#values.add(column.count, sharesOf(this.#grid, column));
    this.#missing.add(rows, [column.missingCount]);
    this.#invalid.add(rows, [column.invalidCount]);
    if (column.kind === 'categorical') this.#unseen.add(rows, [column.unseenCount]);
    if (column.kind === 'text') this.#unseen.add(column.tokenCount, [column.unseenTokenCount]);
  }

  effects(): ColumnDesignEffects {
    return {
      values: this.#values.designEffect(),
      missing: this.#missing.designEffect(),
      invalid: this.#invalid.designEffect(),
      unseen: this.#unseen.designEffect(),
    };
  }
}

function shareCountOf(grid: ColumnGrid): number {
  switch (grid.kind) {
    case 'numeric':
      return grid.decileEdges.length;
    case 'text':
      return grid.lengths.decileEdges.length;
    case 'categorical':
      return Math.min(MAX_CATEGORIES, grid.categories.length);
  }
}

function sharesOf(grid: ColumnGrid, column: ColumnProfile): ArrayLike<number> {
  if (grid.kind === 'numeric' && column.kind === 'numeric') return cumulativeDeciles(grid, column);
  if (grid.kind === 'text' && column.kind === 'text') return cumulativeDeciles(grid.lengths, column.lengths);
  if (grid.kind === 'categorical' && column.kind === 'categorical') return frequentCounts(grid, column);
  return [];
}

/** Values at or below each decile edge: D and the tails are differences of such counts. */
function cumulativeDeciles(grid: NumericGrid, { counts }: NumericProfile): number[] {
  const bins = decileCounts(grid, counts);
  let below = 0;
  return bins.slice(0, grid.decileEdges.length).map((count) => (below += count));
}

function frequentCounts(grid: CategoricalGrid, { counts }: CategoricalProfile): Float64Array {
  return counts.subarray(0, Math.min(MAX_CATEGORIES, grid.categories.length));
}
