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
}

/** A signal and its newest samples, newest first. */
export interface SignalTail {
  readonly name: string;
  readonly model: string;
  readonly labels: Labels;
  readonly samples: readonly { readonly at: Instant; readonly value: number | null }[];
}

/** What a rule asks for: equal labels, all of them. */
export interface SignalSelector {
  readonly name: string;
  readonly model: string | null;
  readonly matchers: Labels;
}

/** A stable text of a label set: names sorted, so that equal sets are equal texts. */
export function labelsKey(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}
