/** Halvings towards 0, and towards 1, that have cells of their own: scores below 2^-33 share the first cell. */
const HALVINGS = 32;
/** Of 2^10 cells a halving: 2^16 in all. */
const FULL_BITS = 10;
/** Fewer would lump scores that differ by a factor of 1.1. */
const LEAST_BITS = 3;
/** Cells of all score columns together, at most; 24 bytes each. */
const MAX_CELLS = 2 ** 20;
const EXPONENT_BIAS = 1023;
const HIGH_WORD_FRACTION_BITS = 20;

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);

/**
 * Cells of 0 to 1 that are fine where scores are near 0 or near 1: each halving of the score, or of 1 − score, has as many.
 *
 * A cell spans less than 0.1% of the odds with 2^16 cells, so that rare events with scores of 1e-6 are told apart. Increasing:
 * a larger score is never in a lower cell. `bits` falls with the number of columns, so that memory is at most 24 MB.
 */
export interface ScoreCells {
  readonly bits: number;
  readonly count: number;
}

export function scoreCells(columnCount: number): ScoreCells {
  const fitting = Math.floor(Math.log2(MAX_CELLS / Math.max(1, columnCount) / (2 * HALVINGS)));
  const bits = Math.min(FULL_BITS, Math.max(LEAST_BITS, fitting));
  return { bits, count: 2 * HALVINGS * 2 ** bits };
}

/** The cell of a score within 0 to 1. */
export function scoreCell(score: number, { bits, count }: ScoreCells): number {
  return score < 0.5 ? cellBelowHalf(score, bits, count) : count - 1 - cellBelowHalf(1 - score, bits, count);
}

/** The leading bits of the double itself, exponent and fraction, are a number that increases with it. */
function cellBelowHalf(score: number, bits: number, count: number): number {
  // −0 has the sign bit, and would be the largest.
  double[0] = score + 0;
  const leading = words[1]! >>> (HIGH_WORD_FRACTION_BITS - bits);
  const first = (EXPONENT_BIAS - HALVINGS - 1) << bits;
  return Math.min(count / 2 - 1, Math.max(0, leading - first));
}
