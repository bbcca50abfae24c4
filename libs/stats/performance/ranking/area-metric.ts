import { type MetricOptions, metricOf, undefinedMetric } from '../metric.js';
import type { RankedMetric } from '../performance.js';
import type { ScoreGroups } from './ranked-scores.js';
import { areaInterval, deLongVariance, rocArea } from './roc-area.js';

/** The area under the ROC curve of rows with their truth, with DeLong's interval, or why there is none. */
export function areaMetric(
  groups: ScoreGroups,
  rowCount: number,
  { confidence, ifNone }: MetricOptions,
): RankedMetric {
  const roc = rocArea(groups);
  if (roc === null) {
    return { ...undefinedMetric(rowCount === 0 ? ifNone : 'one-class', rowCount), maxError: 0 };
  }
  const interval = areaInterval(roc, deLongVariance(roc, groups), confidence);
  return { ...metricOf(roc.area, rowCount, interval), maxError: roc.maxError };
}
