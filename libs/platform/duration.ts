import { z } from 'zod';

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const DURATION = /^(?:\d+(?:ms|[smhdw]))+$/;

/** Ten years: nothing here is measured in, kept or waited for longer, and instants minus a duration stay instants. */
const MAX_DURATION_MS = 3_650 * 86_400_000;

/** A duration in Prometheus' notation: `250ms`, `30s`, `1h30m`, `7d`. Stays a string; `durationMs` reads it. */
export const durationSchema = z
  .string()
  .regex(DURATION, 'must be a duration such as 250ms, 30s, 5m, 1h30m or 7d')
  .refine(
    (text) => !DURATION.test(text) || durationMs(text) <= MAX_DURATION_MS,
    'must not be longer than 3650d',
  )
  .describe('Duration in Prometheus notation, for example 30s, 5m, 1h30m, 7d');

/** A duration that is longer than nothing. */
export const positiveDurationSchema = durationSchema.refine(
  (text) => !DURATION.test(text) || durationMs(text) > 0,
  'must be longer than 0',
);

/**
 * The length of a duration in milliseconds.
 *
 * @throws RangeError if the text is not a duration
 */
export function durationMs(text: string): number {
  if (!DURATION.test(text)) throw new RangeError(`not a duration: ${JSON.stringify(text)}`);
  let total = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|[smhdw])/g)) {
    total += Number(count) * (UNIT_MS[unit ?? ''] ?? 0);
  }
  return total;
}
