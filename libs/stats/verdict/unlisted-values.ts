import type { CategoricalProfile } from '../profile/profile.js';

/** A value outside the grid's categories that certainly takes a larger share of the window than of the baseline. */
export interface UnlistedRise {
  readonly name: string;
  /** How often the baseline can have had it at most. */
  readonly baselineCount: number;
  /** How often the window had it at least. */
  readonly windowCount: number;
}

/**
 * The values outside the grid whose share certainly rose, of the 100 that the window's summary holds.
 *
 * Space-Saving counts are too high by up to `overcount`, which is taken off; a value that the baseline's summary lacks came there
 * at most as often as the rarest that it holds.
 */
export function unlistedRises(baseline: CategoricalProfile, window: CategoricalProfile): UnlistedRise[] {
  const { values, counts, overcounts } = window.unlisted;
  if (values.length === 0) return [];
  const known = baseline.unlisted;
  const ceiling = known.counts.length === 0 ? 0 : Math.min(...known.counts);
  const rises: UnlistedRise[] = [];
  values.forEach((name, i) => {
    const place = known.index.get(name);
    const baselineCount = place === undefined ? ceiling : known.counts[place]!;
    const windowCount = counts[i]! - overcounts[i]!;
    if (windowCount * baseline.count > baselineCount * window.count)
      rises.push({ name, baselineCount, windowCount });
  });
  return rises;
}
