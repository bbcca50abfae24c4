import type { CategoricalProfile } from '../profile/profile.js';

/** How many of the baseline's values would be unseen were they left out, and how surely that is known. */
export interface ExpectedUnseen {
  readonly count: number;
  /** How many times the variance of the share exceeds that of a share that was counted. */
  readonly effect: number;
}

/**
 * The values of the baseline that stand for what is new in any other sample: N₁ that occur once, and those outside the grid.
 *
 * The variance of N₁/n as an estimate is 1 + 2N₂/N₁ times that of a share, with N₂ the categories that occur twice.
 * Source: Good (1953); Esty (1983), "A normal limit law for a nonparametric estimator of the coverage".
 */
export function expectedUnseen({ counts, count, unseenCount }: CategoricalProfile): ExpectedUnseen {
  let once = 0;
  let twice = 0;
  for (const occurrences of counts) {
    if (occurrences === 1) once++;
    else if (occurrences === 2) twice++;
  }
  return { count: Math.min(count, unseenCount + once), effect: once > 0 ? 1 + (2 * twice) / once : 1 };
}
