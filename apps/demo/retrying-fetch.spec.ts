import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { retryingFetch, type RetryPolicy } from './retrying-fetch.js';

const QUICK: RetryPolicy = { giveUpAfterMs: 2_000, firstDelayMs: 5, maxDelayMs: 20, tryTimeoutMs: 1_000 };

const servers: Server[] = [];

/** Answers one request after the other with these; the last one for good. */
async function answering(
  ...answers: ((response: ServerResponse) => void)[]
): Promise<{ url: string; bodies: string[] }> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      bodies.push(Buffer.concat(chunks).toString());
      answers[Math.min(bodies.length, answers.length) - 1]?.(response);
    });
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies };
}

const status =
  (code: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse): void =>
    void response.writeHead(code, headers).end('{}');
const hangUp = (response: ServerResponse): void => void response.destroy();

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
});

describe('a request that is tried again', () => {
  it.each([
    ['an overloaded server', [status(429)]],
    ['a server that is not ready', [status(503), status(503)]],
    ['a server that failed', [status(500)]],
    ['a connection that broke', [hangUp]],
  ])('gets through to %s in the end, with the same body', async (_, troubles) => {
    const { url, bodies } = await answering(...troubles, status(202));
    const answer = await retryingFetch(url, { method: 'POST', headers: {}, body: () => 'payload' }, QUICK);
    expect(answer.status).toBe(202);
    expect(bodies).toEqual([...troubles, null].map(() => 'payload'));
  });

  it('waits as long as Retry-After says', async () => {
    const { url } = await answering(status(429, { 'retry-after': '0.2' }), status(200));
    const startedAt = performance.now();
    await retryingFetch(url, { method: 'GET', headers: {} }, QUICK);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(190);
  });

  it.each([200, 400, 404, 409])('takes %i for an answer', async (code) => {
    const { url, bodies } = await answering(status(code));
    expect((await retryingFetch(url, { method: 'GET', headers: {} }, QUICK)).status).toBe(code);
    expect(bodies).toHaveLength(1);
  });

  it('returns the last answer when its time is over', async () => {
    const { url } = await answering(status(503));
    expect(
      (await retryingFetch(url, { method: 'GET', headers: {} }, { ...QUICK, giveUpAfterMs: 50 })).status,
    ).toBe(503);
  });

  it('throws the last network error when its time is over', async () => {
    const { url } = await answering(hangUp);
    await expect(
      retryingFetch(url, { method: 'GET', headers: {} }, { ...QUICK, giveUpAfterMs: 50 }),
    ).rejects.toThrow();
  });

  it('makes a stream anew for every try', async () => {
    const { url, bodies } = await answering(status(503), status(201));
    async function* rows(): AsyncGenerator<Uint8Array> {
      yield new TextEncoder().encode('a,b\n');
      yield new TextEncoder().encode('1,2\n');
    }
    expect((await retryingFetch(url, { method: 'POST', headers: {}, body: rows }, QUICK)).status).toBe(201);
    expect(bodies).toEqual(['a,b\n1,2\n', 'a,b\n1,2\n']);
  });
});
