/**
 * Every failure that a caller can act on. Codes are part of the API: permanent, never reused, listed in docs/errors.md.
 * They are the last part of a problem's `type` and the label of error metrics.
 */
export const ERROR_CODES = [
  'already-exists',
  'baseline-columns-differ',
  'baseline-counts-already',
  'baseline-empty',
  'baseline-unreadable',
  'body-empty',
  'column-redacted',
  'column-unknown',
  'confirmation-required',
  'database-unavailable',
  'exports-busy',
  'folder-in-use',
  'forbidden',
  'ingest-overloaded',
  'internal',
  'invalid-body',
  'invalid-cursor',
  'invalid-json',
  'invalid-query',
  'model-grain-fixed',
  'not-found',
  'payload-empty',
  'payload-too-large',
  'range-too-wide',
  'run-transition-refused',
  'signal-limit-reached',
  'unauthenticated',
  'unsupported-media-type',
  'upload-interrupted',
  'version-columns-fixed',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** One place in the input that is wrong: a JSON pointer (RFC 6901) and what is wrong there. */
export interface ErrorPlace {
  readonly pointer: string;
  readonly detail: string;
}

export interface LeewayErrorDetails {
  readonly places?: readonly ErrorPlace[];
  /** How long to wait before the same request can succeed. */
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

/** A failure that the caller can act on. Anything else that is thrown is a bug. */
export class LeewayError extends Error {
  override readonly name = 'LeewayError';
  readonly places: readonly ErrorPlace[];
  readonly retryAfterSeconds: number | null;

  constructor(
    readonly code: ErrorCode,
    message: string,
    details: LeewayErrorDetails = {},
  ) {
    super(message, { cause: details.cause });
    this.places = details.places ?? [];
    this.retryAfterSeconds = details.retryAfterSeconds ?? null;
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
