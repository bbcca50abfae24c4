import { sortedOrder } from '../ranking/sorted-order.js';
import type { IsotonicCalibrator } from './estimate.js';

/** Of one calibrator: at 200, a step of a steep curve is half a percent of the rows wide. */
export const MAX_KNOTS = 200;
/** Rows that a knot stands for at least, unless fewer have its score; fewer would follow chance, and PAVA would pool them anyway. */
const ROWS_PER_KNOT = 20;

/** Rows with neighbouring scores. */
interface Block {
  rowCount: number;
  scoreSum: number;
  hitSum: number;
}

/**
 * Isotonic regression of hits (1 or 0) on scores by pooling adjacent violators, between the mean scores of its blocks.
 *
 * Scores are first put into at most `maxKnots` bins of equal mass that keep ties together, so that the result is bounded; rows of one
 * block have one probability at its mean score, and it is interpolated between blocks. Of no rows it is the constant ½. n·log n.
 * Source: Ayer et al. (1955), Ann. Math. Stat. 26; Zadrozny and Elkan (2002), KDD.
 */
export function fitIsotonic(
  scores: Float64Array,
  hits: ArrayLike<number>,
  maxKnots = MAX_KNOTS,
): IsotonicCalibrator {
  if (scores.length === 0) return { scores: [0], probabilities: [0.5] };
  const blocks = pooled(binned(scores, hits, maxKnots));
  return {
    scores: blocks.map(({ scoreSum, rowCount }) => scoreSum / rowCount + 0),
    probabilities: blocks.map(hitShare),
  };
}

function binned(scores: Float64Array, hits: ArrayLike<number>, maxKnots: number): Block[] {
  const order = sortedOrder(scores);
  const target = Math.max(ROWS_PER_KNOT, Math.ceil(order.length / maxKnots));
  const blocks: Block[] = [];
  let block: Block | undefined;
  let last = NaN;
  for (const row of order) {
    const score = scores[row]!;
    if (block === undefined || (block.rowCount >= target && score > last)) {
      block = { rowCount: 0, scoreSum: 0, hitSum: 0 };
      blocks.push(block);
    }
    block.rowCount++;
    block.scoreSum += score;
    block.hitSum += hits[row]!;
    last = score;
  }
  return blocks;
}

/** Joins neighbours until the shares do not decrease; those of equal share stay apart. */
function pooled(bins: readonly Block[]): Block[] {
  const blocks: Block[] = [];
  for (const bin of bins) {
    let block = bin;
    for (let last = blocks.at(-1); last !== undefined && violates(last, block); last = blocks.at(-1)) {
      blocks.pop();
      block = {
        rowCount: last.rowCount + block.rowCount,
        scoreSum: last.scoreSum + block.scoreSum,
        hitSum: last.hitSum + block.hitSum,
      };
    }
    blocks.push(block);
  }
  return blocks;
}

/** Also joins mean scores that rounding made equal, so that knots strictly increase. */
function violates(lower: Block, upper: Block): boolean {
  return (
    hitShare(lower) > hitShare(upper) || !(lower.scoreSum / lower.rowCount < upper.scoreSum / upper.rowCount)
  );
}

function hitShare({ hitSum, rowCount }: Block): number {
  return hitSum / rowCount;
}

/** The probability at a score, by bisection: within 0 to 1, and constant beyond the ends. */
export function calibrated({ scores, probabilities }: IsotonicCalibrator, score: number): number {
  const last = scores.length - 1;
  if (score <= scores[0]!) return probabilities[0]!;
  if (score >= scores[last]!) return probabilities[last]!;
  let [low, high] = [0, last];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (scores[middle]! <= score) low = middle;
    else high = middle;
  }
  const share = (score - scores[low]!) / (scores[high]! - scores[low]!);
  return probabilities[low]! + share * (probabilities[high]! - probabilities[low]!);
}
