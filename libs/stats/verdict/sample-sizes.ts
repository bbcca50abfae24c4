/**
 * How many independent values a comparison has on each side: the counts, divided by the design effects where rows come
 * in clusters. `n` is the baseline's, `m` the window's; positive, not always whole.
 */
export interface SampleSizes {
  readonly n: number;
  readonly m: number;
}
