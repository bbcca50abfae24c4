import { categoryKey } from '../grid/category-key.js';
import type { CategoricalGrid } from '../grid/grid.js';
import type { CategoricalProfile } from './profile.js';
import { recordValue } from './space-saving.js';

const INDEXES = new WeakMap<readonly string[], Map<string, number>>();

/** The place of each string in a list, built once per list and dropped with it. */
export function placesOf(categories: readonly string[]): Map<string, number> {
  let index = INDEXES.get(categories);
  if (index === undefined)
    INDEXES.set(categories, (index = new Map(categories.map((category, i) => [category, i]))));
  return index;
}

/** Counts strings into the profile; null is missing. 15 to 40 ns a value. */
export function foldCategorical(
  profile: CategoricalProfile,
  grid: CategoricalGrid,
  values: readonly (string | null)[],
): void {
  const index = placesOf(grid.categories);
  let missing = 0;
  let unlisted = 0;
  for (const value of values) {
    if (value === null) {
      missing++;
      continue;
    }
    const key = categoryKey(value);
    const place = index.get(key);
    if (place !== undefined) profile.counts[place]!++;
    else {
      unlisted++;
      recordValue(profile.unlisted, key);
    }
  }
  profile.missingCount += missing;
  profile.count += values.length - missing;
  if (grid.isTruncated === true) profile.otherCount += unlisted;
  else profile.unseenCount += unlisted;
}
