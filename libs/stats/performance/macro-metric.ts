import type { PairCount } from './class-pairs.js';
import { intervalWithin, normalFactor, SHARE } from './intervals.js';
import { metricOf, type MetricOptions, undefinedMetric } from './metric.js';
import type { ConfidenceInterval, MacroMetric, Metric } from './performance.js';

/**
 * The mean over the classes that have a value, with the interval of a mean of independent shares.
 *
 * Given how many rows each class has, recalls of classes are independent; so are precisions, given the predictions.
 * Source: Zou and Donner (2008), "Construction of confidence limits about effect measures", Stat. Med. 27.
 */
export function macroMetric(
  metrics: readonly Metric[],
  rowCount: number,
  { ifNone }: MetricOptions,
): MacroMetric {
  const defined = metrics.filter((metric) => metric.value !== null);
  if (defined.length === 0) return { ...undefinedMetric(ifNone, rowCount), classCount: 0 };
  const value = meanOf(defined.map((metric) => metric.value));
  return { ...metricOf(value, rowCount, moverInterval(defined, value)), classCount: defined.length };
}

type DefinedMetric = Metric & { readonly value: number };

/** mean ± √Σ(distance of each class's bound)²/K. */
function moverInterval(metrics: readonly DefinedMetric[], mean: number): ConfidenceInterval | null {
  let [below, above] = [0, 0];
  for (const { value, interval } of metrics) {
    below += (value - (interval?.lowerBound ?? 0)) ** 2;
    above += ((interval?.upperBound ?? 1) - value) ** 2;
  }
  const k = metrics.length;
  return intervalWithin(SHARE, 'mover', [mean - Math.sqrt(below) / k, mean + Math.sqrt(above) / k]);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** F1 of a class, and the rows that are of it plus the rows that were predicted to be. */
interface ClassF1 {
  readonly f1: Metric;
  readonly truthCount: number;
  readonly predictedCount: number;
}

/**
 * The mean of the classes' F1, with the wider of two intervals at each end: `macroMetric`'s, which holds where every row is right
 * but takes F1 of classes for independent, and the multinomial delta method's, which knows that a wrong row lowers two of them.
 *
 * Source: Takahashi, Yamamoto, Kuchiba and Koyama (2022), "Confidence interval for micro-averaged F1 and macro-averaged F1 scores",
 * Appl. Intell. 52.
 */
export function macroF1(
  classes: readonly ClassF1[],
  pairs: readonly PairCount[],
  options: MetricOptions,
): MacroMetric {
  const rowCount = pairs.reduce((sum, { count }) => sum + count, 0);
  const metric = macroMetric(
    classes.map(({ f1 }) => f1),
    rowCount,
    options,
  );
  if (metric.value === null || metric.interval === null) return metric;
  const half =
    normalFactor(options.confidence) * Math.sqrt(macroF1Variance(classes, pairs, metric.classCount));
  const { lowerBound, upperBound } = metric.interval;
  const ends: [number, number] = [
    Math.min(lowerBound, metric.value - half),
    Math.max(upperBound, metric.value + half),
  ];
  return { ...metric, interval: intervalWithin(SHARE, 'macro-f1', ends) };
}

/** With d rows of truth and of prediction, a right row moves a class's F1 by (2 − 2·F1)/d, and a wrong one two classes' by −F1/d. */
function macroF1Variance(
  classes: readonly ClassF1[],
  pairs: readonly PairCount[],
  classCount: number,
): number {
  let variance = 0;
  for (const { truth, predicted, count } of pairs) {
    let influence = truth !== null && truth === predicted ? 2 / sizeOf(classes[truth]) : 0;
    for (const place of [truth, predicted]) {
      if (place !== null) influence -= (classes[place]?.f1.value ?? 0) / sizeOf(classes[place]);
    }
    variance += count * influence * influence;
  }
  return variance / classCount ** 2;
}

function sizeOf(counts: ClassF1 | undefined): number {
  return (counts?.truthCount ?? 0) + (counts?.predictedCount ?? 0);
}
