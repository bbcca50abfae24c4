import type { ErrorCode } from '#platform';

/** Why a message of a source could not be counted: the same codes with which HTTP refuses a body, see docs/errors.md. */
export const DEAD_LETTER_REASONS = [
  'body-empty',
  'internal',
  'invalid-body',
  'invalid-json',
  'not-found',
  'payload-empty',
  'payload-too-large',
  'unsupported-media-type',
] as const satisfies readonly ErrorCode[];

export type DeadLetterReason = (typeof DEAD_LETTER_REASONS)[number];

export function isDeadLetterReason(code: ErrorCode): code is DeadLetterReason {
  return (DEAD_LETTER_REASONS as readonly ErrorCode[]).includes(code);
}
