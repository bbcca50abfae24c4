/** The server refused the request, or could not be reached: what to tell the user, in words. */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(
    message: string,
    /** The last part of the problem's `type`; null when the answer was no problem details. */
    readonly code: string | null,
    readonly problem: unknown,
  ) {
    super(message);
  }
}

export interface Server {
  readonly url: string;
  readonly apiKey: string;
}

const TIMEOUT_MS = 60_000;

/** Sends a JSON request to `/api/v1` and reads the JSON answer. @throws Refusal */
export async function callApi(
  { url, apiKey }: Server,
  method: string,
  path: string,
  body?: object,
): Promise<unknown> {
  const address = `${url.replace(/\/+$/, '')}/api/v1${path}`;
  let response: Response;
  let text: string;
  try {
    response = await fetch(address, {
      method,
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    text = await response.text();
  } catch (error) {
    throw new Refusal(`${url} cannot be reached: ${reasonOf(error)}`, null, null);
  }
  const answer = parsed(text);
  if (response.ok && answer !== undefined) return answer;
  throw refusalOf(response.status, answer, text);
}

function refusalOf(status: number, answer: unknown, text: string): Refusal {
  const { type, title, detail } = (answer ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof detail !== 'string')
    return new Refusal(`the server answered ${status}: ${text.slice(0, 200)}`, null, null);
  const code = typeof type === 'string' ? (type.split('/').at(-1) ?? null) : null;
  return new Refusal(`${typeof title === 'string' ? `${title}: ` : ''}${detail}`, code, answer);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}
