import 'reflect-metadata';
import type { Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { beginPost } from './begun-post.js';
import { startTestServer, type TestServer } from './test-server.js';

const BODY_BYTES = 16 * 1024 * 1024;
const PATH = '/api/v1/models/m/versions/v1/inferences';

describe('a body', () => {
  let server: TestServer;
  const sockets: Socket[] = [];

  beforeAll(async () => {
    server = await startTestServer();
    await server.api('PUT', '/models/m', { name: 'm', grain: '1m' });
    await server.api('PUT', '/models/m/versions/v1', {
      name: 'v1',
      columns: [{ name: 'x', role: 'feature', type: 'numeric' }],
    });
  }, 60_000);
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });
  afterAll(() => server.close());

  /** Declares the largest body, and sends what is given of it. */
  function begin(authorization: string | null, sent: Buffer, path = PATH): Answers {
    const socket = beginPost(server.url, { path, authorization, bytes: BODY_BYTES, sent });
    sockets.push(socket);
    return new Answers(socket);
  }

  const one = Buffer.from('{');
  const payload = { rows: [{ values: { x: 1 } }] };

  it('of a stranger is not waited for, and takes no room from others', async () => {
    const strangers = Array.from({ length: 8 }, (_, index) =>
      begin(index % 2 === 0 ? null : 'Bearer lw_nobody', one),
    );
    for (const stranger of strangers) expect(await stranger.next()).toMatch(/^HTTP\/1\.1 401/);
    expect(await server.api('POST', PATH.slice('/api/v1'.length), payload)).toMatchObject({ status: 202 });
  });

  it('that the key may not send, or that goes to no route, is not waited for either', async () => {
    const { body } = await server.api('POST', '/api-keys', { name: 'reader', scopes: ['read'] });
    expect(await begin(`Bearer ${String(body['key'])}`, one).next()).toMatch(/^HTTP\/1\.1 403/);
    expect(await begin(null, one, '/api/v1/ingest/lw_x/models/m/versions/v1/events').next()).toMatch(
      /^HTTP\/1\.1 401/,
    );
    expect(await begin(null, one, '/nowhere').next()).toMatch(/^HTTP\/1\.1 404/);
  });

  it('that is sent on after it was refused does not cost its sender the answer, nor the connection', async () => {
    const answers = begin(null, Buffer.alloc(BODY_BYTES, 32));
    expect(await answers.next()).toMatch(/^HTTP\/1\.1 401[^]*www-authenticate: Bearer[^]*unauthenticated/);
    answers.socket.write('GET /health/live HTTP/1.1\r\nhost: l\r\n\r\n');
    expect(await answers.next()).toMatch(/^HTTP\/1\.1 200/);
  });
});

/** The answers that come over a connection, one after the other. */
class Answers {
  private text = '';
  private closed = false;
  private wake: () => void = () => undefined;

  constructor(readonly socket: Socket) {
    socket.on('data', (bytes) => {
      this.text += bytes.toString('latin1');
      this.wake();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
      this.wake();
    });
  }

  async next(): Promise<string> {
    for (;;) {
      const end = this.text.indexOf('\r\n\r\n') + 4;
      const length = Number(/content-length: (\d+)/i.exec(this.text)?.[1] ?? NaN);
      if (end > 3 && this.text.length >= end + length) {
        const answer = this.text.slice(0, end + length);
        this.text = this.text.slice(end + length);
        return answer;
      }
      if (this.closed) throw new Error(`the connection was closed after ${JSON.stringify(this.text)}`);
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}
