import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface JsonRequest {
  readonly headers: IncomingHttpHeaders;
  /** The raw body: what a signature is made of. */
  readonly body: string;
}

export interface JsonAnswer {
  readonly status: number;
  /** Sent as JSON, or as it is when it is a text with a content type. */
  readonly body?: unknown;
  readonly contentType?: string;
}

export type Handler = (request: JsonRequest) => Promise<JsonAnswer> | JsonAnswer;

/** Handlers by method and path, such as `POST /predict`. */
export type Routes = Readonly<Record<string, Handler>>;

export interface RunningServer {
  readonly url: string;
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** Serves JSON on the loopback interface; port 0 is any free one. */
export async function serveJson(routes: Routes, port: number): Promise<RunningServer> {
  const server = createServer((request, response) => {
    void answer(routes, request).then((result) => send(response, result));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function answer(routes: Routes, request: IncomingMessage): Promise<JsonAnswer> {
  const route = routes[`${request.method ?? ''} ${(request.url ?? '').split('?')[0] ?? ''}`];
  if (route === undefined) return { status: 404, body: { error: 'there is nothing here' } };
  try {
    return await route({ headers: request.headers, body: await bodyOf(request) });
  } catch (error) {
    const status = error instanceof SyntaxError ? 400 : 500;
    return { status, body: { error: error instanceof Error ? error.message : String(error) } };
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new SyntaxError(`the body is longer than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, { status, body, contentType }: JsonAnswer): void {
  response.writeHead(status, { 'content-type': contentType ?? 'application/json' });
  response.end(contentType === undefined ? JSON.stringify(body ?? {}) : String(body));
}
