import type { Instant } from '#platform';

/** A signal is stale when it missed this many of its own samples. Fewer makes a late one a gap, more hides that nobody writes. */
const MISSED_SAMPLES = 3;
/** Not before this, however often it is written; the look-back of PromQL. */
const MIN_STALE_AFTER_MS = 300_000;
/** As long as a signal has one sample only, nobody knows how often it comes. Long enough for monitors that look once an hour. */
const UNKNOWN_STALE_AFTER_MS = 7_200_000;

/**
 * How old the newest sample of a signal may be until its value is not known any more: three times the spacing of its samples, and five
 * minutes at least; two hours for a signal that has a single sample.
 */
export function staleAfterMs(spacingMs: number | null): number {
  if (spacingMs === null) return UNKNOWN_STALE_AFTER_MS;
  return Math.max(MISSED_SAMPLES * spacingMs, MIN_STALE_AFTER_MS);
}

/** Whether the newest sample of a signal is too old to tell its value. */
export function isStale(lastAt: Instant, spacingMs: number | null, now: Instant): boolean {
  return now - lastAt > staleAfterMs(spacingMs);
}
