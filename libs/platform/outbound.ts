import { Counter, Histogram, type Registry } from 'prom-client';
import type { Instant } from './clock.js';

/** Every way in which a call to the outside can fail; also the label of metrics and the word in messages. */
export const FAILURE_KINDS = [
  'timeout',
  'network',
  'auth',
  'rate-limited',
  'client',
  'server',
  'other',
] as const;
export type FailureKind = (typeof FAILURE_KINDS)[number];

/** How one try ended, as the metric label says it. */
export const OUTBOUND_OUTCOMES = ['success', ...FAILURE_KINDS] as const;
export type OutboundOutcome = (typeof OUTBOUND_OUTCOMES)[number];

export interface OutboundCall {
  /** The operator's name for the receiver, such as `channel:ml-oncall`: a metric label, so never the URL, which may be a secret. */
  readonly target: string;
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Time for one try, from connecting to the last byte of the answer. */
  readonly timeoutMs: number;
  /** Tries in all; 1 unless given, because most callers are themselves retried. */
  readonly maxAttempts?: number;
  /** Which failures are tried again; every retryable one unless given. */
  readonly retryOn?: readonly FailureKind[];
  /** Bytes of the answer that are kept; 64 KiB unless given. */
  readonly maxResponseBytes?: number;
}

export interface OutboundDeps {
  readonly metrics: OutboundMetrics;
  /** The present, for a Retry-After that is a date. */
  readonly now: () => Instant;
  readonly fetch?: typeof fetch;
}

/** A 2xx answer. */
export interface OutboundAnswer {
  readonly kind: 'answered';
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The answer was longer than `maxResponseBytes`: `text` is its beginning. */
  readonly isTruncated: boolean;
  readonly attempts: number;
}

export interface OutboundFailure {
  readonly kind: 'failed';
  readonly failure: FailureKind;
  /** Another try could help. */
  readonly isRetryable: boolean;
  readonly retryAfterSeconds: number | null;
  /** null when there was no answer. */
  readonly status: number | null;
  readonly headers: Headers;
  readonly text: string;
  /** For people; without the URL, which may be a secret. */
  readonly detail: string;
  readonly attempts: number;
}

export type OutboundResult = OutboundAnswer | OutboundFailure;

/** Enough for every receipt and every error text; whoever expects more says so. */
const DEFAULT_MAX_RESPONSE_BYTES = 65_536;
/** Unmeasured. The wait before the second try; it doubles from there. Shorter hammers a struggling receiver. */
const FIRST_RETRY_DELAY_MS = 200;
/** Retries inside one call are for blips. A receiver that asks for more time than this gets it from whoever retries the call. */
const MAX_RETRY_DELAY_MS = 5_000;
/** A receiver cannot silence us for longer than a day. */
const MAX_RETRY_AFTER_SECONDS = 86_400;
/** How much of an error answer stands in `detail`. */
const DETAIL_CHARACTERS = 200;

/** Counts and times calls to the outside. Every outcome of a declared target exists from the start, at 0. */
export class OutboundMetrics {
  private readonly requests: Counter<'target' | 'outcome'>;
  private readonly durations: Histogram<'target'>;
  private readonly declared = new Set<string>();

  constructor(registry: Registry) {
    this.requests = new Counter({
      name: 'leeway_outbound_requests_total',
      help: 'Calls to the outside, by how they ended.',
      labelNames: ['target', 'outcome'],
      registers: [registry],
    });
    this.durations = new Histogram({
      name: 'leeway_outbound_request_duration_seconds',
      help: 'Time of one call to the outside, to the last byte of its answer.',
      labelNames: ['target'],
      buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers: [registry],
    });
  }

  /** Makes every series of a target exist, so that rates see its first event. */
  declare(target: string): void {
    if (this.declared.has(target)) return;
    this.declared.add(target);
    for (const outcome of OUTBOUND_OUTCOMES) this.requests.inc({ target, outcome }, 0);
    this.durations.zero({ target });
  }

  /** Begins to time a call; the function that it returns ends it. */
  start(target: string): (outcome: OutboundOutcome) => void {
    this.declare(target);
    const stop = this.durations.startTimer({ target });
    return (outcome) => {
      stop();
      this.requests.inc({ target, outcome });
    };
  }
}

/**
 * Calls the outside: each try has a timeout, redirects are not followed, the answer is read up to a limit, and failures
 * are values of a closed set. Never throws.
 */
export async function callOutbound(
  call: OutboundCall,
  deps: OutboundDeps,
  signal: AbortSignal,
): Promise<OutboundResult> {
  const maxAttempts = call.maxAttempts ?? 1;
  for (let attempt = 1; ; attempt += 1) {
    const result = await tryOnce(call, deps, signal, attempt);
    if (attempt >= maxAttempts || signal.aborted || !isTriedAgain(call, result)) return result;
    const delayMs = Math.max(
      FIRST_RETRY_DELAY_MS * 2 ** (attempt - 1),
      (result.retryAfterSeconds ?? 0) * 1_000,
    );
    if (delayMs > MAX_RETRY_DELAY_MS) return result;
    if (!(await pause(delayMs, signal))) return result;
  }
}

function isTriedAgain(call: OutboundCall, result: OutboundResult): result is OutboundFailure {
  return result.kind === 'failed' && result.isRetryable && (call.retryOn?.includes(result.failure) ?? true);
}

async function tryOnce(
  call: OutboundCall,
  deps: OutboundDeps,
  signal: AbortSignal,
  attempts: number,
): Promise<OutboundResult> {
  const stop = deps.metrics.start(call.target);
  const result = await send(call, deps, signal, attempts);
  stop(result.kind === 'answered' ? 'success' : result.failure);
  return result;
}

async function send(
  call: OutboundCall,
  deps: OutboundDeps,
  signal: AbortSignal,
  attempts: number,
): Promise<OutboundResult> {
  const timeout = AbortSignal.timeout(call.timeoutMs);
  try {
    const response = await (deps.fetch ?? fetch)(call.url, {
      method: call.method ?? 'GET',
      headers: { 'user-agent': 'leeway', ...call.headers },
      ...(call.body === undefined ? {} : { body: call.body }),
      redirect: 'manual',
      signal: AbortSignal.any([signal, timeout]),
    });
    const body = await readUpTo(response, call.maxResponseBytes ?? DEFAULT_MAX_RESPONSE_BYTES);
    const { status, headers } = response;
    if (response.ok) return { kind: 'answered', status, headers, ...body, attempts };
    return {
      kind: 'failed',
      ...failureOfStatus(status),
      retryAfterSeconds: retryAfterSeconds(headers.get('retry-after'), deps.now()),
      status,
      headers,
      text: body.text,
      detail: statusDetail(status, body.text),
      attempts,
    };
  } catch (error) {
    const failure =
      signal.aborted || timeout.aborted ? failureOfAbort(signal, call.timeoutMs) : failureOfError(error);
    return {
      kind: 'failed',
      ...failure,
      retryAfterSeconds: null,
      status: null,
      headers: new Headers(),
      text: '',
      attempts,
    };
  }
}

async function readUpTo(
  response: Response,
  maxBytes: number,
): Promise<{ text: string; isTruncated: boolean }> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (response.body !== null) {
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      size += chunk.byteLength;
      if (size > maxBytes) break; // Leaving the loop cancels the stream and with it the connection.
    }
  }
  return { text: Buffer.concat(chunks).subarray(0, maxBytes).toString('utf8'), isTruncated: size > maxBytes };
}

type Classified = Pick<OutboundFailure, 'failure' | 'isRetryable'>;

/** What a status that is not 2xx means. A redirect is the receiver's address being wrong: it is not followed. */
export function failureOfStatus(status: number): Classified {
  if (status === 401 || status === 403) return { failure: 'auth', isRetryable: false };
  if (status === 408) return { failure: 'timeout', isRetryable: true };
  if (status === 429) return { failure: 'rate-limited', isRetryable: true };
  if (status >= 500) return { failure: 'server', isRetryable: true };
  return { failure: 'client', isRetryable: false };
}

function failureOfAbort(signal: AbortSignal, timeoutMs: number): Classified & { detail: string } {
  if (!signal.aborted)
    return { failure: 'timeout', isRetryable: true, detail: `no complete answer within ${timeoutMs} ms` };
  const isTimeout = (signal.reason as { name?: unknown } | undefined)?.name === 'TimeoutError';
  return isTimeout
    ? { failure: 'timeout', isRetryable: true, detail: 'the caller ran out of time' }
    : { failure: 'other', isRetryable: true, detail: 'the call was cancelled' };
}

/** What an error of a request without an answer means: the codes of Node, undici and OpenSSL. */
export function failureOfError(error: unknown): Classified & { readonly detail: string } {
  const code = codeOf(error);
  if (code === 'ERR_INVALID_URL')
    return { failure: 'other', isRetryable: false, detail: 'the URL is not valid' };
  if (/TIMEDOUT|TIMEOUT|ECONNABORTED/.test(code))
    return { failure: 'timeout', isRetryable: true, detail: code };
  if (isBadPort(error))
    return {
      failure: 'other',
      isRetryable: false,
      detail: 'the port of the URL is one that fetch never calls',
    };
  if (code !== '') return { failure: 'network', isRetryable: true, detail: code };
  return {
    failure: 'other',
    isRetryable: true,
    detail: error instanceof Error ? error.name : 'unknown failure',
  };
}

/** The code of an error or of what caused it: `fetch` says "fetch failed" and keeps the reason in its cause. */
function codeOf(error: unknown): string {
  for (
    let at: unknown = error;
    typeof at === 'object' && at !== null;
    at = (at as { cause?: unknown }).cause
  ) {
    const { code } = at as { code?: unknown };
    if (typeof code === 'string' && code !== '') return code;
  }
  return '';
}

/** The Fetch standard blocks ports of other protocols, such as 25 and 6000; undici says so without a code. */
function isBadPort(error: unknown): boolean {
  return (error as { cause?: { message?: unknown } } | null)?.cause?.message === 'bad port';
}

function statusDetail(status: number, text: string): string {
  if (status >= 300 && status < 400) return `HTTP ${status}: redirects are not followed`;
  // Control characters of a foreign text have no place in logs.
  const excerpt = text
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, DETAIL_CHARACTERS);
  return excerpt === '' ? `HTTP ${status}` : `HTTP ${status}: ${excerpt}`;
}

/** The seconds that a Retry-After header asks for, at least 0 and at most a day; null when it is absent or unreadable. */
export function retryAfterSeconds(header: string | null, now: Instant): number | null {
  if (header === null || header.trim() === '') return null;
  const text = header.trim();
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : (Date.parse(text) - now) / 1_000;
  return Number.isNaN(seconds) ? null : Math.min(Math.max(seconds, 0), MAX_RETRY_AFTER_SECONDS);
}

/** Waits; false when the caller gave up meanwhile. */
function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve(!signal.aborted);
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
