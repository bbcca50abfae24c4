import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { OutboundMetrics } from '#platform';
import { aNotification, anAlert } from '../notification-for-tests.js';
import { isSigningSecret, sendSignedWebhook } from './signed-webhook.js';
import { webhookBody } from './webhook-notifier.js';

const secretOf = (bytes: number): string => `whsec_${Buffer.alloc(bytes, 250).toString('base64')}`;

describe('isSigningSecret', () => {
  it.each<[string, boolean]>([
    [secretOf(24), true],
    [secretOf(25), true],
    [secretOf(26), true],
    [secretOf(64), true],
    [secretOf(23), false],
    [secretOf(65), false],
    ['', false],
    ['whsec_', false],
    [secretOf(32).slice(6), false],
    [`${secretOf(32)}\n`, false],
    [secretOf(25).replaceAll('=', ''), false],
    ['whsec_not base64 at all, though it is long enough', false],
  ])('%j: %j', (secret, isOne) => {
    expect(isSigningSecret(secret)).toBe(isOne);
  });
});

describe('sendSignedWebhook', () => {
  it('sends nothing that it cannot sign, and does not repeat the secret', async () => {
    const deps = {
      metrics: new OutboundMetrics(new Registry()),
      now: () => 0,
      fetch: () => Promise.reject(new Error('sent')),
    };
    const message = {
      target: 'trigger:t',
      url: 'http://127.0.0.1:1/',
      secret: 'hunter2',
      id: 'msg_1',
      at: 0,
      body: {},
    };
    expect(await sendSignedWebhook(message, deps, new AbortController().signal)).toEqual({
      kind: 'failed',
      failure: 'other',
      isRetryable: false,
      retryAfterSeconds: null,
      detail: 'the signing secret is not whsec_ and the base64 of 24 to 64 bytes',
    });
  });
});

describe('webhookBody', () => {
  it.each([
    [['firing', 'resolved'], 'alerts.firing'],
    [['resolved', 'superseded'], 'alerts.resolved'],
  ] as const)('calls %j %s', (states, type) => {
    expect(webhookBody(aNotification({ alerts: states.map((state) => anAlert({ state })) }))).toMatchObject({
      type,
      data: { omittedAlertCount: 0 },
    });
  });

  it('stays below 20 kB, and says how many alerts it left out', () => {
    const body = webhookBody(
      aNotification({ alerts: Array.from({ length: 100 }, (_, index) => anAlert({ id: String(index) })) }),
    ) as { data: { alerts: { id: string }[]; omittedAlertCount: number } };
    expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThanOrEqual(20_000);
    expect(body.data.alerts.length + body.data.omittedAlertCount).toBe(100);
    expect(body.data.alerts.length).toBeGreaterThan(10);
    expect(body.data.alerts.map(({ id }) => id)).toEqual(body.data.alerts.map((_, index) => String(index)));
  });
});
