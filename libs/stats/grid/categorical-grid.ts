import { categoryKey } from './category-key.js';
import type { CategoricalGrid } from './grid.js';

/** Categories counted one by one: 1,000 counters are 8 KB a window; columns with more are mostly identifiers. */
export const MAX_CATEGORIES = 1000;

/** The grid of a categorical column from its baseline values; nulls are left out. Memory: one counter per distinct value. */
export function categoricalGrid(values: readonly (string | null)[]): CategoricalGrid {
  const counts = new Map<string, number>();
  for (const value of values) {
    if (value === null) continue;
    const key = categoryKey(value);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const byFrequency = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const categories = byFrequency.slice(0, MAX_CATEGORIES).map(([category]) => category);
  return { kind: 'categorical', categories, isTruncated: counts.size > MAX_CATEGORIES };
}
