import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mentions, messageError } from './block-kit.js';
import { MessageAllowance } from './message-allowance.js';

/** A message that was taken, as it was posted, and what the stand-in noted about it. */
export interface ReceivedMessage {
  readonly text?: string;
  readonly blocks?: readonly unknown[];
  /** RFC 3339. */
  readonly receivedAt: string;
  /** The path that it came to. */
  readonly webhook: string;
  /** Whom it would have paged. */
  readonly mentions: readonly string[];
}

/** One scripted answer: instead of judging the next message, the stand-in gives this. */
export interface Fault {
  readonly status: number;
  readonly retryAfter?: number;
  readonly body?: string;
}

export interface SlackStandIn {
  /** Without a slash at the end; a webhook is at `/services/T…/B…/…`. */
  readonly url: string;
  messages(): readonly ReceivedMessage[];
  close(): Promise<void>;
}

export interface SlackStandInOptions {
  /** 0 is any free port. */
  readonly port: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

interface Answer {
  readonly status: number;
  readonly body: string | object;
  readonly retryAfter?: number;
}

const WEBHOOK_PATH = /^\/services\/T[A-Z0-9]+\/B[A-Z0-9]+\/[A-Za-z0-9]+$/;
const MAX_BODY_BYTES = 1_000_000;

/** Starts a server that keeps the documented contract of Slack's incoming webhooks: paths, errors, limits and rate. */
export async function startSlackStandIn({ port, now }: SlackStandInOptions): Promise<SlackStandIn> {
  const slack = new Workspace(now);
  const server = createServer((request, response) => {
    readBody(request).then(
      (body) => send(response, slack.answer(request, body)),
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(port, '127.0.0.1', resolve),
  );
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    messages: () => slack.messages,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** What Slack would keep: messages, faults that are still to come, and how fast each webhook has been. */
class Workspace {
  readonly messages: ReceivedMessage[] = [];
  private faults: Fault[] = [];
  private readonly allowance = new MessageAllowance();

  constructor(private readonly now: () => number) {}

  answer({ method = '', url = '', headers }: IncomingMessage, body: string | null): Answer {
    const { pathname } = new URL(url, 'http://slack');
    if (pathname.startsWith('/services/'))
      return this.post(method, pathname, headers['content-type'] ?? '', body);
    switch (`${method} ${pathname}`) {
      case 'GET /messages':
        return { status: 200, body: this.messages };
      case 'POST /faults':
        return this.script(body);
      default:
        return { status: 404, body: 'not_found' };
    }
  }

  private post(method: string, webhook: string, contentType: string, body: string | null): Answer {
    if (!WEBHOOK_PATH.test(webhook)) return { status: 404, body: 'no_service' };
    if (method !== 'POST') return { status: 405, body: 'method_not_allowed' };
    const fault = this.faults.shift();
    if (fault !== undefined)
      return { ...fault, body: fault.body ?? DEFAULT_FAULT_BODIES[fault.status] ?? 'scripted_failure' };
    const waitSeconds = this.allowance.waitSeconds(webhook, this.now());
    if (waitSeconds > 0) return { status: 429, body: 'rate_limited', retryAfter: waitSeconds };
    const payload = /^application\/json\b/i.test(contentType) ? parsed(body) : undefined;
    const error = messageError(payload);
    if (error !== null) return { status: 400, body: error };
    this.messages.push({
      ...(payload as object),
      receivedAt: new Date(this.now()).toISOString(),
      webhook,
      mentions: mentions(payload),
    });
    return { status: 200, body: 'ok' };
  }

  private script(body: string | null): Answer {
    const { responses } = (parsed(body) ?? {}) as { responses?: unknown };
    if (!Array.isArray(responses) || !responses.every(isFault))
      return { status: 400, body: 'expected {"responses":[{"status":500},{"status":429,"retryAfter":2}]}' };
    this.faults = responses;
    return { status: 200, body: 'ok' };
  }
}

const DEFAULT_FAULT_BODIES: Readonly<Record<number, string>> = {
  200: 'ok',
  403: 'action_prohibited',
  404: 'no_service',
  410: 'channel_is_archived',
  429: 'rate_limited',
  500: 'rollup_error',
};

function isFault(value: unknown): value is Fault {
  const { status, retryAfter, body } = (value ?? {}) as Record<string, unknown>;
  return (
    Number.isInteger(status) &&
    (status as number) >= 200 &&
    (status as number) <= 599 &&
    ['number', 'undefined'].includes(typeof retryAfter) &&
    ['string', 'undefined'].includes(typeof body)
  );
}

function parsed(body: string | null): unknown {
  try {
    return JSON.parse(body ?? '') as unknown;
  } catch {
    return undefined;
  }
}

/** The body, or null when it is longer than anything that Slack takes. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.byteLength;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return size > MAX_BODY_BYTES ? null : Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, { status, body, retryAfter }: Answer): void {
  const [type, text] =
    typeof body === 'string' ? ['text/plain', body] : ['application/json', JSON.stringify(body)];
  response
    .writeHead(status, {
      'content-type': type,
      ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    })
    .end(text);
}
