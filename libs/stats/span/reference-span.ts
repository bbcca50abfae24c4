/** What a span may be compared with besides the training baseline. */
export const REFERENCES = ['baseline', 'trailing-7-days', 'week-before'] as const;

/** What a span is compared with; the windows before it need no baseline of their own, only its grid. */
export type Reference = (typeof REFERENCES)[number];

/** Instants from `from` on and before `to`, in milliseconds since the epoch. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Seven days of 24 hours: windows are cut in UTC, which has no summer time. */
const WEEK_MS = 7 * 24 * 3_600_000;

/**
 * The span of windows that a span is compared with; null for the training baseline.
 *
 * `trailing-7-days` ends where the span begins, so they share no row; `week-before` is the same hours of the same weekdays,
 * which takes daily and weekly cycles out. Example: Tuesday 09:00–10:00 is compared with the Tuesday before, 09:00–10:00.
 */
export function referenceSpan(reference: Reference, { from, to }: Span): Span | null {
  switch (reference) {
    case 'baseline':
      return null;
    case 'trailing-7-days':
      return { from: from - WEEK_MS, to: from };
    case 'week-before':
      return { from: from - WEEK_MS, to: to - WEEK_MS };
  }
}
