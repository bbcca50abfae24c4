import { meanInterval, type MetricRange } from './intervals.js';
import { isUsableScore, LossSums, logLossOf } from './loss-sums.js';
import { metricOf, type MetricOptions } from './metric.js';
import type { Metric } from './performance.js';

/**
 * A loss of each row, and what the row's scores said that it would be.
 *
 * A good classifier's loss is small in nearly all rows and large in few: fifty rows may hold none of those, and their spread then
 * promises far too much. So the variance of the mean is the larger of the one seen and the one that the scores imply.
 */
class ScoredLoss {
  private readonly seen = new LossSums();
  private readonly expected = new LossSums();
  /** Σ of the variances that the scores give the rows' losses. */
  private noise = 0;

  add(rows: LossRows): void {
    this.seen.add(rows.seen, rows.count);
    this.expected.add(rows.expected, rows.count);
    this.noise += rows.noise;
  }

  merge(other: ScoredLoss): void {
    this.seen.merge(other.seen);
    this.expected.merge(other.expected);
    this.noise += other.noise;
  }

  metric(range: MetricRange, options: MetricOptions): Metric {
    const { moments } = this.seen;
    const metric = this.seen.metric(range, options);
    const m2 = Math.max(moments.m2, this.expected.moments.m2 + this.noise);
    if (metric.value === null || m2 === moments.m2) return metric;
    return metricOf(
      metric.value,
      metric.rowCount,
      meanInterval({ ...moments, m2 }, range, options.confidence),
    );
  }
}

/** One loss of the rows of a batch. */
interface LossRows {
  readonly seen: Float64Array;
  readonly expected: Float64Array;
  noise: number;
  count: number;
}

/** Log loss and Brier score of rows with a usable score. */
export interface ScoreLosses {
  readonly log: ScoredLoss;
  readonly brier: ScoredLoss;
}

export function noScoreLosses(): ScoreLosses {
  return { log: new ScoredLoss(), brier: new ScoredLoss() };
}

export function mergeScoreLosses(target: ScoreLosses, source: ScoreLosses): void {
  target.log.merge(source.log);
  target.brier.merge(source.brier);
}

/** The losses of one batch, row by row. */
export class LossBatch {
  private readonly log: LossRows;
  private readonly brier: LossRows;

  constructor(maxRows: number) {
    const rows = (): LossRows => ({
      seen: new Float64Array(maxRows),
      expected: new Float64Array(maxRows),
      noise: 0,
      count: 0,
    });
    this.log = rows();
    this.brier = rows();
  }

  /** A row with the probability of the positive class. */
  addBinary(score: number, truth: 0 | 1): void {
    const [ofNegative, ofPositive] = [logLossOf(1 - score), logLossOf(score)];
    const noise = score * (1 - score);
    addRow(this.log, {
      seen: truth === 1 ? ofPositive : ofNegative,
      expected: score * ofPositive + (1 - score) * ofNegative,
      noise: noise * (ofPositive - ofNegative) ** 2,
    });
    addRow(this.brier, { seen: (score - truth) ** 2, expected: noise, noise: noise * (1 - 2 * score) ** 2 });
  }

  /** A row with a score for each class; the column of the truth is −1 where it has none. */
  addMultiClass(row: Float64Array, truthColumn: number): void {
    const sums = { score: 0, squares: 0, log: 0, logSquares: 0, cubes: 0 };
    for (const score of row) {
      const loss = logLossOf(score);
      sums.score += score;
      sums.squares += score * score;
      sums.cubes += score * score * score;
      sums.log += score * loss;
      sums.logSquares += score * loss * loss;
    }
    const total = Math.max(sums.score, Number.MIN_VALUE);
    const [meanLog, meanScore] = [sums.log / total, sums.squares / total];
    addRow(this.log, {
      seen: logLossOf(row[truthColumn] ?? 0),
      expected: meanLog,
      noise: sums.logSquares / total - meanLog ** 2,
    });
    addRow(this.brier, {
      seen: sums.squares + 1 - 2 * (row[truthColumn] ?? 0),
      expected: sums.squares + 1 - 2 * meanScore,
      noise: 4 * (sums.cubes / total - meanScore ** 2),
    });
  }

  addTo({ log, brier }: ScoreLosses): void {
    log.add(this.log);
    brier.add(this.brier);
  }
}

function addRow(
  rows: LossRows,
  { seen, expected, noise }: { readonly seen: number; readonly expected: number; readonly noise: number },
): void {
  rows.seen[rows.count] = seen;
  rows.expected[rows.count++] = expected;
  rows.noise += Math.max(0, noise);
}

/** Reads row i into `row`; the column of its highest score, the first of equal ones, or null without a usable score. */
export function readScores(scores: readonly Float64Array[], i: number, row: Float64Array): number | null {
  let best: number | null = null;
  for (let k = 0; k < scores.length; k++) {
    const score = scores[k]![i]!;
    if (!isUsableScore(score)) return null;
    row[k] = score;
    if (best === null || score > row[best]!) best = k;
  }
  return best;
}
