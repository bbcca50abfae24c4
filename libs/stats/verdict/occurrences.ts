/** A count on each side, x of n in the baseline and y of m in the window, already divided by their design effects. */
export interface Occurrences {
  readonly x: number;
  readonly n: number;
  readonly y: number;
  readonly m: number;
}
