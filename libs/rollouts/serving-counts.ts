import type { Instant } from '#platform';

/** Calls that took at most `le` seconds: a cumulative classic bucket. */
export interface LatencyBucket {
  readonly le: number;
  readonly count: number;
}

/**
 * What a version's serving processes did in a span: counts, not rates; errors are part of the requests.
 *
 * `latency` has cumulative classic buckets in seconds, `le` rising, the last with le = Infinity; null where no histogram is read.
 * Example: 100 requests of which 97 took up to 0.5 s and all others longer: [{ le: 0.5, count: 97 }, { le: Infinity, count: 100 }].
 */
export interface ServingCounts {
  readonly requests: number;
  readonly clientErrors: number;
  readonly serverErrors: number;
  readonly latency: readonly LatencyBucket[] | null;
}

/** The counts of one step, which starts at `at`. */
export interface ServingStep {
  readonly at: Instant;
  readonly counts: ServingCounts;
}

/** Which steps are read: whole ones of `stepMs` that start in [from, to), aligned to the UTC clock. */
export interface StepRange {
  readonly from: Instant;
  readonly to: Instant;
  readonly stepMs: number;
}

/**
 * Where serving counts come from.
 *
 * Counts are wanted per step and not for the whole span, since the traffic share of a canary and the errors of both versions change
 * together: a sum over time would compare different hours. One range query with a step answers all of it.
 */
export interface ServingCountsReader {
  /** The steps of each version that has any, oldest first; a step that was not measured is left out, never 0. */
  read(
    model: string,
    versions: readonly string[],
    range: StepRange,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, readonly ServingStep[]>>;
}

/** What both versions did in one step; null where a version was not measured. */
export interface RolloutStep {
  readonly at: Instant;
  readonly stable: ServingCounts | null;
  readonly canary: ServingCounts | null;
}

/** Whether counts can be counted with: whole or not, but none negative, NaN or infinite, and no more errors than requests. */
export function areValid({ requests, clientErrors, serverErrors, latency }: ServingCounts): boolean {
  const counts = [requests, clientErrors, serverErrors, ...(latency ?? []).map(({ count }) => count)];
  if (!counts.every((count) => Number.isFinite(count) && count >= 0)) return false;
  if (clientErrors + serverErrors > requests) return false;
  return latency === null || latency.at(-1)?.le === Infinity;
}
