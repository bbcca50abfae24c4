import type { IncomingHttpHeaders, RequestListener } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { Webhook } from 'standardwebhooks';
import { OutboundMetrics } from '#platform';
import { bodyOf, closedPort, startLocalServer, type LocalServer } from '../../../test/local-server.js';
import { channelSchema, type ChannelSpec } from './channel-schema.js';
import { createNotifier } from './create-notifier.js';
import { aNotification, anAlert } from './notification-for-tests.js';
import type { Notifier } from './notifier.js';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const NEVER = new AbortController().signal;
/** Present time: `standardwebhooks` refuses a timestamp that is minutes off its own clock. */
const now = (): number => Date.now();

interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What every notifier promises: each row is one adapter, run against a real server. */
describe.each<
  [
    kind: ChannelSpec['kind'],
    spec: (url: string) => object,
    secretOf: (url: string) => string,
    idOf: (received: Received) => string,
  ]
>([
  [
    'slack',
    () => ({ webhookUrl: { env: 'URL' } }),
    (url) => `${url}/services/T1/B1/secret-token`,
    ({ body }) => body,
  ],
  [
    'webhook',
    (url) => ({ url: `${url}/hook`, secret: { env: 'SECRET' } }),
    () => SECRET,
    ({ headers }) => String(headers['webhook-id']),
  ],
])('the %s notifier', (kind, spec, secretOf, idOf) => {
  const servers: LocalServer[] = [];
  const registry = new Registry();
  const metrics = new OutboundMetrics(registry);
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
  });

  const notifierTo = (url: string): Notifier =>
    createNotifier(channelSchema.parse({ name: `a-${kind}`, kind, ...spec(url) }), () => secretOf(url), {
      metrics,
      now,
    });

  async function receiver(answer: RequestListener): Promise<{ notifier: Notifier; received: Received[] }> {
    const received: Received[] = [];
    const server = await startLocalServer((request, response) => {
      void bodyOf(request).then((body) => {
        received.push({ path: request.url ?? '', headers: request.headers, body });
        answer(request, response);
      });
    });
    servers.push(server);
    return { notifier: notifierTo(server.url), received };
  }

  it('delivers JSON by POST, and says so', async () => {
    const { notifier, received } = await receiver((_, response) => response.end('ok'));
    expect(await notifier.notify(aNotification(), NEVER)).toEqual({ kind: 'delivered' });
    expect(received).toHaveLength(1);
    expect(received[0]?.headers['content-type']).toBe('application/json');
    expect(received[0]?.body).toContain('flight-delay-drift');
  });

  it.each([500, 502, 503])('can be tried again after %i', async (status) => {
    const { notifier } = await receiver((_, response) => response.writeHead(status).end('rollup_error'));
    expect(await notifier.notify(aNotification(), NEVER)).toEqual({
      kind: 'failed',
      failure: 'server',
      isRetryable: true,
      retryAfterSeconds: null,
      detail: `HTTP ${status}: rollup_error`,
    });
  });

  it('hears how long a 429 asks it to wait', async () => {
    const { notifier } = await receiver((_, response) =>
      response.writeHead(429, { 'retry-after': '17' }).end(),
    );
    expect(await notifier.notify(aNotification(), NEVER)).toEqual({
      kind: 'failed',
      failure: 'rate-limited',
      isRetryable: true,
      retryAfterSeconds: 17,
      detail: 'HTTP 429',
    });
  });

  it.each([
    [400, 'client'],
    [403, 'auth'],
    [404, 'client'],
    [410, 'client'],
    [301, 'client'],
  ])('is not tried again after %i', async (status, failure) => {
    const { notifier, received } = await receiver((_, response) =>
      response.writeHead(status, { location: '/elsewhere' }).end('no_service'),
    );
    expect(await notifier.notify(aNotification(), NEVER)).toMatchObject({
      kind: 'failed',
      failure,
      isRetryable: false,
    });
    expect(received).toHaveLength(1);
  });

  it('gives up in time when nothing is answered, and can be tried again', async () => {
    const { notifier } = await receiver(() => undefined);
    expect(await notifier.notify(aNotification(), AbortSignal.timeout(100))).toMatchObject({
      kind: 'failed',
      failure: 'timeout',
      isRetryable: true,
    });
  });

  it('can be tried again when nobody listens', async () => {
    const outcome = await notifierTo(`http://127.0.0.1:${await closedPort()}`).notify(aNotification(), NEVER);
    expect(outcome).toEqual({
      kind: 'failed',
      failure: 'network',
      isRetryable: true,
      retryAfterSeconds: null,
      detail: 'ECONNREFUSED',
    });
  });

  it('sends the same id on every try', async () => {
    let tries = 0;
    const { notifier, received } = await receiver((_, response) =>
      response.writeHead((tries += 1) < 3 ? 500 : 200).end(),
    );
    for (let each = 0; each < 3; each += 1) await notifier.notify(aNotification(), NEVER);
    expect(received).toHaveLength(3);
    // Slack knows no id: there the same message is the most that can be the same.
    expect(new Set(received.map(idOf)).size).toBe(1);
  });

  it('counts its tries under the name of the channel', async () => {
    const text = await registry.metrics();
    expect(text).toMatch(
      new RegExp(`leeway_outbound_requests_total\\{target="channel:a-${kind}",outcome="server"\\} [1-9]`),
    );
    expect(text).not.toContain('secret');
  });
});

describe('the webhook notifier', () => {
  it('signs what it sends, for the moment of the try', async () => {
    const received: Received[] = [];
    const server = await startLocalServer((request, response) => {
      void bodyOf(request).then((body) => {
        received.push({ path: request.url ?? '', headers: request.headers, body });
        response.end();
      });
    });
    const channel = channelSchema.parse({
      name: 'hook',
      kind: 'webhook',
      url: `${server.url}/hook`,
      secret: { env: 'X' },
    });
    const notifier = createNotifier(channel, () => SECRET, {
      metrics: new OutboundMetrics(new Registry()),
      now,
    });
    await notifier.notify(aNotification(), NEVER);
    await server.close();
    const [first] = received;
    expect(first?.headers['webhook-id']).toBe('notification-1');
    expect(new Webhook(SECRET).verify(first?.body ?? '', first?.headers as Record<string, string>)).toEqual({
      type: 'alerts.firing',
      timestamp: '2026-11-23T03:00:30.000Z',
      data: {
        id: 'notification-1',
        reason: 'first-notification',
        model: 'flight-delay',
        alerts: [anAlert()],
        omittedAlertCount: 0,
      },
    });
  });
});

describe('createNotifier', () => {
  const deps = { metrics: new OutboundMetrics(new Registry()), now };
  const slack = channelSchema.parse({ name: 'ops', kind: 'slack', webhookUrl: { env: 'URL' } });
  const webhook = channelSchema.parse({
    name: 'hook',
    kind: 'webhook',
    url: 'http://127.0.0.1:1/',
    secret: { env: 'SECRET' },
  });

  it.each<[string, ChannelSpec, () => string, string]>([
    [
      'a secret that is missing',
      slack,
      () => {
        throw new Error('the environment variable URL is not set');
      },
      'channel ops: the environment variable URL is not set',
    ],
    [
      'a webhook URL that is none',
      slack,
      () => 'hunter2',
      'channel ops: the secret webhookUrl is not an http(s) URL',
    ],
    [
      'a webhook URL of another kind',
      slack,
      () => 'file:///hunter2',
      'channel ops: the secret webhookUrl is not an http(s) URL',
    ],
    [
      'a signing secret without its prefix',
      webhook,
      () => Buffer.alloc(32).toString('base64'),
      'channel hook: the secret is not whsec_ and the base64 of 24 to 64 bytes',
    ],
    [
      'a signing secret that is too short',
      webhook,
      () => `whsec_${Buffer.alloc(16).toString('base64')}`,
      'channel hook: the secret is not whsec_ and the base64 of 24 to 64 bytes',
    ],
  ])('refuses %s, and names the channel but not the secret', (_name, channel, resolve, message) => {
    expect(() => createNotifier(channel, resolve, deps)).toThrow(message);
    expect(() => createNotifier(channel, resolve, deps)).not.toThrow(/hunter2/);
  });
});

describe('channelSchema', () => {
  it('fills in the waits of Alertmanager', () => {
    expect(channelSchema.parse({ name: 'ops', kind: 'slack', webhookUrl: { file: 'slack-url' } })).toEqual({
      name: 'ops',
      kind: 'slack',
      webhookUrl: { file: 'slack-url' },
      groupWait: '30s',
      groupInterval: '5m',
      repeatInterval: '4h',
    });
  });

  it.each<[string, object]>([
    ['a URL in plain sight', { kind: 'slack', webhookUrl: 'https://hooks.slack.com/services/T/B/X' }],
    ['an unknown kind', { kind: 'pager', webhookUrl: { env: 'X' } }],
    ['an unknown word', { kind: 'slack', webhookUrl: { env: 'X' }, channel: '#ops' }],
    ['a wait that is no duration', { kind: 'slack', webhookUrl: { env: 'X' }, groupWait: '30' }],
    ['a webhook without a secret', { kind: 'webhook', url: 'http://x.example' }],
  ])('refuses %s', (_name, spec) => {
    expect(channelSchema.safeParse({ name: 'ops', ...spec }).success).toBe(false);
  });
});
