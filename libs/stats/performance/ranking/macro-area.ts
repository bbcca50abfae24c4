import { metricOf, type MetricOptions, undefinedMetric } from '../metric.js';
import type { MacroMetric, RankedMetric } from '../performance.js';
import type { RankedRows, ScoreGroups } from './ranked-scores.js';
import { areaInterval, deLongVariance, influences, type RocArea, rocArea } from './roc-area.js';

interface ClassArea {
  readonly groups: ScoreGroups;
  readonly roc: RocArea;
}

/**
 * The mean of the areas of each class against the rest, over the classes that have one.
 *
 * Its variance takes the classes of one row together (DeLong's, of a linear contrast); where rows are counted in cells that is unknown,
 * and the standard error is the mean of the classes', which is never too small.
 */
export function macroArea(
  columns: readonly ScoreGroups[],
  rowCount: number,
  { confidence, ifNone }: MetricOptions,
): MacroMetric & RankedMetric {
  const areas = columns.flatMap((groups): ClassArea[] => {
    const roc = rocArea(groups);
    return roc === null ? [] : [{ groups, roc }];
  });
  const classCount = areas.length;
  if (classCount === 0) {
    const reason = rowCount === 0 ? ifNone : 'one-class';
    return { ...undefinedMetric(reason, rowCount), classCount, maxError: 0 };
  }
  const meanOf = (part: (area: ClassArea) => number): number =>
    areas.reduce((sum, area) => sum + part(area), 0) / classCount;
  const area = meanOf(({ roc }) => roc.area);
  const sizes = {
    area,
    positiveCount: meanOf(({ roc }) => roc.positiveCount),
    negativeCount: meanOf(({ roc }) => roc.negativeCount),
  };
  const variance = alignedVariance(areas, rowCount) ?? meanOf(standardErrorOf) ** 2;
  const interval = areaInterval(sizes, variance, confidence);
  return { ...metricOf(area, rowCount, interval), classCount, maxError: meanOf(({ roc }) => roc.maxError) };
}

function standardErrorOf({ roc, groups }: ClassArea): number {
  return Math.sqrt(deLongVariance(roc, groups));
}

/** Σ of the squares of what each row adds to the mean; null where rows are counted in cells. */
function alignedVariance(areas: readonly ClassArea[], rowCount: number): number | null {
  const deviations = new Float64Array(rowCount);
  for (const { groups, roc } of areas) {
    if (groups.rows === null) return null;
    addInfluences(deviations, groups.rows, roc);
  }
  let sum = 0;
  for (let i = 0; i < rowCount; i++) sum += deviations[i]! ** 2;
  return sum / areas.length ** 2;
}

/** With the small-sample factors √(p/(p − 1)) and √(n/(n − 1)), so that one class alone has DeLong's variance. */
function addInfluences(deviations: Float64Array, rows: RankedRows, roc: RocArea): void {
  const ofPositives = smallSampleFactor(roc.positiveCount);
  const ofNegatives = smallSampleFactor(roc.negativeCount);
  const { positive, negative } = influencesOfGroups(roc);
  for (let i = 0; i < deviations.length; i++) {
    const group = rows.groups[i]!;
    deviations[i]! += rows.shares[i] === 1 ? positive[group]! * ofPositives : negative[group]! * ofNegatives;
  }
}

function influencesOfGroups(roc: RocArea): { positive: Float64Array; negative: Float64Array } {
  const positive = new Float64Array(roc.below.length);
  const negative = new Float64Array(roc.below.length);
  for (let g = 0; g < positive.length; g++) {
    const { ofPositive, ofNegative } = influences(roc, g);
    positive[g] = ofPositive;
    negative[g] = ofNegative;
  }
  return { positive, negative };
}

function smallSampleFactor(count: number): number {
  return count > 1 ? Math.sqrt(count / (count - 1)) : 1;
}
