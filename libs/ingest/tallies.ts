import { REJECTION_REASONS } from '#payloads';

/**
 * What a window counts beside its rows, by reason: refused rows (also by `reason/column`), and the reasons below.
 *
 * Tallies are sums: those of two deltas add up.
 */
export type Tallies = Readonly<Record<string, number>>;

/** Reasons that are no refusals. */
export const TALLY_REASONS = [
  'unexpected-column',
  'duplicate',
  'request-half',
  'response-half',
  'request-sampled-out',
  'response-sampled-out',
  'unreadable-payload',
] as const;
export type TallyReason = (typeof TALLY_REASONS)[number];

/** How many rows were refused. */
export function rejectedCountOf(tallies: Tallies): number {
  return refusalsByReason(tallies).reduce((sum, [, count]) => sum + count, 0);
}

/** How many rows were refused for each reason, 0 where none was. */
export function refusalsByReason(tallies: Tallies): (readonly [reason: string, count: number])[] {
  return REJECTION_REASONS.map((reason) => [reason, tallies[reason] ?? 0]);
}

/** The refused rows by the reasons that there were. */
export function rejectionsOf(tallies: Tallies): Record<string, number> {
  return Object.fromEntries(refusalsByReason(tallies).filter(([, count]) => count > 0));
}

/**
 * How many inferences rows stand for: whole rows and requests, and responses beyond these, as of a logger that sends responses
 * only.
 */
export function inferenceCountOf(rowCount: number, tallies: Tallies): number {
  return rowCount + Math.max(0, countOf(tallies, 'response-half') - countOf(tallies, 'request-half'));
}

/** The same for rows that arrived, with those that sampling left out. */
export function receivedInferenceCountOf(receivedCount: number, tallies: Tallies): number {
  const requests = countOf(tallies, 'request-half') + countOf(tallies, 'request-sampled-out');
  const responses = countOf(tallies, 'response-half') + countOf(tallies, 'response-sampled-out');
  return receivedCount + Math.max(0, responses - requests);
}

function countOf(tallies: Tallies, reason: TallyReason): number {
  return tallies[reason] ?? 0;
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
