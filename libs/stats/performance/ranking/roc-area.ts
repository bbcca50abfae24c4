import { ANY, intervalWithin, normalFactor, SHARE } from '../intervals.js';
import type { ConfidenceInterval } from '../performance.js';
import type { ScoreGroups } from './ranked-scores.js';

/**
 * The area under a ROC curve: the probability that a row of the class scores higher than one that is not, a tie counting half.
 *
 * `below` holds per group the rows of other classes with a lower score and half of the tied ones, `above` the rows of the class
 * with a higher score and half of the tied ones: DeLong's placements times the number of rows.
 */
export interface RocArea {
  readonly area: number;
  /** How far the area may be off, as rows of one cell count as ties; 0 where rows were ranked. */
  readonly maxError: number;
  readonly positiveCount: number;
  readonly negativeCount: number;
  readonly below: Float64Array;
  readonly above: Float64Array;
}

/**
 * The area, exactly by midranks; null unless there are rows of the class and others. Of expected numbers of rows it is the ratio of
 * expected pairs, without the pairs of a row with itself.
 *
 * Source: DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44; in linear time from sorted scores as Sun and Xu (2014).
 */
export function rocArea(groups: ScoreGroups): RocArea | null {
  const { positive, negative, noise } = groups;
  const [positiveCount, negativeCount, ownPairs] = [sumOf(positive), sumOf(negative), sumOf(noise)];
  const pairs = positiveCount * negativeCount - ownPairs;
  if (!(pairs > 0)) return null;
  const below = cumulated(negative, 1);
  const above = cumulated(positive, -1);
  let ordered = 0;
  let tied = -ownPairs;
  for (let g = 0; g < positive.length; g++) {
    ordered += positive[g]! * below[g]!;
    tied += positive[g]! * negative[g]!;
  }
  const area = Math.min(1, Math.max(0, (ordered - ownPairs / 2) / pairs));
  const maxError = groups.rows === null ? Math.max(0, tied) / (2 * pairs) : 0;
  return { area, maxError, positiveCount, negativeCount, below, above };
}

/**
 * Sums of all entries before each one, in the direction of `step`, and half of itself.
 */
function cumulated(counts: Float64Array, step: 1 | -1): Float64Array {
  const result = new Float64Array(counts.length);
  let sum = 0;
  for (let k = 0; k < counts.length; k++) {
    const g = step === 1 ? k : counts.length - 1 - k;
    result[g] = sum + counts[g]! / 2;
    sum += counts[g]!;
  }
  return result;
}

function sumOf(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum;
}

/** What a row of a group adds to the area's deviation from the truth, when it is of the class, and when it is not. */
export function influences(roc: RocArea, group: number): { ofPositive: number; ofNegative: number } {
  const { area, positiveCount: p, negativeCount: n } = roc;
  return {
    ofPositive: (roc.below[group]! / n - area) / p,
    ofNegative: (roc.above[group]! / p - area) / n,
  };
}

/** DeLong's variance of the area; 0 when there are fewer than two rows of a kind, or all are equally placed. */
export function deLongVariance(roc: RocArea, { positive, negative }: ScoreGroups): number {
  const { positiveCount: p, negativeCount: n } = roc;
  if (p < 2 || n < 2) return 0;
  let ofPositives = 0;
  let ofNegatives = 0;
  for (let g = 0; g < positive.length; g++) {
    const { ofPositive, ofNegative } = influences(roc, g);
    ofPositives += positive[g]! * ofPositive * ofPositive;
    ofNegatives += negative[g]! * ofNegative * ofNegative;
  }
  return (ofPositives * p) / (p - 1) + (ofNegatives * n) / (n - 1);
}

/**
 * DeLong's interval on the logit scale, which stays within 0 to 1; Newcombe's where the variance is 0, as with perfect separation.
 *
 * Source: Qin and Hotilovac (2008), Stat. Methods Med. Res. 17.
 */
export function areaInterval(
  { area, positiveCount, negativeCount }: Pick<RocArea, 'area' | 'positiveCount' | 'negativeCount'>,
  variance: number,
  confidence: number,
): ConfidenceInterval | null {
  const slope = area * (1 - area);
  if (!(variance > 0) || !(slope > 0)) {
    return intervalWithin(SHARE, 'newcombe', newcombe(area, [positiveCount, negativeCount], confidence));
  }
  const logit = Math.log(area / (1 - area));
  const half = (normalFactor(confidence) * Math.sqrt(variance)) / slope;
  return intervalWithin(ANY, 'delong', [expit(logit - half), expit(logit + half)]);
}

function expit(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

const HALVINGS = 60;

/**
 * The θ with (θ − area)² ≤ z²·V(θ), V(θ) = θ(1 − θ)(1 + N·((1 − θ)/(2 − θ) + θ/(1 + θ)))/(m·n), N = (m + n)/2 − 1.
 *
 * Source: Newcombe (2006), "Confidence intervals for an effect size measure based on the Mann–Whitney statistic. Part 2", Stat. Med. 25, method 5.
 */
function newcombe(area: number, [m, n]: readonly [number, number], confidence: number): [number, number] {
  const z2 = normalFactor(confidence) ** 2;
  const isInside = (theta: number): boolean => {
    const spread = 1 + ((m + n) / 2 - 1) * ((1 - theta) / (2 - theta) + theta / (1 + theta));
    return (theta - area) ** 2 <= (z2 * theta * (1 - theta) * spread) / (m * n);
  };
  return [endOf(isInside, area, 0), endOf(isInside, area, 1)];
}

/** The last θ inside, from one that is inside towards one that may not be. */
function endOf(isInside: (theta: number) => boolean, inside: number, outside: number): number {
  if (inside === outside) return inside;
  let [near, far] = [inside, outside];
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (near + far) / 2;
    if (isInside(middle)) near = middle;
    else far = middle;
  }
  return far;
}
