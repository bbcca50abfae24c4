import type { CategoricalGrid } from '../../grid/grid.js';
import type { CategoricalProfile } from '../../profile/profile.js';
import type { SampleSizes } from '../sample-sizes.js';
import { unlistedRises } from '../unlisted-values.js';
import { isNotable, NOTABLE_SHARE } from './chance.js';
import type { WeightedChange } from './column-change.js';

/** Changes of shares named at most; the words show four phrases in all. */
const MAX_MOVES = 4;

export interface CategoryMovesInput {
  readonly grid: CategoricalGrid;
  readonly baseline: CategoricalProfile;
  readonly window: CategoricalProfile;
  readonly sizes: SampleSizes;
  /** Occurrences of each category, by its place, in another spelling, which count as its own. */
  readonly respelledCounts: ReadonlyMap<number, number>;
  /** The other spellings themselves, which are no moves of their own. */
  readonly respelledNames: ReadonlySet<string>;
}

/** What has not been named yet: counts of both sides, and how many values they are of. */
interface Remaining {
  readonly b: Float64Array;
  readonly c: Float64Array;
  readonly taken: Set<number>;
  n: number;
  m: number;
}

/**
 * The categories whose share changed most, at most four: each by 2.5 points or more and beyond chance both
 * among all values and among those of the categories not named before it.
 */
export function largestShareMoves(input: CategoryMovesInput): WeightedChange[] {
  const { grid, baseline, window } = input;
  const remaining: Remaining = {
    b: baseline.counts,
    c: input.respelledCounts.size === 0 ? window.counts : respelled(window.counts, input.respelledCounts),
    taken: new Set(),
    n: baseline.count - baseline.unseenCount,
    m: Math.min(window.count, window.count - window.unseenCount + sum(input.respelledCounts.values())),
  };
  const moves: WeightedChange[] = [];
  while (moves.length < MAX_MOVES) {
    const place = furthestMoved(remaining);
    if (place === null || !isCertain(input, remaining, place)) break;
    moves.push(
      moveOf(
        grid.categories[place]!,
        remaining.b[place]! / baseline.count,
        remaining.c[place]! / window.count,
      ),
    );
    remaining.taken.add(place);
    remaining.n -= remaining.b[place]!;
    remaining.m -= remaining.c[place]!;
  }
  return [...moves, ...pooledMoves(input)].slice(0, MAX_MOVES);
}

function respelled(counts: Float64Array, extra: ReadonlyMap<number, number>): Float64Array {
  const all = Float64Array.from(counts);
  for (const [place, count] of extra) all[place]! += count;
  return all;
}

function sum(counts: Iterable<number>): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}

/** How much more telling it is that a category vanished than that another one's share changed as much: a judgement. */
const VANISHED_WEIGHT = 1.25;

/**
 * The place of the category whose share of the remaining values changed most, of equals the one that grew.
 */
function furthestMoved({ b, c, taken, n, m }: Remaining): number | null {
  if (!(n > 0) || !(m > 0)) return null;
  let place: number | null = null;
  let largest = NOTABLE_SHARE;
  for (let i = 0; i < b.length; i++) {
    const difference = c[i]! / m - b[i]! / n;
    const size = difference > 0 ? difference * (1 + 1e-9) : -difference * (c[i] === 0 ? VANISHED_WEIGHT : 1);
    if (size < largest || taken.has(i)) continue;
    largest = size;
    place = i;
  }
  return place;
}

function isCertain(
  { baseline, window, sizes, grid }: CategoryMovesInput,
  left: Remaining,
  place: number,
): boolean {
  const b = left.b[place]!;
  const c = left.c[place]!;
  const looks = grid.categories.length + 1;
  const among = {
    n: (sizes.n * left.n) / baseline.count,
    m: (sizes.m * left.m) / window.count,
  };
  return (
    isNotable(b / left.n, c / left.m, among, looks) &&
    isNotable(b / baseline.count, c / window.count, sizes, looks)
  );
}

function moveOf(name: string, from: number, to: number): WeightedChange {
  if (to === 0)
    return {
      change: { kind: 'vanished-category', name, baselineShare: from },
      weight: VANISHED_WEIGHT * from,
    };
  return { change: { kind: 'category-share', name, from, to: Math.min(1, to) }, weight: Math.abs(to - from) };
}

/** Values beyond the 1,000 listed categories whose share certainly rose; `from` is the highest that it can have been. */
function pooledMoves({
  grid,
  baseline,
  window,
  sizes,
  respelledNames,
}: CategoryMovesInput): WeightedChange[] {
  if (grid.isTruncated !== true || window.otherCount / window.count < NOTABLE_SHARE) return [];
  const rises = unlistedRises(baseline, window).filter(({ name }) => !respelledNames.has(name));
  return rises.flatMap(({ name, baselineCount, windowCount }) => {
    const from = baselineCount / baseline.count;
    const to = windowCount / window.count;
    return isNotable(from, to, sizes, grid.categories.length) ? [moveOf(name, from, to)] : [];
  });
}
