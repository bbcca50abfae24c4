/**
 * Shares of two groups over the same steps of time, the first as if it had been distributed over time as the second.
 *
 * Direct standardisation: the first group's share of a step counts by the second group's rows in it. Without it a canary that got most of
 * its traffic in a bad hour would be blamed for the hour. Steps in which a group has no rows are not compared.
 * Source: Fleiss, Levin and Paik (2003), "Statistical methods for rates and proportions", chapter 19.
 */
export class StandardizedShares {
  private readonly weighted: Float64Array;
  private readonly counted: Float64Array;
  private rows = 0;
  private squares = 0;

  /** @param size how many shares are kept, such as one for each edge */
  constructor(size: number) {
    this.weighted = new Float64Array(size);
    this.counted = new Float64Array(size);
  }

  /** Adds a step: how many of the `n` rows of the first group, and of the `m` of the second, count for each share. */
  add(first: ArrayLike<number>, n: number, second: ArrayLike<number>, m: number): void {
    if (!(n > 0) || !(m > 0)) return;
    for (let i = 0; i < this.weighted.length; i++) {
      this.weighted[i] = (this.weighted[i] ?? 0) + ((first[i] ?? 0) * m) / n;
      this.counted[i] = (this.counted[i] ?? 0) + (second[i] ?? 0);
    }
    this.rows += m;
    this.squares += (m * m) / n;
  }

  /** The share of the first group, 0 to 1; NaN without rows. */
  first(i: number): number {
    return Math.min(1, (this.weighted[i] ?? 0) / this.rows);
  }

  second(i: number): number {
    return Math.min(1, (this.counted[i] ?? 0) / this.rows);
  }

  /** Rows of the first group that would give a share as sure as the standardised one: fewer than there were where the weights differ. */
  get firstSize(): number {
    return this.squares > 0 ? (this.rows * this.rows) / this.squares : 0;
  }

  get secondSize(): number {
    return this.rows;
  }

  /** The counts [x, n, y, m] that `marginExcess` and `shareChange` take. */
  counts(i: number): readonly [number, number, number, number] {
    const [n, m] = [this.firstSize, this.secondSize];
    return [n > 0 ? this.first(i) * n : 0, n, m > 0 ? this.second(i) * m : 0, m];
  }
}
