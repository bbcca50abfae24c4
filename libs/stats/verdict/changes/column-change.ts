import type { EffectName } from '../effects.js';

/** The side of a distribution: low values are `below`, high ones `above`. */
export type Side = 'below' | 'above';

/** Every value multiplied by `factor`; `knownUnit` is the mistake, such as `miles → kilometres`. */
export interface Scaled {
  readonly kind: 'scaled';
  readonly factor: number;
  readonly knownUnit: string | null;
  readonly ksAfter: number;
}

/** `offset` added to every value; `knownName` is the mistake, such as `Celsius → kelvin`. */
export interface Shifted {
  readonly kind: 'shifted';
  readonly offset: number;
  readonly knownName: string | null;
  readonly ksAfter: number;
}

/** Every value turned into factor·x + offset, a known conversion such as `Celsius → Fahrenheit`. */
export interface Converted {
  readonly kind: 'converted';
  readonly name: string;
  readonly factor: number;
  readonly offset: number;
  readonly ksAfter: number;
}

/** Every value multiplied by −1. */
export interface SignFlipped {
  readonly kind: 'sign-flipped';
  readonly ksAfter: number;
}

/** One map of all values explains the window; `ksAfter` is D between the mapped baseline and the window. */
export type WholeColumnMap = Scaled | Shifted | Converted | SignFlipped;

/**
 * The spread changed by half or more. `from` and `to` are standard deviations; the widths are those of the
 * middle 90%, which one outlier cannot move, and `ratio` is theirs: null when the baseline's is 0. All in the
 * column's unit.
 */
export interface SpreadChanged {
  readonly kind: 'variance-collapsed' | 'variance-exploded';
  readonly from: number;
  readonly to: number;
  readonly widthFrom: number;
  readonly widthTo: number;
  readonly ratio: number | null;
}

/** All values of the window are `value`; the baseline's were not all one. */
export interface BecameConstant {
  readonly kind: 'became-constant';
  readonly value: number;
}

/**
 * One value took over. `isExact` is false where the cell proves only that the values lie close to `value`;
 * the shares are then those of the cell. `clipped` is the side on which the window has nothing beyond it any more, and that
 * it took over.
 */
export interface MassAtValue {
  readonly kind: 'mass-at-value';
  readonly value: number;
  readonly isExact: boolean;
  readonly clipped: Side | null;
  readonly baselineShare: number;
  readonly windowShare: number;
}

/** The median moved; `ratio` is to/from, null unless both have one sign and it is finite. */
export interface MedianMoved {
  readonly kind: 'median-moved';
  readonly from: number;
  readonly to: number;
  readonly ratio: number | null;
}

/** Shares of values above the baseline's 95% quantile, or at or below its 5% one. */
export interface TailChanged {
  readonly kind: 'tail-grew' | 'tail-shrank';
  readonly side: Side;
  readonly quantile: 0.05 | 0.95;
  readonly baselineShare: number;
  readonly windowShare: number;
}

/** Share of rows outside the baseline's range, in all and by side. */
export interface OutOfRange {
  readonly kind: 'out-of-range';
  readonly side: Side | 'both';
  readonly share: number;
  readonly belowShare: number;
  readonly aboveShare: number;
  readonly baselineMin: number;
  readonly baselineMax: number;
}

/** A category with its share of the window's values. */
export interface NamedShare {
  readonly name: string;
  readonly share: number;
}

/**
 * Values that the baseline never had: at most ten names with the shares that are certain, largest first, and how many there
 * are; `distinctCount` is null when there are more than can be counted (100).
 */
export interface NewCategory {
  readonly kind: 'new-category';
  readonly names: readonly NamedShare[];
  readonly distinctCount: number | null;
  readonly share: number;
}

/** A category that no value of the window has. */
export interface VanishedCategory {
  readonly kind: 'vanished-category';
  readonly name: string;
  readonly baselineShare: number;
}

/**
 * A category whose share of values changed; beyond the 1,000 listed categories, `from` is what it was at
 * most.
 */
export interface CategoryShare {
  readonly kind: 'category-share';
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** A new spelling `to` of the known category `from`. */
export interface Respelling {
  readonly from: string;
  readonly to: string;
  readonly share: number;
}

/**
 * New values that equal known ones except for case, surrounding blanks or the form of characters in Unicode (composed or not,
 * full width, a no-break space); `spelling` is the last beside another. At most ten and their number, as NewCategory.
 */
export interface CaseChanged {
  readonly kind: 'case-changed';
  readonly difference: 'case' | 'blanks' | 'case-and-blanks' | 'unicode-form' | 'spelling';
  readonly values: readonly Respelling[];
  readonly distinctCount: number | null;
  readonly share: number;
}

/** A change of the share of rows without a value, or with an unusable one. */
export interface UnusableChanged {
  readonly kind: 'missing-spike' | 'missing-fell' | 'missing-ended' | 'invalid-spike';
  readonly baselineShare: number;
  readonly windowShare: number;
}

/** Every row of the window lacks a value. */
export interface AllMissing {
  readonly kind: 'all-missing';
  readonly baselineShare: number;
}

/** Values of nothing but blanks became more. */
export interface EmptySpike {
  readonly kind: 'empty-spike';
  readonly baselineShare: number;
  readonly windowShare: number;
}

/** Tokens that the baseline's texts never had: shares of tokens, and at most ten of them, most frequent first. */
export interface UnseenTokens {
  readonly kind: 'unseen-tokens';
  readonly names: readonly NamedShare[];
  readonly baselineShare: number;
  readonly windowShare: number;
}

/** What changed in the lengths of a column's texts. */
export interface LengthChanged {
  readonly kind: 'length-changed';
  readonly change: ColumnChange;
}

/** A change that is large enough for a verdict and has no other name: the effect that is furthest above its threshold. */
export interface DistributionMoved {
  readonly kind: 'distribution-moved';
  readonly effect: EffectName;
  readonly value: number;
}

/**
 * What changed in a column. Kinds are permanent words of the API; every number is finite, shares are 0 to 1.
 *
 * Example: `{ kind: 'scaled', factor: 1.609344, knownUnit: 'miles → kilometres', ksAfter: 0.006 }`.
 */
export type ColumnChange =
  | WholeColumnMap
  | SpreadChanged
  | BecameConstant
  | MassAtValue
  | MedianMoved
  | TailChanged
  | OutOfRange
  | NewCategory
  | VanishedCategory
  | CategoryShare
  | CaseChanged
  | UnusableChanged
  | AllMissing
  | EmptySpike
  | UnseenTokens
  | LengthChanged
  | DistributionMoved;

/** A change with how telling it is: the share of rows it concerns, above 1 when it explains all others. */
export interface WeightedChange {
  readonly change: ColumnChange;
  readonly weight: number;
}

/** Weights of changes that explain what else is seen, in this order before any share of rows. */
export const CAUSE_WEIGHTS = { allMissing: 4, constant: 3, map: 2 } as const;

/**
 * The changes, most telling first, equal weights in the order given; those with a number that is not finite
 * left out.
 */
export function orderedChanges(found: readonly WeightedChange[]): ColumnChange[] {
  return found
    .filter(({ change }) => hasFiniteNumbers(change))
    .sort((a, b) => b.weight - a.weight)
    .map(({ change }) => change);
}

function hasFiniteNumbers(change: ColumnChange): boolean {
  return Object.values(change).every((value) => typeof value !== 'number' || Number.isFinite(value));
}
