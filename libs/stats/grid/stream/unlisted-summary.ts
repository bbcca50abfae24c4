import {
  appendCounter,
  emptySpaceSaving,
  SPACE_SAVING_COUNTERS,
  type SpaceSaving,
} from '../../profile/space-saving.js';
import type { CountedCategory } from './frequent-categories.js';

/** The keys that may be the most frequent of those outside the grid, as a profile keeps them. */
export function unlistedSummary(unlisted: readonly CountedCategory[]): SpaceSaving {
  const summary = emptySpaceSaving();
  const byHighest = unlisted
    .map(({ key, count, missedCount }) => ({
      value: key,
      count: count + missedCount,
      overcount: missedCount,
    }))
    .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
  for (const entry of byHighest.slice(0, SPACE_SAVING_COUNTERS)) appendCounter(summary, entry);
  return summary;
}
