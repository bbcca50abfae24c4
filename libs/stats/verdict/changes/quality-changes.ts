import type { ColumnProfile } from '../../profile/profile.js';
import type { ShareChange } from '../../significance/proportions.js';
import type { QualityChanges } from '../column-drift.js';
import { NOTABLE_SHARE } from './chance.js';
import { CAUSE_WEIGHTS, type WeightedChange } from './column-change.js';

/** Least rise of the share of missing or invalid rows worth words: what makes a warning of data quality. */
const NOTABLE_RISE = 0.01;
/** Share of its former level below which missing values have ended and not merely become fewer. */
const ENDED_SHARE = 0.1;

/** The changes of missing and invalid rows that are certain at 95%; nothing below `minCount` rows. */
export function qualityChangesFound(
  { missing, invalid }: Pick<QualityChanges, 'missing' | 'invalid'>,
  window: ColumnProfile,
  minCount: number,
): WeightedChange[] {
  const rows = rowsOf(window);
  if (rows < minCount) return [];
  if (rows === window.missingCount && missing !== null && hasRisen(missing)) {
    const { baselineShare } = missing;
    return [{ change: { kind: 'all-missing', baselineShare }, weight: CAUSE_WEIGHTS.allMissing }];
  }
  return [
    ...(missing === null ? [] : missingChange(missing)),
    ...(invalid === null || !hasRisen(invalid) ? [] : [weighted('invalid-spike', invalid)]),
  ];
}

/** All rows of a column: what data quality is judged by, where distributions are judged by the values. */
export function rowsOf({ count, missingCount, invalidCount }: ColumnProfile): number {
  return count + missingCount + invalidCount;
}

function missingChange(missing: ShareChange): WeightedChange[] {
  if (hasRisen(missing)) return [weighted('missing-spike', missing)];
  if (-missing.difference < NOTABLE_SHARE || missing.upperBound >= 0) return [];
  const hasEnded = missing.windowShare <= ENDED_SHARE * missing.baselineShare;
  return [weighted(hasEnded ? 'missing-ended' : 'missing-fell', missing)];
}

function hasRisen({ difference, lowerBound }: ShareChange): boolean {
  return difference >= NOTABLE_RISE && lowerBound > 0;
}

function weighted(
  kind: 'missing-spike' | 'missing-fell' | 'missing-ended' | 'invalid-spike',
  { baselineShare, windowShare, difference }: ShareChange,
): WeightedChange {
  return { change: { kind, baselineShare, windowShare }, weight: Math.abs(difference) };
}
