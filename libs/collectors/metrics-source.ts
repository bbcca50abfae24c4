import { FAILURE_KINDS } from '#platform';
import type { CountedRound } from './lines/counted-lines.js';
import type { StepRange, StepsByVersion } from './serving-steps.js';

/** One number that a collector read or derived. */
export interface CollectedSample {
  readonly signal: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Base unit: `seconds`, `ratio`, `requests per second`, or what the operator wrote beside a query. */
  readonly unit: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** null is "could not be measured": NaN or an infinity, which are neither 0 nor fine. */
  readonly value: number | null;
  /** The true value is this or more: a quantile beyond the highest finite bucket. */
  readonly isAtLeast?: boolean;
}

/** Why something is missing from a collection; the same word is the metric label. */
export const PROBLEM_REASONS = [
  ...FAILURE_KINDS,
  'unreadable',
  'no-data',
  'not-a-number',
  'incomplete',
] as const;
export type ProblemReason = (typeof PROBLEM_REASONS)[number];

export interface Problem {
  readonly reason: ProblemReason;
  readonly detail: string;
}

/** A problem with the signals that it is of; none for what concerns all. */
export interface SignalProblem extends Problem {
  readonly signals: readonly string[];
}

/** Problems as a collection tells them: as lines, each with the signals that it is of, and by signal. */
export function told(problems: readonly SignalProblem[]): Pick<Collection, 'problems' | 'failures'> {
  const lines = problems.map(({ signals, detail }) =>
    signals.length === 0 ? detail : `${signals.join(', ')}: ${detail}`,
  );
  return {
    problems: [...new Set(lines)],
    failures: problems.flatMap(({ signals, detail }): SignalFailure[] =>
      signals.length === 0 ? [{ name: null, detail }] : signals.map((name) => ({ name, detail })),
    ),
  };
}

/** Why a signal has no value, or not the whole one. */
export interface SignalFailure {
  readonly name: string | null;
  readonly detail: string;
}

/** What one round gave: the samples, and for whatever is missing a line that says why. */
export interface Collection {
  readonly samples: CollectedSample[];
  readonly problems: string[];
  /** The same problems by the signal that they are of; null for what concerns all that the source reads. */
  readonly failures: readonly SignalFailure[];
  /** What happened since the round before, for each version; only from sources that nobody can ask later. */
  readonly counted?: readonly CountedRound[];
}

/** Where numbers come from: a Prometheus server, or the /metrics pages of the serving processes themselves. */
export interface MetricsSource {
  readonly name: string;
  /** One round. What cannot be read is a problem in the result; only a bug is thrown. */
  collect(at: number, signal: AbortSignal): Promise<Collection>;
  /** What is remembered elsewhere of a time that is over; a source that remembers nothing has none. */
  readonly past?: PastSource;
  /** The serving counts of versions in a time that is over. @throws Error that says why they cannot be read */
  readCounts?(versions: readonly string[], range: StepRange, signal: AbortSignal): Promise<StepsByVersion>;
}

/** A span of time and how far apart its samples are, in epoch milliseconds and milliseconds. Both ends are included. */
export interface PastSpan {
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
}

export interface PastSource {
  /** How far back the time is filled in during which nobody collected. */
  readonly backfillMs: number;
  /**
   * The samples of a span, oldest first, in pieces of bounded size; only those of one signal when it is named.
   * What cannot be read is a problem in its piece.
   */
  collectPast(span: PastSpan, signal: AbortSignal, onlySignal?: string): AsyncIterable<Collection>;
}
