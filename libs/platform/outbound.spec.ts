import type { RequestListener } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { closedPort, startLocalServer, type LocalServer } from '../../test/local-server.js';
import {
  callOutbound,
  failureOfStatus,
  OutboundMetrics,
  OUTBOUND_OUTCOMES,
  retryAfterSeconds,
  type OutboundCall,
  type OutboundResult,
} from './outbound.js';

const NOW = Date.UTC(2026, 10, 23, 4);
const NEVER = new AbortController().signal;

describe('callOutbound', () => {
  const servers: LocalServer[] = [];
  const registry = new Registry();
  const metrics = new OutboundMetrics(registry);
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
  });

  async function listen(handle: RequestListener): Promise<string> {
    const server = await startLocalServer(handle);
    servers.push(server);
    return server.url;
  }

  const call = (url: string, more: Partial<OutboundCall> = {}, signal = NEVER): Promise<OutboundResult> =>
    callOutbound({ target: 'test', url, timeoutMs: 2_000, ...more }, { metrics, now: () => NOW }, signal);

  it('gives the answer with its status, headers and text', async () => {
    const url = await listen((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () =>
        response.setHeader('x-one', '1').end(`${request.method} ${String(request.headers['x-two'])} ${body}`),
      );
    });
    const result = await call(url, { method: 'POST', headers: { 'x-two': '2' }, body: 'héllo' });
    expect(result).toMatchObject({
      kind: 'answered',
      status: 200,
      text: 'POST 2 héllo',
      isTruncated: false,
      attempts: 1,
    });
    expect(result.kind === 'answered' && result.headers.get('x-one')).toBe('1');
  });

  it.each<[number, string, boolean]>([
    [400, 'client', false],
    [401, 'auth', false],
    [403, 'auth', false],
    [404, 'client', false],
    [408, 'timeout', true],
    [410, 'client', false],
    [429, 'rate-limited', true],
    [500, 'server', true],
    [503, 'server', true],
    [302, 'client', false],
  ])('reads status %i as %s', async (status, failure, isRetryable) => {
    const url = await listen((_, response) =>
      response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end('why\u0007 not'),
    );
    expect(await call(url)).toMatchObject({
      kind: 'failed',
      failure,
      isRetryable,
      status,
      detail: status === 302 ? 'HTTP 302: redirects are not followed' : `HTTP ${status}: why not`,
    });
    expect(failureOfStatus(status)).toEqual({ failure, isRetryable });
  });

  it('gives up a try that takes too long, also when only the body hangs', async () => {
    const silent = await listen(() => undefined);
    const hanging = await listen((_, response) => response.writeHead(200).write('a'));
    for (const url of [silent, hanging])
      expect(await call(url, { timeoutMs: 50 })).toMatchObject({
        kind: 'failed',
        failure: 'timeout',
        isRetryable: true,
        status: null,
      });
  });

  it('says that nobody listens, without the URL', async () => {
    const result = await call(`http://127.0.0.1:${await closedPort()}/secret-path`);
    expect(result).toMatchObject({ kind: 'failed', failure: 'network', isRetryable: true });
    expect(JSON.stringify(result)).not.toContain('secret-path');
  });

  it.each(['http://[secret', 'http://127.0.0.1:6000/secret'])(
    'does not try %s again, and does not repeat it',
    async (url) => {
      const result = await call(url);
      expect(result).toMatchObject({ kind: 'failed', failure: 'other', isRetryable: false });
      expect(JSON.stringify(result)).not.toContain('secret');
    },
  );

  it('tells the caller who ran out of time from the caller who cancelled', async () => {
    const url = await listen(() => undefined);
    const cancelled = new AbortController();
    const pending = call(url, {}, cancelled.signal);
    cancelled.abort();
    expect(await pending).toMatchObject({ kind: 'failed', failure: 'other', isRetryable: true });
    expect(await call(url, {}, AbortSignal.timeout(30))).toMatchObject({
      kind: 'failed',
      failure: 'timeout',
    });
  });

  it('keeps the beginning of an answer that is too long, and stops reading', async () => {
    const url = await listen((_, response) => {
      const write = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
        if (!response.destroyed) response.once('drain', write);
      };
      write();
    });
    expect(await call(url, { maxResponseBytes: 100 })).toMatchObject({
      kind: 'answered',
      text: 'x'.repeat(100),
      isTruncated: true,
    });
  });

  it('tries again as often as asked, and only what was asked', async () => {
    let count = 0;
    const failingTwice = await listen((_, response) =>
      response.writeHead((count += 1) < 3 ? 500 : 200).end(),
    );
    expect(await call(failingTwice, { maxAttempts: 3 })).toMatchObject({ kind: 'answered', attempts: 3 });
    count = 0;
    expect(await call(failingTwice, { maxAttempts: 2 })).toMatchObject({ kind: 'failed', attempts: 2 });
    count = 0;
    expect(await call(failingTwice, { maxAttempts: 3, retryOn: ['network'] })).toMatchObject({
      kind: 'failed',
      attempts: 1,
    });
    const refusing = await listen((_, response) => response.writeHead(400).end());
    expect(await call(refusing, { maxAttempts: 3 })).toMatchObject({ kind: 'failed', attempts: 1 });
  });

  it('leaves a long Retry-After to whoever retries the call', async () => {
    const url = await listen((_, response) => response.writeHead(429, { 'retry-after': '60' }).end());
    expect(await call(url, { maxAttempts: 5 })).toMatchObject({
      kind: 'failed',
      failure: 'rate-limited',
      retryAfterSeconds: 60,
      attempts: 1,
    });
  });

  it('counts each try by target and outcome; all outcomes exist from the start', async () => {
    const own = new Registry();
    const counting = new OutboundMetrics(own);
    counting.declare('channel:a');
    expect(
      (await own.metrics()).match(
        /leeway_outbound_requests_total\{target="channel:a",outcome="[a-z-]+"\} 0/g,
      ),
    ).toHaveLength(OUTBOUND_OUTCOMES.length);
    let count = 0;
    const url = await listen((_, response) => response.writeHead((count += 1) < 2 ? 503 : 204).end());
    await callOutbound(
      { target: 'channel:a', url, timeoutMs: 1_000, maxAttempts: 2 },
      { metrics: counting, now: () => NOW },
      NEVER,
    );
    const text = await own.metrics();
    expect(text).toContain('leeway_outbound_requests_total{target="channel:a",outcome="server"} 1');
    expect(text).toContain('leeway_outbound_requests_total{target="channel:a",outcome="success"} 1');
    expect(text).toContain('leeway_outbound_request_duration_seconds_count{target="channel:a"} 2');
  });
});

describe('retryAfterSeconds', () => {
  it.each<[string | null, number | null]>([
    [null, null],
    ['', null],
    ['soon', null],
    ['0', 0],
    ['2', 2],
    [' 2.5 ', 2.5],
    ['999999999999', 86_400],
    ['Mon, 23 Nov 2026 04:00:30 GMT', 30],
    ['Mon, 23 Nov 2026 03:59:00 GMT', 0],
  ])('reads %j as %j', (header, seconds) => {
    expect(retryAfterSeconds(header, NOW)).toBe(seconds);
  });
});
