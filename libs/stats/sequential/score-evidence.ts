import { TiltedEvidence } from './tilts.js';

/** Per unit of score. With ridits, which have a variance of 1/12, a rise of P(larger) by δ is seen best at 12·δ: from 0.02 to 0.5. */
const TILTS = [0.25, 0.5, 1, 2, 4, 6] as const;

/** Whether higher scores of the second group are looked for, or lower ones. */
export type ScoreDirection = 'higher' | 'lower';

/**
 * Evidence that the rows of one group have higher (or lower) scores than those of another, collected over steps of time and valid at
 * every look.
 *
 * As `ShareEvidence`, for scores of cells in place of events: given the rows of both groups together, those of the second are draws
 * without replacement, and the sum of their scores has a moment generating function of at most that of draws with replacement
 * (Hoeffding 1963, theorem 4). Scores may depend on the rows of both groups together and on earlier steps, not on who a row belongs to.
 */
export class ScoreEvidence {
  private readonly evidence: TiltedEvidence;

  constructor(direction: ScoreDirection) {
    this.evidence = new TiltedEvidence(TILTS.map((tilt) => (direction === 'higher' ? tilt : -tilt)));
  }

  /**
   * Adds a step: the score of each cell, and how many rows each group has in it. A step with an empty group says nothing.
   * @throws RangeError if the cells differ in number
   */
  add(scores: ArrayLike<number>, first: ArrayLike<number>, second: ArrayLike<number>): void {
    if (scores.length !== first.length || scores.length !== second.length) {
      throw new RangeError(
        `${scores.length} scores are not those of ${first.length} and ${second.length} cells`,
      );
    }
    const n = sumOf(first);
    const m = sumOf(second);
    if (!(n > 0) || !(m > 0)) return;
    let all = 0;
    let observed = 0;
    for (let k = 0; k < scores.length; k++) {
      all += scores[k]! * (first[k]! + second[k]!);
      observed += scores[k]! * second[k]!;
    }
    const logMean = (tilt: number): number =>
      Math.log(meanOfTilted(tilt, { scores, first, second }) / (n + m));
    this.evidence.multiply((tilt) => {
      const bound = Math.min(m * logMean(tilt), tilt * all + n * logMean(-tilt));
      return tilt * observed - bound;
    });
  }

  /** See `TiltedEvidence`. */
  get nats(): number {
    return this.evidence.nats;
  }
}

interface ScoredCells {
  readonly scores: ArrayLike<number>;
  readonly first: ArrayLike<number>;
  readonly second: ArrayLike<number>;
}

function meanOfTilted(tilt: number, { scores, first, second }: ScoredCells): number {
  let sum = 0;
  for (let k = 0; k < scores.length; k++) {
    const count = first[k]! + second[k]!;
    if (count > 0) sum += count * Math.exp(tilt * scores[k]!);
  }
  return sum;
}

/**
 * The ridit of each cell less ½: the share of rows below it and half of its own, −½ to ½, with a mean of 0 over all rows.
 *
 * The mean ridit of one group among both, plus ½, is P(larger) + ½·P(equal) against both together.
 * Source: Bross (1958), "How to use ridit analysis". 0 everywhere without rows.
 */
export function ridits(first: ArrayLike<number>, second: ArrayLike<number>): Float64Array {
  const scores = new Float64Array(first.length);
  const total = sumOf(first) + sumOf(second);
  if (!(total > 0)) return scores;
  let below = 0;
  for (let k = 0; k < scores.length; k++) {
    const count = first[k]! + second[k]!;
    scores[k] = (below + count / 2) / total - 0.5;
    below += count;
  }
  return scores;
}

function sumOf(counts: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < counts.length; k++) sum += counts[k]!;
  return sum;
}
