/**
 * How many times larger the variance of a column's shares is than for independent rows; each at least 1.
 *
 * 20 requests of one user tell hardly more than one: with all 20 alike the design effect is 20, and a span of 10,000 rows
 * counts as 500. Example: `{ values: 4, missing: 1, invalid: 1, unseen: 1 }` makes 1,000 values count as 250.
 */
export interface ColumnDesignEffects {
  readonly values: number;
  readonly missing: number;
  readonly invalid: number;
  readonly unseen: number;
}

/** Design effects by column name. */
export type DesignEffects = ReadonlyMap<string, ColumnDesignEffects>;

/** The design effects of independent rows. */
export const INDEPENDENT_ROWS: ColumnDesignEffects = { values: 1, missing: 1, invalid: 1, unseen: 1 };

/** Windows with rows from which on the variance between them says something: at five its own relative error is 0.7. */
const MIN_WINDOWS = 5;

/** The sums over successive windows from which the variance of shares of the same rows follows. */
export class ShareVariance {
  #windows = 0;
  #rows = 0;
  #lastRows = 0;
  /** Σ(Δm)², of the differences between each window and the one before it. */
  #rowSteps = 0;
  readonly #counts: Float64Array;
  readonly #last: Float64Array;
  /** Σ(Δc)² and ΣΔcΔm. */
  readonly #steps: Float64Array;
  readonly #products: Float64Array;

  /** @param shareCount how many shares of the same rows are followed */
  constructor(shareCount: number) {
    this.#counts = new Float64Array(shareCount);
    this.#last = new Float64Array(shareCount);
    this.#steps = new Float64Array(shareCount);
    this.#products = new Float64Array(shareCount);
  }

  /** Adds the next window, of `rows` rows; windows without rows say nothing and are left out. */
  add(rows: number, counts: ArrayLike<number>): void {
    if (!(rows > 0)) return;
    const rowStep = rows - this.#lastRows;
    const isFirst = this.#windows === 0;
    for (let i = 0; i < this.#counts.length; i++) {
      const count = counts[i]!;
      const step = count - this.#last[i]!;
      this.#counts[i]! += count;
      this.#last[i] = count;
      if (isFirst) continue;
      this.#steps[i]! += step * step;
      this.#products[i]! += step * rowStep;
    }
    if (!isFirst) this.#rowSteps += rowStep * rowStep;
    this.#windows++;
    this.#rows += rows;
    this.#lastRows = rows;
  }

  /**
   * The design effect over all shares, at least 1; 1 with fewer than five windows or without any variance.
   *
   * With the residuals r_w = c_w − q·m_w of a share q = Σc/m, the variance of q is W/(W−1)·Σ(r_w − r_{w−1})²/2m², against
   * q(1−q)/m for independent rows; the effect is the quotient of both sums over the shares, so those near ½ weigh most.
   * Differences of neighbours, and not from the mean, because the hours of a day differ in a way that comes back every day:
   * a daily cycle adds a thirtieth of what it would add to the variance around the mean. Its relative error is about
   * √(3/W). Windows should be longer than a cluster lasts, or its rows are taken for several.
   * Source: Kish (1965), "Survey sampling", 8.2; Wolter (2007), "Introduction to variance estimation", 8.2, estimator v₂.
   */
  designEffect(): number {
    const windows = this.#windows;
    if (windows < MIN_WINDOWS) return 1;
    let between = 0;
    let independent = 0;
    for (let i = 0; i < this.#counts.length; i++) {
      const q = this.#counts[i]! / this.#rows;
      between += Math.max(0, this.#steps[i]! - 2 * q * this.#products[i]! + q * q * this.#rowSteps);
      independent += q * (1 - q);
    }
    const effect = (windows / (windows - 1)) * (between / (2 * independent * this.#rows));
    return effect > 1 && Number.isFinite(effect) ? effect : 1;
  }
}
