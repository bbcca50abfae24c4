import { refusalsByReason, type WindowCounts } from '#ingest';
import type { Model } from '#registry';
import type { SignalSample } from '#signals';

/**
 * The signals of one window of one version, at its end.
 *
 * `ingest_rows`: rows that arrived and could be counted. `counted_row_ratio`: the share of these that sampling counts. `rejected_row_ratio`: refused
 * rows among all that arrived; `rejected_reason_ratio` the same for each reason, 0 where there was none.
 * `unreadable_payloads`: payloads of which no row could be told, such as a V2 body whose shapes lie: a logger reads no answer.
 * `unexpected_column_ratio`: rows that brought columns the schema does not know. `duplicate_row_ratio`: rows of payloads that were
 * counted before. `unpaired_half_ratio`: how many more requests than responses came, or the reverse, in windows that have both or either. A ratio of nothing is missing.
 */
export function ingestSamples(model: Model, window: WindowCounts): SignalSample[] {
  const { version, start, rowCount, receivedCount, rejectedCount, tallies } = window;
  const offered = receivedCount + rejectedCount;
  const tally = (reason: string): number => tallies[reason] ?? 0;
  const duplicates = tally('duplicate');
  const halves = [tally('request-half'), tally('response-half')] as const;
  const sample = (name: string, value: number | null, labels: Record<string, string> = {}): SignalSample => ({
    name,
    model: model.name,
    labels: { version, ...labels },
    source: 'ingest',
    unit: UNITS[name] ?? 'ratio',
    at: start + model.grainMs,
    value,
  });
  return [
    sample('ingest_rows', receivedCount),
    sample('counted_row_ratio', ratio(rowCount, receivedCount)),
    sample('rejected_row_ratio', ratio(rejectedCount, offered)),
    ...refusalsByReason(tallies).map(([reason, count]) =>
      sample('rejected_reason_ratio', ratio(count, offered), { reason }),
    ),
    sample('unexpected_column_ratio', ratio(tally('unexpected-column'), receivedCount)),
    sample('unreadable_payloads', tally('unreadable-payload')),
    sample('duplicate_row_ratio', ratio(duplicates, offered + duplicates)),
    ...(halves[0] + halves[1] > 0
      ? [sample('unpaired_half_ratio', ratio(Math.abs(halves[0] - halves[1]), Math.max(...halves)))]
      : []),
  ];
}

const UNITS: Readonly<Record<string, string>> = { ingest_rows: 'rows', unreadable_payloads: 'payloads' };

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
