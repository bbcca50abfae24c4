import { setTimeout as sleep } from 'node:timers/promises';

export interface RetryPolicy {
  /** How long to go on trying in all. */
  readonly giveUpAfterMs: number;
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** How long one try may take. */
  readonly tryTimeoutMs: number;
  /** Told of every try that failed and is tried again. */
  readonly onRetry?: (cause: string) => void;
}

export const DEFAULT_RETRY: RetryPolicy = {
  giveUpAfterMs: 30_000,
  firstDelayMs: 100,
  maxDelayMs: 2_000,
  tryTimeoutMs: 30_000,
};

/** One request; `body` makes the body anew for every try, since a stream can be read once only. */
export interface RetriableRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: () => string | AsyncIterable<Uint8Array>;
}

/** Answers that ask for patience: too many requests, and whatever is wrong on the server's side. */
function asksForPatience(status: number): boolean {
  return status === 429 || status >= 500;
}

/**
 * Sends a request until it gets an answer other than 429 or 5xx. Waits as `Retry-After` says, or twice as long each
 * time. The last answer is returned, and the last network error thrown, when the time is over.
 */
export async function retryingFetch(
  url: string,
  request: RetriableRequest,
  policy: RetryPolicy = DEFAULT_RETRY,
): Promise<Response> {
  const deadline = performance.now() + policy.giveUpAfterMs;
  for (let delayMs = policy.firstDelayMs; ; delayMs = Math.min(2 * delayMs, policy.maxDelayMs)) {
    const outcome = await tryOnce(url, request, policy.tryTimeoutMs);
    if ('answer' in outcome && !asksForPatience(outcome.answer.status)) return outcome.answer;
    const waitMs = ('answer' in outcome ? retryAfterMs(outcome.answer) : null) ?? delayMs;
    if (performance.now() + waitMs > deadline) {
      if ('answer' in outcome) return outcome.answer;
      throw outcome.error;
    }
    policy.onRetry?.('answer' in outcome ? `HTTP ${outcome.answer.status}` : causeOf(outcome.error));
    if ('answer' in outcome) await outcome.answer.body?.cancel();
    await sleep(waitMs);
  }
}

type Outcome = { readonly answer: Response } | { readonly error: unknown };

async function tryOnce(
  url: string,
  { method, headers, body }: RetriableRequest,
  timeoutMs: number,
): Promise<Outcome> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    // `duplex` is required for a body that is a stream, and unknown to the types of fetch.
    const init = { method, headers, signal, ...(body === undefined ? {} : { body: body(), duplex: 'half' }) };
    return { answer: await fetch(url, init as RequestInit) };
  } catch (error) {
    return { error };
  }
}

function retryAfterMs(answer: Response): number | null {
  const seconds = Number(answer.headers.get('retry-after') ?? NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : null;
}

/** fetch hides the reason ("fetch failed") in the cause. */
export function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
