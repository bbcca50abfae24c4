import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { messageError, mentions } from './block-kit.js';
import { startSlackStandIn, type SlackStandIn } from './server.js';

const START = Date.UTC(2026, 10, 23, 4);
const WEBHOOK = '/services/T00000000/B00000000/XXXX';
const JSON_TYPE = { 'content-type': 'application/json' };

describe('the Slack stand-in', () => {
  let standIn: SlackStandIn;
  let now = START;
  beforeEach(async () => {
    now = START;
    standIn = await startSlackStandIn({ port: 0, now: () => now });
  });
  afterEach(() => standIn.close());

  const post = async (
    body: unknown,
    path = WEBHOOK,
    headers: Record<string, string> = JSON_TYPE,
  ): Promise<[number, string, string | null]> => {
    const response = await fetch(`${standIn.url}${path}`, {
      method: 'POST',
      headers,
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return [response.status, await response.text(), response.headers.get('retry-after')];
  };
  const messages = async (): Promise<unknown> => (await fetch(`${standIn.url}/messages`)).json();

  it('takes a message and lists it with its instant', async () => {
    const message = { text: 'hello <!channel>', blocks: [{ type: 'divider' }] };
    expect(await post(message)).toEqual([200, 'ok', null]);
    expect(await messages()).toEqual([
      { ...message, receivedAt: '2026-11-23T04:00:00.000Z', webhook: WEBHOOK, mentions: ['!channel'] },
    ]);
    expect(standIn.messages()).toHaveLength(1);
  });

  it.each<[string, unknown, string, Record<string, string>, number, string]>([
    ['a path without a token', { text: 'x' }, '/services/T1/B1', JSON_TYPE, 404, 'no_service'],
    ['a path that is no webhook', { text: 'x' }, '/services/X/Y/Z', JSON_TYPE, 404, 'no_service'],
    ['text that is no JSON', 'x', WEBHOOK, JSON_TYPE, 400, 'invalid_payload'],
    [
      'JSON that says it is a form',
      { text: 'x' },
      WEBHOOK,
      { 'content-type': 'text/plain' },
      400,
      'invalid_payload',
    ],
    ['a list', [], WEBHOOK, JSON_TYPE, 400, 'invalid_payload'],
    ['nothing to say', {}, WEBHOOK, JSON_TYPE, 400, 'no_text'],
    ['too much', { text: 'x'.repeat(1_000_001) }, WEBHOOK, JSON_TYPE, 400, 'invalid_payload'],
  ])('refuses %s', async (_name, body, path, headers, status, answer) => {
    expect(await post(body, path, headers)).toEqual([status, answer, null]);
    expect(await messages()).toEqual([]);
  });

  it('takes posts only', async () => {
    expect((await fetch(`${standIn.url}${WEBHOOK}`)).status).toBe(405);
    expect((await fetch(`${standIn.url}/elsewhere`)).status).toBe(404);
  });

  it('takes a burst, then one message a second, per webhook', async () => {
    for (let each = 0; each < 5; each += 1) expect(await post({ text: 'x' })).toEqual([200, 'ok', null]);
    expect(await post({ text: 'x' })).toEqual([429, 'rate_limited', '1']);
    expect(await post({ text: 'x' }, '/services/T1/B2/other')).toEqual([200, 'ok', null]);
    now += 1_000;
    expect(await post({ text: 'x' })).toEqual([200, 'ok', null]);
    expect(await post({ text: 'x' })).toEqual([429, 'rate_limited', '1']);
    now += 60_000;
    for (let each = 0; each < 5; each += 1) expect(await post({ text: 'x' })).toEqual([200, 'ok', null]);
    expect((await post({ text: 'x' }))[0]).toBe(429);
  });

  it('gives the scripted answers first, and keeps nothing of what they refuse', async () => {
    expect(
      await post(
        {
          responses: [
            { status: 500 },
            { status: 429, retryAfter: 2 },
            { status: 403, body: 'invalid_token' },
          ],
        },
        '/faults',
      ),
    ).toEqual([200, 'ok', null]);
    expect([
      await post({ text: 'x' }),
      await post({ text: 'x' }),
      await post({ text: 'x' }),
      await post({ text: 'x' }),
    ]).toEqual([
      [500, 'rollup_error', null],
      [429, 'rate_limited', '2'],
      [403, 'invalid_token', null],
      [200, 'ok', null],
    ]);
    expect(standIn.messages()).toHaveLength(1);
    expect((await post({ responses: [{ status: 'x' }] }, '/faults'))[0]).toBe(400);
    expect((await post('', '/faults'))[0]).toBe(400);
  });
});

describe('messageError', () => {
  const mrkdwn = (length: number): object => ({ type: 'mrkdwn', text: 'x'.repeat(length) });
  const plain = (length: number): object => ({ type: 'plain_text', text: 'x'.repeat(length) });
  const times = <T>(count: number, each: T): T[] => Array.from({ length: count }, () => each);
  const blocks = (...list: object[]): object => ({ text: 'x', blocks: list });
  const section = (length: number): object => ({ type: 'section', text: mrkdwn(length) });
  const button = (more: object): object => ({
    type: 'actions',
    elements: [{ type: 'button', text: plain(75), ...more }],
  });

  it.each<[string, object, string | null]>([
    ['only text', { text: 'x' }, null],
    ['only blocks', { blocks: [section(1)] }, null],
    ['empty text and empty blocks', { text: ' ', blocks: [] }, 'no_text'],
    ['text that is a number', { text: 1 }, 'invalid_payload'],
    ['blocks that are none', { text: 'x', blocks: {} }, 'invalid_blocks'],
    ['50 blocks', blocks(...times(50, { type: 'divider' })), null],
    ['51 blocks', blocks(...times(51, { type: 'divider' })), 'invalid_blocks'],
    ['an unknown block', blocks({ type: 'sektion' }), 'invalid_blocks'],
    ['a block without a type', blocks({}), 'invalid_blocks'],
    ['a section of 3,000', blocks(section(3_000)), null],
    ['a section of 3,001', blocks(section(3_001)), 'invalid_blocks'],
    ['an empty section', blocks(section(0)), 'invalid_blocks'],
    ['a section of nothing', blocks({ type: 'section' }), 'invalid_blocks'],
    ['10 fields', blocks({ type: 'section', fields: times(10, mrkdwn(10)) }), null],
    ['11 fields', blocks({ type: 'section', fields: times(11, mrkdwn(10)) }), 'invalid_blocks'],
    ['a field of 2,001', blocks({ type: 'section', fields: [mrkdwn(2_001)] }), 'invalid_blocks'],
    ['a header of 150', blocks({ type: 'header', text: plain(150) }), null],
    ['a header of 151', blocks({ type: 'header', text: plain(151) }), 'invalid_blocks'],
    ['a header in mrkdwn', blocks({ type: 'header', text: mrkdwn(5) }), 'invalid_blocks'],
    ['10 context elements', blocks({ type: 'context', elements: times(10, mrkdwn(5)) }), null],
    ['11 context elements', blocks({ type: 'context', elements: times(11, mrkdwn(5)) }), 'invalid_blocks'],
    ['no context elements', blocks({ type: 'context', elements: [] }), 'invalid_blocks'],
    [
      '25 buttons',
      blocks({ type: 'actions', elements: times(25, { type: 'button', text: plain(1) }) }),
      null,
    ],
    [
      '26 buttons',
      blocks({ type: 'actions', elements: times(26, { type: 'button', text: plain(1) }) }),
      'invalid_blocks',
    ],
    [
      'a button within limits',
      blocks(button({ url: 'u'.repeat(3_000), value: 'v'.repeat(2_000), action_id: 'a'.repeat(255) })),
      null,
    ],
    ['a url of 3,001', blocks(button({ url: 'u'.repeat(3_001) })), 'invalid_blocks'],
    ['a value of 2,001', blocks(button({ value: 'v'.repeat(2_001) })), 'invalid_blocks'],
    ['an action_id of 256', blocks(button({ action_id: 'a'.repeat(256) })), 'invalid_blocks'],
    ['a button text of 76', blocks(button({ text: plain(76) })), 'invalid_blocks'],
    ['a block_id of 256', blocks({ type: 'divider', block_id: 'b'.repeat(256) }), 'invalid_blocks'],
    ['a block_id twice', blocks(...times(2, { type: 'divider', block_id: 'b' })), 'invalid_blocks'],
    ['an image without words', blocks({ type: 'image', image_url: 'http://x' }), 'invalid_blocks'],
    ['100 attachments', { text: 'x', attachments: times(100, { color: '#f00' }) }, null],
    ['101 attachments', { text: 'x', attachments: times(101, { color: '#f00' }) }, 'too_many_attachments'],
    [
      'bad blocks in an attachment',
      { text: 'x', attachments: [{ blocks: [section(3_001)] }] },
      'invalid_blocks',
    ],
    ['13,000 characters over all blocks', blocks(...times(4, section(3_000)), section(700)), null],
    [
      '13,200 characters over all blocks',
      blocks(...times(4, section(3_000)), section(1_200)),
      'msg_blocks_too_long',
    ],
  ])('%s', (_name, payload, error) => {
    expect(messageError(payload)).toBe(error);
  });
});

describe('mentions', () => {
  const section = (text: string, more: object = {}): object => ({
    blocks: [{ type: 'section', text: { type: 'mrkdwn', text, ...more } }],
  });
  it.each<[string, object, string[]]>([
    ['in the text', { text: '<!here> <@U12> <!subteam^S1|team> @channel' }, ['!here', '@U12', '!subteam^S1']],
    ['in mrkdwn, also bare', section('a <!channel|x> @everyone'), ['!channel', '!everyone']],
    ['bare in verbatim mrkdwn: none', section('@here', { verbatim: true }), []],
    [
      'in plain_text: none',
      { blocks: [{ type: 'header', text: { type: 'plain_text', text: '<!here>' } }] },
      [],
    ],
    ['escaped: none', { text: '&lt;!channel&gt;' }, []],
  ])('%s', (_name, payload, expected) => {
    expect(mentions(payload)).toEqual(expected);
  });
});
