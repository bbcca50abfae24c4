import type { Instant } from '#platform';
import type { SignalSample } from '#signals';
import type { ColumnDrift, Verdict } from '#stats';
import type { DriftResult } from './drift-result.js';

/** Verdicts as numbers, for rules. `insufficient` is no number: a rule sees it as missing, not as fine. */
const VERDICT_VALUES: Readonly<Record<Verdict, number | null>> = {
  ok: 0,
  warning: 1,
  drifted: 2,
  insufficient: null,
};

/** The shares of values that do not fit the baseline, for each kind of column. */
const QUALITY_SHARES = {
  numeric: [['out_of_range_share', 'outOfRangeShare']],
  categorical: [['unseen_share', 'unseenShare']],
  text: [['unseen_share', 'unseenShare']],
} as const;

export function verdictValue(verdict: Verdict): number | null {
  return VERDICT_VALUES[verdict];
}

/** A drift result as signals: per column and for the model. */
export function signalsOf(result: DriftResult, at: Instant): SignalSample[] {
  const labels = { version: result.version, monitor: result.monitor ?? '', segment: result.segment ?? 'all' };
  const sample = (
    name: string,
    unit: string,
    value: number | null,
    extra: Record<string, string> = {},
  ): SignalSample => ({
    name,
    model: result.model,
    labels: { ...labels, ...extra },
    unit,
    source: 'drift',
    at,
    value,
  });
  const ofColumn = (drift: ColumnDrift): SignalSample[] => {
    const column = { column: drift.column };
    return [
      sample('drift_psi_nats', 'nats', drift.psi, column),
      ...(drift.kind === 'numeric' ? [sample('drift_ks', 'ratio', drift.ks, column)] : []),
      sample('drift_verdict', 'verdict', verdictValue(drift.verdict), column),
      sample('missing_share', 'ratio', drift.windowCount > 0 ? drift.missingShare : null, column),
      sample('invalid_share', 'ratio', drift.windowCount > 0 ? drift.invalidShare : null, column),
      ...QUALITY_SHARES[drift.kind].map(([name, share]) =>
        sample(name, 'ratio', drift.windowCount > 0 ? drift[share] : null, column),
      ),
    ];
  };
  return [
    sample('model_drift_verdict', 'verdict', verdictValue(result.verdict)),
    sample('model_drifted_share', 'ratio', result.driftedShare),
    ...result.columns.flatMap(ofColumn),
  ];
}
