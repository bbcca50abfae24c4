import { WHOLE } from '#registry';
import type { SignalSample } from '#signals';
import type { Metric } from '#stats';
import type { PerformanceResult } from './performance-result.js';

/** A metric as a signal: its name behind `performance_` or `estimated_`, and its unit. Errors are in the unit of what is predicted. */
const METRICS = {
  accuracy: ['accuracy', 'ratio'],
  precision: ['precision', 'ratio'],
  recall: ['recall', 'ratio'],
  f1: ['f1', 'ratio'],
  rocAuc: ['roc_auc', 'ratio'],
  logLoss: ['log_loss_nats', 'nats'],
  brierScore: ['brier_score', 'ratio'],
  expectedCalibrationError: ['expected_calibration_error', 'ratio'],
  meanAbsoluteError: ['mean_absolute_error', 'target'],
  rootMeanSquaredError: ['root_mean_squared_error', 'target'],
  meanAbsolutePercentageError: ['mean_absolute_percentage_error', 'ratio'],
  rSquared: ['r_squared', 'ratio'],
  bias: ['bias', 'target'],
} as const;

/**
 * The signals of one result, at the end of its window.
 *
 * `labelled_row_count`, `labelled_row_ratio` and `label_delay_seconds` (the median) of every window. `performance_<metric>`, once it is
 * judged; none of a window whose deadline passed without ground truth: unknown is not fine, and a rule finds its signal stale. `estimated_<metric>` where
 * there is an estimate. Of all rows together also the ends of each interval, as `<signal>_lower` and `<signal>_upper`.
 */
export function performanceSignals(result: PerformanceResult): SignalSample[] {
  const at = Date.parse(result.to);
  const sample = (name: string, unit: string, value: number | null): SignalSample => ({
    name,
    model: result.model,
    labels: { version: result.version, segment: result.segment },
    unit,
    source: 'performance',
    at,
    value,
  });
  const ofMetrics = (prefix: string, metrics: object): SignalSample[] =>
    Object.entries(METRICS).flatMap(([key, [name, unit]]) => {
      const metric = (metrics as Readonly<Record<string, Metric | undefined>>)[key];
      if (metric === undefined) return [];
      const value = sample(`${prefix}_${name}`, unit, metric.value);
      // Segments have the values alone: with their bounds, a hundred of them would be more signals than a model may have.
      if (result.segment !== WHOLE) return [value];
      const { interval } = metric;
      return [
        value,
        sample(`${prefix}_${name}_lower`, unit, interval?.lowerBound ?? null),
        sample(`${prefix}_${name}_upper`, unit, interval?.upperBound ?? null),
      ];
    });
  return [
    sample('labelled_row_count', 'rows', result.labelledCount),
    sample('labelled_row_ratio', 'ratio', result.labelledShare),
    sample('label_delay_seconds', 'seconds', result.delay?.medianSeconds ?? null),
    ...(result.status === 'judged' && result.performance !== null
      ? ofMetrics('performance', result.performance)
      : []),
    ...(result.estimate === null ? [] : ofMetrics('estimated', result.estimate)),
  ];
}
