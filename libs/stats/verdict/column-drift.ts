import type { ShareChange } from '../significance/proportions.js';
import type { ColumnChange } from './changes/column-change.js';
import type { ColumnMeasures } from './column-measures.js';
import type { DriftReason, Verdict } from './column-verdict.js';
import type { Effect } from './effects.js';
import type { ScaleShift } from './scale-shift.js';
import type { DriftThresholds } from './drift-thresholds.js';

/**
 * How the shares of missing, invalid, unseen, out-of-range and empty cells changed; null where a side has no rows or the
 * kind of column has no such share. Unseen counts rows of categories, and tokens of texts.
 */
export interface QualityChanges {
  readonly missing: ShareChange | null;
  readonly invalid: ShareChange | null;
  readonly unseen: ShareChange | null;
  readonly outOfRange: ShareChange | null;
  readonly empty: ShareChange | null;
}

/**
 * How far one column of a window is from the baseline, and what follows from it.
 *
 * `baselineCount` n and `windowCount` m are the finite values or strings that entered the distances. Tests, bounds and
 * noise floors use `effectiveBaselineCount` and `effectiveWindowCount`, which are smaller when rows come in clusters.
 * `correctedPValue` is Benjamini and Hochberg's over the columns compared together. Shares are of rows, those of
 * out-of-range too; `unseenShare` of a text column is of its tokens, and `baselineUnseenShare` what new texts would hold. No field is ever NaN.
 */
export interface ColumnDrift extends ColumnMeasures {
  readonly column: string;
  readonly kind: 'numeric' | 'categorical' | 'text';
  readonly verdict: Verdict;
  readonly reason: DriftReason;
  /** What the distances alone say, data quality left out. */
  readonly distributionVerdict: Verdict;
  /** What data quality alone says; it never waits for the noise floor. */
  readonly qualityVerdict: Verdict;
  readonly baselineCount: number;
  readonly windowCount: number;
  readonly effectiveBaselineCount: number;
  readonly effectiveWindowCount: number;
  readonly correctedPValue: number | null;
  readonly missingShare: number;
  readonly invalidShare: number;
  readonly unseenShare: number;
  readonly outOfRangeShare: number;
  readonly baselineMissingShare: number;
  readonly baselineInvalidShare: number;
  readonly baselineUnseenShare: number;
  /** What `distributionVerdict` was given, with the limits applied. */
  readonly effects: readonly Effect[];
  readonly quality: QualityChanges;
  /** Benjamini and Hochberg's over the columns, of the rise of the shares that `quality` holds. */
  readonly qualityCorrectedPValue: number | null;
  readonly thresholds: DriftThresholdsUsed;
  readonly gridHash: string;
  /** What changed, most telling first; `explanation` says the first four in words. */
  readonly changes: readonly ColumnChange[];
  readonly explanation: string;
  readonly scale: ScaleShift | null;
}

/** The thresholds that were applied, for the record. */
export type DriftThresholdsUsed = Readonly<DriftThresholds>;
