import { HttpException } from '@nestjs/common';
import { LeewayError, messageOf, type ErrorCode, type ErrorPlace } from '#platform';
import { HTTP_STATUS, TITLES } from './http-status.js';

/** RFC 9457 problem details. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** The request, for finding it in the logs. */
  readonly instance: string;
  readonly errors?: readonly ErrorPlace[];
}

const TYPE_BASE = 'https://leeway.dev/problems/';

/** SQLSTATEs of text that PostgreSQL cannot store: a NUL, or half of a surrogate pair. */
const UNSTORABLE_TEXT = new Set(['22021', '22P05']);

/** Failures of the HTTP layer in Leeway's words. */
const FASTIFY_CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'invalid-body',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'body-empty',
};
const HTTP_CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid-query',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
  413: 'payload-too-large',
  415: 'unsupported-media-type',
};

/** Anything that was thrown, as a failure that the caller can act on, or as `internal`. */
export function toLeewayError(error: unknown): LeewayError {
  if (error instanceof LeewayError) return error;
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === 'string' && UNSTORABLE_TEXT.has(code)) {
    return new LeewayError(
      'invalid-body',
      'a text holds a NUL character or half of a surrogate pair, which cannot be stored',
      { cause: error },
    );
  }
  const known = typeof code === 'string' ? FASTIFY_CODES[code] : undefined;
  if (known !== undefined) return new LeewayError(known, messageOf(error), { cause: error });
  const status =
    error instanceof HttpException
      ? error.getStatus()
      : (error as { statusCode?: unknown } | null)?.statusCode;
  const byStatus = typeof status === 'number' ? HTTP_CODES[status] : undefined;
  // What the HTTP layer refuses for a reason of its own (a parameter or header that is too long) is the caller's to mend.
  const isRefused = typeof status === 'number' && status >= 400 && status < 500;
  if (byStatus === undefined && isRefused)
    return new LeewayError('invalid-query', messageOf(error), { cause: error });
  if (byStatus !== undefined) return new LeewayError(byStatus, messageOf(error), { cause: error });
  return new LeewayError(
    'internal',
    'something went wrong inside Leeway; the log has the details under this request id',
    { cause: error },
  );
}

export function problemOf(error: LeewayError, requestId: string): Problem {
  return {
    type: TYPE_BASE + error.code,
    title: TITLES[error.code],
    status: HTTP_STATUS[error.code],
    detail: error.message,
    instance: `/requests/${requestId}`,
    ...(error.places.length > 0 ? { errors: error.places } : {}),
  };
}
