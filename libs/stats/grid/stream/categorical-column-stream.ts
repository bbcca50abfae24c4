import type { CategoricalProfile } from '../../profile/profile.js';
import { MAX_CATEGORIES } from '../categorical-grid.js';
import { categoryKey } from '../category-key.js';
import type { CategoricalGrid } from '../grid.js';
import { FrequentCategories } from './frequent-categories.js';
import { unlistedSummary } from './unlisted-summary.js';

/** A categorical column of a stream. Memory and cost: those of `FrequentCategories`. */
export class CategoricalColumnStream {
  readonly kind = 'categorical';
  missingCount = 0;
  invalidCount = 0;
  private readonly categories = new FrequentCategories();

  /** How many strings were folded. */
  get count(): number {
    return this.categories.total;
  }

  /** Bytes held. */
  get approximateBytes(): number {
    return this.categories.approximateBytes;
  }

  /** Folds cells; null is missing. */
  fold(values: readonly (string | null)[]): void {
    for (const value of values) {
      if (value === null) this.missingCount++;
      else this.categories.record(categoryKey(value));
    }
  }

  /** Adds what another stream knows about the column. */
  merge(other: CategoricalColumnStream): void {
    this.missingCount += other.missingCount;
    this.invalidCount += other.invalidCount;
    this.categories.merge(other.categories);
  }

  /**
   * The grid of the 1,000 most frequent categories, and the profile on it. `countError`, a share of `count`, is how much
   * too low a category's count may be; what the counts leave is `otherCount`.
   */
  finish(): { grid: CategoricalGrid; profile: CategoricalProfile; countError: number } {
    const ranked = this.categories.byFrequency();
    const listed = ranked.slice(0, MAX_CATEGORIES);
    const { errorBound } = this.categories;
    const { count, missingCount, invalidCount } = this;
    const isTruncated = errorBound > 0 || ranked.length > MAX_CATEGORIES;
    const counts = Float64Array.from(listed, (category) => category.count);
    const otherCount = counts.reduce((rest, one) => rest - one, count);
    return {
      grid: { kind: 'categorical', categories: listed.map(({ key }) => key), isTruncated },
      profile: {
        kind: 'categorical',
        ...{ counts, unlisted: unlistedSummary(ranked.slice(MAX_CATEGORIES)) },
        ...{ otherCount, unseenCount: 0, count, missingCount, invalidCount },
      },
      countError: count === 0 ? 0 : errorBound / count,
    };
  }
}
