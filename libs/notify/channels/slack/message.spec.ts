import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mentions, messageError } from '../../../../apps/demo/slack-stand-in/block-kit.js';
import { aNotification, anAlert } from '../notification-for-tests.js';
import type { AlertNotification, NotifiedAlert } from '../notifier.js';
import { durationInWords, slackMessage, type SlackMessage } from './message.js';
import { escaped, escapedLine, link } from './mrkdwn.js';

/** The message as a person reads it: one line per block, `---` for a divider. */
function shown({ blocks }: SlackMessage): string {
  return blocks.map((block) => (block as { text?: { text: string } }).text?.text ?? '---').join('\n');
}

describe('slackMessage', () => {
  it('says what, since when and how far, what to do before the evidence, and where to go on', () => {
    const message = slackMessage(aNotification());
    expect(shown(message)).toBe(
      [
        '🔴 flight-delay: critical, 1 alert firing',
        '---',
        '🔴 *<http://leeway.example/api/v1/alerts/7|flight-delay-drift>* critical',
        'Traffic of flight-delay v1 has drifted away from its training data',
        'Firing since 2026-11-23 02:58:00 UTC for 2m 30s.',
        '*Do: retrain.* Three of four features moved and no deployment explains it.',
        '*Evidence*',
        '• distance: PSI 0.41 (threshold 0.2), median 732 → 1,240',
        '• origin: 31 % of rows have values that training never saw',
        'Compared over the last 24 hours.',
        'model=flight-delay version=v1 monitor=live',
        '*Retraining* requested (run 12)',
        '<http://leeway.example/api/v1/alerts/7|Alert>  ·  <https://wiki.example/runbooks/drift?a=1&amp;b=2|Runbook>',
      ].join('\n'),
    );
    expect(message.text).toBe(
      '🔴 flight-delay: critical, 1 alert firing\nflight-delay-drift: Traffic of flight-delay v1 has drifted away from its training data',
    );
  });

  it.each<[string, NotifiedAlert['state'], string, string]>([
    [
      'a recovery',
      'resolved',
      '✅ flight-delay: resolved',
      'Resolved. It fired for 1h 2m: from 2026-11-23 02:58:00 UTC to 2026-11-23 04:00:00 UTC.',
    ],
    [
      'an end that is no recovery',
      'superseded',
      '✅ flight-delay: superseded',
      'Superseded, which is not a recovery: what it was about is no longer judged. It fired for 1h 2m: from 2026-11-23 02:58:00 UTC to 2026-11-23 04:00:00 UTC.',
    ],
  ])('tells %s with how long it lasted', (_name, state, title, line) => {
    const message = slackMessage(
      aNotification({
        reason: 'all-resolved',
        alerts: [anAlert({ state, endedAt: '2026-11-23T04:00:00.000Z' })],
      }),
    );
    expect(shown(message).split('\n')[0]).toBe(title);
    expect(shown(message)).toContain(line);
    expect(shown(message)).not.toContain('Do: retrain');
    expect(message.text).toContain(`flight-delay-drift (${state}): `);
  });

  it('puts what fires first, the most severe on top, and says when it only repeats', () => {
    const alerts = [
      anAlert({ rule: 'ended', state: 'resolved' }),
      anAlert({ rule: 'hint', severity: 'info' }),
      anAlert({ rule: 'worst' }),
      anAlert({ rule: 'bad', severity: 'warning' }),
    ];
    const text = shown(slackMessage(aNotification({ reason: 'repeat-interval-elapsed', alerts })));
    expect(text.split('\n')[0]).toBe('🔴 flight-delay: still critical, 3 alerts firing');
    expect([...text.matchAll(/\|([a-z]+)>\*/g)].map((match) => match[1])).toEqual([
      'worst',
      'bad',
      'hint',
      'ended',
    ]);
  });

  it('leaves out what an alert does not have', () => {
    const bare = anAlert({
      diagnosis: null,
      description: '',
      labels: {},
      retraining: null,
      runbookUrl: null,
      summary: '',
    });
    const text = shown(slackMessage(aNotification({ alerts: [bare] })));
    expect(text).not.toMatch(/Do:|Evidence|Retraining|null|undefined|\n\n/);
    expect(text).not.toContain('unbook');
  });

  it('tells the rest in a line each, then in a number, when there are too many', () => {
    const alerts = Array.from({ length: 200 }, (_, index) =>
      anAlert({ rule: `rule-${index}`, description: 'd'.repeat(1_000) }),
    );
    const text = shown(slackMessage(aNotification({ alerts })));
    expect(text).toContain('*Evidence*');
    expect(text).toMatch(/… and \d+ more alerts, \d+ of them firing\.$/);
    const told = [...text.matchAll(/\|rule-\d+>/g)].length;
    const omitted = Number(/and (\d+) more/.exec(text)?.[1]);
    expect(told + omitted).toBe(200);
    expect(told).toBeGreaterThan(10);
  });

  it('pages nobody, whatever stands in a name', () => {
    const evil = '<!channel> <@U123> <!here|x> @channel @everyone <!subteam^S1>';
    const alert = anAlert({
      rule: evil,
      summary: evil,
      description: evil,
      labels: { a: evil },
      retraining: evil,
      runbookUrl: 'http://x.example/<!channel>|<!here>',
      url: `javascript:${evil}`,
      diagnosis: { action: evil, summary: evil, evidence: [evil] },
      firedAt: evil,
    });
    const ended = { ...alert, state: 'resolved', endedAt: evil } as const;
    expect(mentions(slackMessage(aNotification({ model: evil, alerts: [alert, ended] })))).toEqual([]);
  });

  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 50 }),
    fc.string({ maxLength: 4_000 }),
    fc.constantFrom(
      '',
      '<!channel>',
      '&&&&'.repeat(2_000),
      '中文🙂'.repeat(3_000),
      '"\\\n'.repeat(3_000),
      '\u0000\ud800'.repeat(3_000),
    ),
  );
  const alert = fc.record<NotifiedAlert>({
    id: text,
    rule: text,
    severity: fc.constantFrom('info', 'warning', 'critical'),
    state: fc.constantFrom('firing', 'resolved', 'superseded'),
    labels: fc.dictionary(text, text, { maxKeys: 5 }),
    summary: text,
    description: text,
    diagnosis: fc.option(
      fc.record({ action: text, summary: text, evidence: fc.array(text, { maxLength: 10 }) }),
    ),
    firedAt: fc.oneof(text, fc.constant('2026-11-23T02:58:00.000Z')),
    endedAt: fc.option(text),
    url: fc.oneof(text, fc.webUrl({ withQueryParameters: true })),
    runbookUrl: fc.option(fc.oneof(text, fc.webUrl())),
    retraining: fc.option(text),
  });
  const notification = fc.record<AlertNotification>({
    id: text,
    reason: fc.constantFrom('first-notification', 'new-alerts', 'all-resolved', 'repeat-interval-elapsed'),
    model: text,
    createdAt: fc.constant('2026-11-23T03:00:30.000Z'),
    alerts: fc.array(alert, { minLength: 1, maxLength: 80 }),
  });

  it('stays within every limit of Slack and pages nobody, whatever it is given', () => {
    fc.assert(
      fc.property(notification, (given) => {
        const message = slackMessage(given);
        expect(messageError(message)).toBeNull();
        expect(mentions(message)).toEqual([]);
        expect(Buffer.byteLength(JSON.stringify(message.blocks))).toBeLessThanOrEqual(13_200);
        expect(message.text.length).toBeGreaterThan(0);
        expect(message.text.length).toBeLessThanOrEqual(1_000);
      }),
    );
  });

  it('always has room for the first alert in full', () => {
    for (const filler of ['中', '🙂', '"', '&', 'x']) {
      const long = filler.repeat(5_000);
      const url = `http://x.example/${'y'.repeat(480)}`;
      const biggest = anAlert({
        rule: long,
        summary: long,
        description: long,
        labels: { a: long },
        retraining: long,
        url,
        runbookUrl: url,
        diagnosis: { action: long, summary: long, evidence: Array.from({ length: 20 }, () => long) },
      });
      expect(shown(slackMessage(aNotification({ alerts: [biggest, biggest] })))).toMatch(
        /Evidence[^]*15 more, behind the link/,
      );
    }
  });
});

describe('escaped', () => {
  it.each<[string, number, string]>([
    ['a & b <c>', 50, 'a &amp; b &lt;c&gt;'],
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['a&b', 6, 'a…'],
    ['a&b', 7, 'a&amp;b'],
    ['🙂🙂', 3, '🙂…'],
    ['a\r\nb\tc\u0000', 9, 'a\nb c '],
    ['\ud800x', 9, '\ufffdx'],
    ['', 3, ''],
  ])('%j in %i: %j', (text, max, expected) => {
    expect(escaped(text, max)).toBe(expected);
  });

  it('puts everything on one line', () => {
    expect(escapedLine('  a\n\n b\t', 50)).toBe('a b');
  });
});

describe('link', () => {
  it.each([
    ['http://x.example/a?b=1&c=2', '<http://x.example/a?b=1&amp;c=2|L>'],
    ['https://x.example/a|b>c', '<https://x.example/a%7Cb%3Ec|L>'],
    ['javascript:alert(1)', 'L'],
    ['not a url', 'L'],
    [`http://x.example/${'y'.repeat(600)}`, 'L'],
  ])('%s: %s', (url, expected) => {
    expect(link(url, 'L')).toBe(expected);
  });
});

describe('durationInWords', () => {
  it.each([
    [0, '0s'],
    [499, '0s'],
    [42_000, '42s'],
    [150_000, '2m 30s'],
    [3_600_000, '1h'],
    [3_720_000, '1h 2m'],
    [183_600_000, '2d 3h'],
    [86_405_000, '1d'],
  ])('%i ms: %s', (ms, words) => {
    expect(durationInWords(ms)).toBe(words);
  });
});
