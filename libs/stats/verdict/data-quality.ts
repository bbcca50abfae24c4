import type { NumericGrid } from '../grid/grid.js';
import type { ColumnProfile, NumericProfile } from '../profile/profile.js';
import { shareChange } from '../significance/proportions.js';
import type { QualityChanges } from './column-drift.js';
import type { DriftReason, ReasonedVerdict } from './column-verdict.js';

/** The share of rows that must be affected, with 95% confidence, to be a warning (`statistics.md`: 1%) or drift. */
const WARNING_SHARE = 0.01;
/** Equal to D's default limit: rows that leave the distribution move it as far as rows that move within it. // Unmeasured. */
const DRIFTED_SHARE = 0.1;

/** How often each kind of unusable or unexpected cell occurs in baseline and window. */
export interface QualityInput {
  readonly baseline: ColumnProfile;
  readonly window: ColumnProfile;
  readonly baselineRows: number;
  readonly windowRows: number;
  readonly outOfRangeCount: number;
}

/**
 * The changes of the four shares.
 *
 * A baseline never holds values that are unseen or out of its own range, but new rows of the same distribution do: out of
 * range 2 of n + 1 on average (one beyond each end), unseen as often as the baseline has singletons (Good 1953). Those
 * expected counts stand in for the baseline's zeros, so that a small baseline raises no false alarm.
 */
export function qualityChanges(input: QualityInput): QualityChanges {
  const { baseline, window, baselineRows: n, windowRows: m } = input;
  return {
    missing: shareChange(baseline.missingCount, n, window.missingCount, m),
    invalid: shareChange(baseline.invalidCount, n, window.invalidCount, m),
    unseen:
      baseline.kind === 'categorical' && window.kind === 'categorical' && baseline.count > 0
        ? shareChange(
            Math.min(
              baseline.count,
              baseline.unseenCount + baseline.counts.filter((count) => count === 1).length,
            ),
            baseline.count,
            window.unseenCount,
            m,
          )
        : null,
    outOfRange:
      baseline.kind === 'numeric' && baseline.count > 0 && isOrdered(baseline)
        ? shareChange(Math.min(2, baseline.count), baseline.count + 1, input.outOfRangeCount, m)
        : null,
  };
}

function isOrdered({ min, max }: NumericProfile): boolean {
  return min <= max;
}

/** Window values below the baseline's minimum or above its maximum; exact when the baseline is the one the grid was built from. */
export function outOfRangeCount(grid: NumericGrid, baseline: NumericProfile, window: NumericProfile): number {
  if (baseline.count === 0) return 0;
  let outside = 0;
  for (let k = 0; k < window.counts.length; k++) {
    const isBelow = k < grid.edges.length && grid.edges[k]! < baseline.min;
    const isAbove = k > 0 && grid.edges[k - 1]! >= baseline.max;
    if (isBelow || isAbove) outside += window.counts[k]!;
  }
  return outside;
}

const REASONS: Record<keyof QualityChanges, DriftReason> = {
  missing: 'missing-share-increased',
  invalid: 'invalid-share-increased',
  unseen: 'unseen-categories',
  outOfRange: 'values-out-of-range',
};

/** The verdict on data quality from `minCount` rows on: `drifted` or `warning` when a share has surely risen by 10% or 1% of rows. */
export function qualityVerdict(
  changes: QualityChanges,
  windowRows: number,
  minCount: number,
): ReasonedVerdict {
  if (windowRows < minCount) return { verdict: 'insufficient', reason: 'too-few-values' };
  let worst: { bound: number; reason: DriftReason } = { bound: 0, reason: 'no-notable-change' };
  for (const kind of ['missing', 'invalid', 'unseen', 'outOfRange'] as const) {
    const bound = changes[kind]?.lowerBound ?? 0;
    if (bound > worst.bound) worst = { bound, reason: REASONS[kind] };
  }
  if (worst.bound >= DRIFTED_SHARE) return { verdict: 'drifted', reason: worst.reason };
  if (worst.bound >= WARNING_SHARE) return { verdict: 'warning', reason: worst.reason };
  return { verdict: 'ok', reason: 'no-notable-change' };
}
