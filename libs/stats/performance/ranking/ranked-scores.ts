import { type ScoreCells, scoreCell, scoreCells } from './score-cells.js';
import { sortedOrder } from './sorted-order.js';

/** Scores, of all columns together, that are kept to be ranked exactly: 32 MB. Beyond, they are counted in cells. */
export const MAX_RANKED_SCORES = 2_000_000;
const FIRST_CAPACITY = 1024;

/**
 * Rows grouped by score, ascending: rows of one group are tied.
 *
 * `positive` is the number of rows of the class in each group, `negative` that of the others; for an estimate, the expected
 * numbers, and `noise` the sum of c·(1 − c), c the row's probability (0 for rows with a truth).
 */
export interface ScoreGroups {
  readonly positive: Float64Array;
  readonly negative: Float64Array;
  readonly noise: Float64Array;
  /** The single rows, in the order in which they were added; null where they are counted in cells. */
  readonly rows: RankedRows | null;
}

/** The group of each row, and the probability that the row is of the class. */
export interface RankedRows {
  readonly groups: Uint32Array;
  readonly shares: Float64Array;
}

/**
 * Scores, each with the probability that its row is of the class: 1 or 0 where the truth is known.
 *
 * Kept up to a limit and ranked exactly; beyond it, all are counted in cells. Which of the two depends on the number of rows only,
 * not on their order or on how they were merged.
 */
export class RankedScores {
  private readonly capacity: number;
  private readonly cells: ScoreCells;
  private scores = new Float64Array(FIRST_CAPACITY);
  private shares = new Float64Array(FIRST_CAPACITY);
  private counted: ScoreGroups | null = null;
  private size = 0;

  constructor(columnCount: number, maxScores = MAX_RANKED_SCORES) {
    this.capacity = Math.floor(maxScores / Math.max(1, columnCount));
    this.cells = scoreCells(columnCount);
  }

  /** Rows that were added. */
  get rowCount(): number {
    return this.size;
  }

  /** Both numbers lie within 0 to 1. */
  add(score: number, share: number): void {
    if (this.counted === null && this.size < this.capacity) this.keep(score, share);
    else this.count(this.inCells(), score, share);
    this.size++;
  }

  /** Adds all rows of `other`, which stays as it is; both have the same limits. */
  merge(other: RankedScores): void {
    const { size, scores, shares, counted } = other;
    if (counted === null) {
      for (let i = 0; i < size; i++) this.add(scores[i]!, shares[i]!);
      return;
    }
    const groups = this.inCells();
    addInto(groups.positive, counted.positive);
    addInto(groups.negative, counted.negative);
    addInto(groups.noise, counted.noise);
    this.size += size;
  }

  /** The rows as groups; n·log n for the kept ones. */
  groups(): ScoreGroups {
    return this.counted ?? groupsOf(this.scores.subarray(0, this.size), this.shares.subarray(0, this.size));
  }

  private keep(score: number, share: number): void {
    if (this.size === this.scores.length) {
      const longer = Math.min(this.capacity, 2 * this.size);
      this.scores = grown(this.scores, longer);
      this.shares = grown(this.shares, longer);
    }
    this.scores[this.size] = score;
    this.shares[this.size] = share;
  }

  private count(groups: ScoreGroups, score: number, share: number): void {
    const cell = scoreCell(score, this.cells);
    groups.positive[cell]! += share;
    groups.negative[cell]! += 1 - share;
    groups.noise[cell]! += share * (1 - share);
  }

  private inCells(): ScoreGroups {
    if (this.counted !== null) return this.counted;
    const counted = emptyGroups(this.cells.count, null);
    for (let i = 0; i < this.size; i++) this.count(counted, this.scores[i]!, this.shares[i]!);
    this.counted = counted;
    this.scores = new Float64Array(0);
    this.shares = new Float64Array(0);
    return counted;
  }
}

function grown(values: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const longer = new Float64Array(length);
  longer.set(values);
  return longer;
}

function addInto(target: Float64Array, source: Float64Array): void {
  for (let i = 0; i < source.length; i++) target[i]! += source[i]!;
}

function emptyGroups(count: number, rows: RankedRows | null): ScoreGroups {
  return {
    positive: new Float64Array(count),
    negative: new Float64Array(count),
    noise: new Float64Array(count),
    rows,
  };
}

function groupsOf(scores: Float64Array, shares: Float64Array): ScoreGroups {
  const order = sortedOrder(scores);
  const groupOfRow = new Uint32Array(scores.length);
  const groupCount = numberGroups(scores, order, groupOfRow);
  const groups = emptyGroups(groupCount, { groups: groupOfRow, shares });
  for (let i = 0; i < scores.length; i++) {
    const group = groupOfRow[i]!;
    const share = shares[i]!;
    groups.positive[group]! += share;
    groups.negative[group]! += 1 - share;
    groups.noise[group]! += share * (1 - share);
  }
  return groups;
}

/** Numbers the distinct scores from 0, and returns how many there are. */
function numberGroups(scores: Float64Array, order: Uint32Array, groupOfRow: Uint32Array): number {
  let group = 0;
  for (let k = 0; k < order.length; k++) {
    if (k > 0 && scores[order[k]!]! > scores[order[k - 1]!]!) group++;
    groupOfRow[order[k]!] = group;
  }
  return order.length === 0 ? 0 : group + 1;
}
