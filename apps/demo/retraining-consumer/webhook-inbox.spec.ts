import { describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import type { RetrainingRequested } from '../api-types.js';
import { WebhookInbox } from './webhook-inbox.js';

const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
const BODY = JSON.stringify({ type: 'retraining.requested', data: { runId: '12' } });

function signed(id: string, body = BODY, secret = SECRET) {
  const at = new Date();
  return {
    headers: {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
      'webhook-signature': new Webhook(secret).sign(id, at, body),
    },
    body,
  };
}

function inboxOf(work: (message: RetrainingRequested) => Promise<void> = () => Promise.resolve()) {
  const worked: string[] = [];
  const log: string[] = [];
  const start = async (message: RetrainingRequested): Promise<void> => {
    worked.push(message.data.runId);
    await work(message);
  };
  return { inbox: new WebhookInbox(SECRET, start, (line) => log.push(line)), worked, log };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the webhook inbox', () => {
  it('takes a signed webhook at once and works on it', async () => {
    const { inbox, worked } = inboxOf();
    expect(inbox.take(signed('msg_1')).status).toBe(202);
    await settled();
    expect(worked).toEqual(['12']);
    expect(inbox.webhooks).toEqual([{ id: 'msg_1', runId: '12', deliveries: 1, state: 'done' }]);
  });

  it('works once on a webhook that comes again', async () => {
    const { inbox, worked } = inboxOf();
    for (let delivery = 0; delivery < 3; delivery += 1) expect(inbox.take(signed('msg_1')).status).toBe(202);
    await settled();
    expect(worked).toEqual(['12']);
    expect(inbox.webhooks[0]?.deliveries).toBe(3);
  });

  it.each([
    ['another secret', signed('msg_1', BODY, `whsec_${Buffer.alloc(24, 8).toString('base64')}`)],
    ['a changed body', { ...signed('msg_1'), body: BODY.replace('12', '13') }],
    ['no signature', { headers: {}, body: BODY }],
  ])('refuses a webhook with %s', async (_, request) => {
    const { inbox, worked } = inboxOf();
    expect(inbox.take(request).status).toBe(401);
    await settled();
    expect(worked).toEqual([]);
  });

  it('works on one webhook after the other, and goes on after one that failed', async () => {
    const running: string[] = [];
    const { inbox, worked, log } = inboxOf(async () => {
      running.push('begin');
      await settled();
      running.push('end');
      throw new Error('no rows');
    });
    inbox.take(signed('msg_1'));
    inbox.take(signed('msg_2'));
    await settled();
    await settled();
    await settled();
    expect(worked).toHaveLength(2);
    expect(log[0]).toBe('run 12: Error: no rows');
    expect(running.slice(0, 3)).toEqual(['begin', 'end', 'begin']);
  });
});
