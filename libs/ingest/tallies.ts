import { REJECTION_REASONS } from '#payloads';

/**
 * What a window counts beside its rows, by reason: refused rows (also by `reason/column`), and the reasons below.
 *
 * Tallies are sums: those of two deltas add up.
 */
export type Tallies = Readonly<Record<string, number>>;

/** Reasons that are no refusals. */
export const TALLY_REASONS = ['unexpected-column', 'duplicate', 'request-half', 'response-half'] as const;
export type TallyReason = (typeof TALLY_REASONS)[number];

/** How many rows were refused. */
export function rejectedCountOf(tallies: Tallies): number {
  return REJECTION_REASONS.reduce((sum, reason) => sum + (tallies[reason] ?? 0), 0);
}

/** The refused rows by reason. */
export function rejectionsOf(tallies: Tallies): Record<string, number> {
  return Object.fromEntries(
    REJECTION_REASONS.flatMap((reason) => {
      const count = tallies[reason];
      return count === undefined ? [] : [[reason, count]];
    }),
  );
}

/** The sum of several. */
export function addCounts(parts: readonly Tallies[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const part of parts) addTo(sum, part);
  return sum;
}

export function addTo(sum: Record<string, number>, part: Tallies): void {
  for (const [key, count] of Object.entries(part)) sum[key] = (sum[key] ?? 0) + count;
}
