import type { Instant } from '#platform';

export type Labels = Readonly<Record<string, string>>;

/** One number of one signal. null is "could not be measured", which is not 0 and not fine. */
export interface SignalSample {
  readonly name: string;
  readonly model: string;
  readonly labels: Labels;
  /** Base unit: `seconds`, `ratio`, `nats`, `rows`, `verdict`, … */
  readonly unit: string;
  /** What wrote it: `drift`, `ingest`, or `collector:<name>`. */
  readonly source: string;
  readonly at: Instant;
  readonly value: number | null;
  /** The true value is this or more, as of a quantile beyond the highest finite bucket. */
  readonly isAtLeast?: boolean | undefined;
}

/** One sample as rules and readers see it. */
export interface TailSample {
  readonly at: Instant;
  readonly value: number | null;
  /** True where the true value is this or more; left out where it is not. */
  readonly isAtLeast?: true;
}

/** A signal and its newest samples, newest first. */
export interface SignalTail {
  readonly name: string;
  readonly model: string;
  readonly labels: Labels;
  readonly samples: readonly TailSample[];
}

export const MATCHER_OPERATORS = ['=', '!=', '=~', '!~'] as const;
export type MatcherOperator = (typeof MATCHER_OPERATORS)[number];

/** A condition on one label, as in Prometheus: a label that is not there has the empty value. */
export interface LabelMatcher {
  readonly label: string;
  readonly op: MatcherOperator;
  readonly value: string;
}

/** What a rule or a reader asks for. */
export interface SignalSelector {
  readonly name: string;
  readonly model: string | null;
  /** Equal labels, all of them. */
  readonly matchers: Labels;
  /** Further conditions on labels; rules have none. */
  readonly conditions?: readonly LabelMatcher[];
}

/** Instants of a history: `from`, `from + stepMs`, … up to `to`, both ends included. */
export interface HistorySpan {
  readonly from: Instant;
  readonly to: Instant;
  readonly stepMs: number;
}

/** A stable text of a label set: names sorted, so that equal sets are equal texts. */
export function labelsKey(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}
