import type { NewestSignal } from './newest-signals.js';
import type { Series } from './state-gauge.js';

/** A metric that shows signals. */
export interface SignalGauge {
  readonly name: string;
  readonly help: string;
  /** The series that a signal gives; null where it gives none. */
  readonly seriesOf: (signal: NewestSignal) => Series | null;
}

/** Signals that have a metric of their own, by their name. */
const OWN: Readonly<Record<string, readonly [metric: string, help: string]>> = {
  drift_psi_nats: [
    'drift_psi_nats',
    'Population stability index of the newest span against what it is compared with, in nats.',
  ],
  drift_ks: [
    'drift_ks',
    'Kolmogorov-Smirnov distance of the newest span against what it is compared with, 0 to 1.',
  ],
  drift_verdict: [
    'drift_verdict',
    'Verdict of a column: 0 ok, 1 warning, 2 drifted; absent when there is too little data.',
  ],
  missing_share: ['drift_missing_ratio', 'Rows of the newest span without a value in the column.'],
  unseen_share: [
    'drift_unseen_ratio',
    'Values of the newest span that the baseline has not: new categories or words.',
  ],
  out_of_range_share: [
    'drift_out_of_range_ratio',
    'Values of the newest span below the least or above the greatest of the baseline.',
  ],
  invalid_share: ['drift_invalid_ratio', 'Values of the newest span that are not of the type of the column.'],
  model_drift_verdict: [
    'model_drift_verdict',
    'Verdict of a model: 0 ok, 1 warning, 2 drifted; absent when there is too little data.',
  ],
  model_drifted_share: [
    'model_drifted_ratio',
    'Features of a model that drifted, weighted by their importances.',
  ],
  ingest_rows: ['window_rows', 'Rows that arrived for the newest window of a version.'],
  counted_row_ratio: ['window_counted_ratio', 'Rows of the newest window that sampling counts.'],
  rejected_row_ratio: ['window_rejected_ratio', 'Rows of the newest window that were refused.'],
  rejected_reason_ratio: [
    'window_rejected_reason_ratio',
    'Rows of the newest window that were refused, by reason.',
  ],
  unexpected_column_ratio: [
    'window_unexpected_column_ratio',
    'Rows of the newest window with columns that the schema does not know.',
  ],
  unreadable_payloads: [
    'window_unreadable_payloads',
    'Payloads of the newest window of which no row could be read.',
  ],
  duplicate_row_ratio: [
    'window_duplicate_ratio',
    'Rows of payloads that were counted before, of all of the newest window.',
  ],
  unpaired_half_ratio: [
    'window_unpaired_half_ratio',
    'How many more requests than responses came in the newest window, or the reverse.',
  ],
  labelled_row_count: [
    'performance_labelled_rows',
    'Captured predictions of the newest window with ground truth.',
  ],
  labelled_row_ratio: [
    'performance_labelled_ratio',
    'Captured predictions of the newest window with ground truth, of all.',
  ],
  label_delay_seconds: [
    'performance_label_delay_seconds',
    'Median time from a prediction to its ground truth.',
  ],
};

const PERFORMANCE = /^(performance|estimated)_(.+?)(?:_(lower|upper))?$/;
/** Without what tells one signal from another: prefix, metric, bound. */
const PERFORMANCE_HELP: Readonly<Record<string, string>> = {
  performance_value:
    'Performance of the newest window that was judged with ground truth; the label unit says in what.',
  performance_lower: 'Lower end of the 95% interval of leeway_performance_value.',
  performance_upper: 'Upper end of the 95% interval of leeway_performance_value.',
  performance_estimated_value:
    'Performance of the newest window as it is estimated without ground truth; the label unit says in what.',
  performance_estimated_lower: 'Lower end of the 95% interval of leeway_performance_estimated_value.',
  performance_estimated_upper: 'Upper end of the 95% interval of leeway_performance_estimated_value.',
};

/** Every metric that shows signals of Leeway's own; a model's verdict is also shown by whether there is one. */
export const SIGNAL_GAUGES: readonly SignalGauge[] = [
  ...Object.entries(OWN).map(([signal, [metric, help]]) => ({
    name: `leeway_${metric}`,
    help,
    seriesOf: (newest: NewestSignal) =>
      newest.name === signal ? known(labelsOf(newest), newest.value) : null,
  })),
  {
    name: 'leeway_model_drift_insufficient',
    help: '1 when there is too little data for a verdict of the model, else 0.',
    seriesOf: (newest) =>
      newest.name === 'model_drift_verdict'
        ? { labels: labelsOf(newest), value: newest.value === null ? 1 : 0 }
        : null,
  },
  ...Object.entries(PERFORMANCE_HELP).map(([metric, help]) => ({
    name: `leeway_${metric}`,
    help,
    seriesOf: (newest: NewestSignal) =>
      performanceMetric(newest) === metric ? performanceSeries(newest) : null,
  })),
];

function performanceMetric({ source, name }: NewestSignal): string | null {
  const [, prefix, , bound = 'value'] = (source === 'performance' && PERFORMANCE.exec(name)) || [];
  if (prefix === undefined) return null;
  return `performance_${prefix === 'estimated' ? 'estimated_' : ''}${bound}`;
}

function performanceSeries(newest: NewestSignal): Series | null {
  const metric = PERFORMANCE.exec(newest.name)?.[2] ?? '';
  return known({ ...labelsOf(newest), metric, unit: newest.unit }, newest.value);
}

/** A segment that is all rows is no label, except of performance, where it stands beside others. */
function labelsOf({ model, labels, source }: NewestSignal): Series['labels'] {
  const { segment, ...rest } = labels;
  const isShown = segment !== undefined && (source === 'performance' || segment !== 'all');
  return { model, ...rest, ...(isShown ? { segment } : {}) };
}

function known(labels: Series['labels'], value: number | null): Series | null {
  return value === null ? null : { labels, value };
}

/** The series of one metric; of two with the same labels, which a page must not have, the first. */
export function seriesOf({ seriesOf: read }: SignalGauge, signals: readonly NewestSignal[]): Series[] {
  const series = new Map<string, Series>();
  for (const signal of signals) {
    const one = read(signal);
    if (one === null) continue;
    const key = JSON.stringify(Object.entries(one.labels).sort(([a], [b]) => (a < b ? -1 : 1)));
    if (!series.has(key)) series.set(key, one);
  }
  return [...series.values()];
}
