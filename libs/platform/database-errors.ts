import pg from 'pg';
import { UNANSWERED } from './connection-watch.js';
import { LeewayError, messageOf } from './errors.js';

/** What had been sent when something failed: decides what is known of the outcome. */
export type Progress = 'nothing-sent' | 'not-committed' | 'sent';

/** SQLSTATE of a row that refers to one that is not there: what refers to a thing in Leeway is a part of it. */
const FOREIGN_KEY_VIOLATION = '23503';
/** SQLSTATE of a statement that took too long and was undone. */
const QUERY_CANCELED = '57014';
/**
 * SQLSTATEs by which a server that is going away ends a session: connection exceptions and operator interventions. What was being
 * committed then may be committed.
 */
const GOING_AWAY_STATES = /^(08|57P)/;
/** SQLSTATEs by which a server says that it cannot do it now, and did nothing: no resources, a standby, a session that idled too long. */
const NOT_NOW_STATES = /^(53|25006|25P03)/;
/** System errors of a connection and of finding its host. */
const NETWORK_CODES = new Set([
  'EACCES',
  'EADDRNOTAVAIL',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EAI_MEMORY',
  'EAI_NODATA',
  'EAI_NONAME',
  'ECANCELED',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETRESET',
  'ENETUNREACH',
  'ENOENT',
  'ENOTCONN',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);
const NETWORK_CALLS = new Set(['connect', 'getaddrinfo', 'queryA', 'queryAaaa', 'read', 'write']);
/** Failures that the driver has no code for. */
const DRIVER_MESSAGES = new RegExp(
  `${UNANSWERED}|Connection terminated|timeout exceeded when trying to connect|timeout expired|Query read timeout|Cannot use a pool|Client has encountered a connection error|Client was closed|not queryable|socket (hang up|disconnected)|server closed the connection`,
  'i',
);

/**
 * The error as it is, or as what the caller can act on: `database-unavailable` when the server could not be reached, went away or took too
 * long, and `not-found` when what is added belongs to something that was deleted since it was looked up.
 */
export function asLeewayError(error: unknown, progress: Progress): unknown {
  if (error instanceof LeewayError) return error;
  if (error instanceof pg.DatabaseError) return answered(error, progress);
  return isLostConnection(error) ? unavailable(error, progress) : error;
}

/** Whether the server itself refused the work, so that it surely left nothing behind. */
export function isRefusal(error: unknown): boolean {
  return error instanceof pg.DatabaseError;
}

function answered(error: pg.DatabaseError, progress: Progress): unknown {
  const state = String(error.code);
  if (state === FOREIGN_KEY_VIOLATION)
    return new LeewayError('not-found', 'what this belongs to has been deleted meanwhile', { cause: error });
  if (state === QUERY_CANCELED)
    return new LeewayError(
      'database-unavailable',
      'the database took too long; nothing was stored, try again',
      { retryAfterSeconds: 2, cause: error },
    );
  if (NOT_NOW_STATES.test(state)) return unavailable(error, 'not-committed');
  return GOING_AWAY_STATES.test(state) ? unavailable(error, progress) : error;
}

function isLostConnection(error: unknown): boolean {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code !== undefined && NETWORK_CODES.has(code))
    // Several addresses that failed together bring no call. A file that is not there is none of ours.
    return syscall === undefined
      ? error instanceof AggregateError || code !== 'ENOENT'
      : NETWORK_CALLS.has(syscall);
  return DRIVER_MESSAGES.test(messageOf(error));
}

function unavailable(cause: unknown, progress: Progress): LeewayError {
  const message =
    progress === 'sent'
      ? 'the connection to the database was lost before it answered; what was to be stored may be stored or not. Try again: a payload with an id is counted once'
      : 'the database cannot be reached; nothing was stored, try again';
  return new LeewayError('database-unavailable', message, { retryAfterSeconds: 2, cause });
}
