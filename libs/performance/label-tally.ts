import type { LabelDelay } from './performance-result.js';

/** Counts the captured rows of one window and segment, by what is known of them. */
export class LabelTally {
  predictedCount = 0;
  unpredictedCount = 0;
  labelledCount = 0;
  private readonly delaysMs: number[] = [];

  /** A row with a prediction; its delay where it has ground truth that came on its own, in milliseconds. */
  addPredicted(isLabelled: boolean, delayMs: number | null): void {
    this.predictedCount += 1;
    if (isLabelled) this.labelledCount += 1;
    if (delayMs !== null) this.delaysMs.push(delayMs);
  }

  addUnpredicted(): void {
    this.unpredictedCount += 1;
  }

  get labelledShare(): number | null {
    return this.predictedCount === 0 ? null : this.labelledCount / this.predictedCount;
  }

  /** Null where no ground truth came on its own: what is captured with its row has no delay. */
  delay(): LabelDelay | null {
    const sorted = Float64Array.from(this.delaysMs).sort();
    const median = sorted[Math.floor((sorted.length - 1) / 2)];
    const maximum = sorted.at(-1);
    if (median === undefined || maximum === undefined) return null;
    return { medianSeconds: median / 1_000, maximumSeconds: maximum / 1_000 };
  }
}
