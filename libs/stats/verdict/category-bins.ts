import type { CategoricalGrid, NumericGrid } from '../grid/grid.js';
import type { CategoricalProfile, NumericProfile } from '../profile/profile.js';
import type { BinnedDistributions } from './column-measures.js';
import { numberLabel } from './number-label.js';
import type { SampleSizes } from './sample-sizes.js';
import { hasSurelyChanged } from './sure-change.js';
import { unlistedRises } from './unlisted-values.js';

/** The labels of the pooled bins, in brackets, since a category may have the same name. */
export const POOLED_LABELS = { rest: '(rest)', other: '(other)', unseen: '(unseen)' } as const;

/** Expected count below which a category is pooled: Cochran's (1954) rule for χ². */
const MIN_EXPECTED = 5;

/** Bins of categories: the first `keptCount` hold one value each, the others pooled ones; `unseen` is the last, always. */
export interface CategoryBins extends BinnedDistributions {
  readonly keptCount: number;
}

/**
 * The bins of a categorical column: its categories in the grid's order, `other` where the grid has one, `rest`, `unseen`.
 *
 * A category goes to `rest` when its expected count in the smaller sample, by effective sizes, is below 5 and its share did
 * not change beyond doubt: a rare one that takes over must not vanish among the others. For the same reason a value of `other`
 * that does so gets a bin, with its certain count in the window and the highest that it can have in the baseline.
 * `rest` appears only when something is in it.
 */
export function categoryBins(
  grid: CategoricalGrid,
  baseline: CategoricalProfile,
  window: CategoricalProfile,
  sizes: SampleSizes,
): CategoryBins {
  const samples = { sizes, baselineCount: baseline.count, windowCount: window.count };
  const bins = new Pooling(samples, grid.categories.length);
  grid.categories.forEach((label, i) => bins.add(label, baseline.counts[i]!, window.counts[i]!));
  const other = { b: baseline.otherCount, c: window.otherCount };
  if (grid.isTruncated === true) {
    for (const { name, baselineCount, windowCount } of unlistedRises(baseline, window)) {
      const b = Math.min(other.b, baselineCount);
      if (!bins.keepIfSure(name, b, windowCount)) continue;
      other.b -= b;
      other.c -= windowCount;
    }
  }
  return bins.finished(grid.isTruncated === true ? other : null, {
    b: baseline.unseenCount,
    c: window.unseenCount,
  });
}

/** The bins of a discrete numeric column: its values as categories, `rest`, `unseen`; null when it is not discrete. */
export function discreteBins(
  grid: NumericGrid,
  baseline: NumericProfile,
  window: NumericProfile,
  sizes: SampleSizes,
): CategoryBins | null {
  const [b, c] = [discreteCounts(grid, baseline), discreteCounts(grid, window)];
  if (grid.discreteValues === null || b === null || c === null) return null;
  const samples = { sizes, baselineCount: baseline.count, windowCount: window.count };
  const bins = new Pooling(samples, grid.discreteValues.length);
  grid.discreteValues.forEach((value, i) => bins.add(numberLabel(value), b[i]!, c[i]!));
  return bins.finished(null, { b: b.at(-1)!, c: c.at(-1)! });
}

interface Samples {
  readonly sizes: SampleSizes;
  readonly baselineCount: number;
  readonly windowCount: number;
}

/** Counts of one bin on both sides. */
interface BinCount {
  b: number;
  c: number;
}

/** Bins under construction: `add` the categories, then `keepIfSure` others, then take what is `finished`. */
class Pooling {
  private readonly labels: string[] = [];
  private readonly baseline: number[] = [];
  private readonly window: number[] = [];
  private readonly rest: BinCount = { b: 0, c: 0 };
  /** Counted to effective rows. */
  private readonly perBaseline: number;
  private readonly perWindow: number;
  /** Share of the effective rows of both that the smaller sample has. */
  private readonly smallerShare: number;

  constructor(
    private readonly samples: Samples,
    private readonly looks: number,
  ) {
    const { sizes, baselineCount, windowCount } = samples;
    this.perBaseline = sizes.n / Math.max(1, baselineCount);
    this.perWindow = sizes.m / Math.max(1, windowCount);
    this.smallerShare = Math.min(sizes.n, sizes.m) / (sizes.n + sizes.m || 1);
  }

  /** A category in its own bin, or in `rest`. */
  add(label: string, b: number, c: number): void {
    const expected = (b * this.perBaseline + c * this.perWindow) * this.smallerShare;
    if (expected >= MIN_EXPECTED) this.push(label, b, c);
    else if (b + c > 0 && !this.keepIfSure(label, b, c)) {
      this.rest.b += b;
      this.rest.c += c;
    }
  }

  /** Gives a value its own bin when its share changed beyond doubt, and tells whether it did. */
  keepIfSure(label: string, b: number, c: number): boolean {
    const { n, m } = this.samples.sizes;
    const occurrences = { x: b * this.perBaseline, n, y: c * this.perWindow, m };
    if (!hasSurelyChanged(occurrences, this.looks)) return false;
    this.push(label, b, c);
    return true;
  }

  finished(other: BinCount | null, unseen: BinCount): CategoryBins {
    const keptCount = this.labels.length;
    if (other !== null) this.push(POOLED_LABELS.other, other.b, other.c);
    if (this.rest.b + this.rest.c > 0) this.push(POOLED_LABELS.rest, this.rest.b, this.rest.c);
    this.push(POOLED_LABELS.unseen, unseen.b, unseen.c);
    return { labels: this.labels, baseline: this.baseline, window: this.window, keptCount };
  }

  private push(label: string, b: number, c: number): void {
    this.labels.push(label);
    this.baseline.push(b);
    this.window.push(c);
  }
}

/**
 * Counts per discrete value of a numeric column, in the order of `discreteValues`, and last all other values; null when
 * the column is not discrete. Exact, because each discrete value owns an atom cell.
 */
export function discreteCounts(grid: NumericGrid, profile: NumericProfile): number[] | null {
  if (grid.discreteValues === null) return null;
  const counts: number[] = [];
  let k = 0;
  for (const value of grid.discreteValues) {
    while (grid.edges[k]! < value) k++;
    counts.push(profile.counts[k]!);
  }
  return [...counts, profile.count - counts.reduce((sum, count) => sum + count, 0)];
}
