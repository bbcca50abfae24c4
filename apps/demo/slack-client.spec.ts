import { describe, expect, it } from '@jest/globals';
import { messageText } from './slack-client.js';

describe('a Slack message as text', () => {
  it('is the text of its blocks, with links and escapes as a reader sees them', () => {
    const blocks = [
      { type: 'header', text: { type: 'plain_text', text: 'flight-delay: critical' } },
      { type: 'divider' },
      {
        type: 'section',
        text: { type: 'mrkdwn', text: '<http://127.0.0.1/alerts/1|drift> miles &gt; 1 &amp; &lt; 2' },
      },
      { type: 'context', elements: [{ type: 'mrkdwn', text: 'since 04:00' }] },
    ];
    expect(messageText({ text: 'fallback', blocks })).toBe(
      'flight-delay: critical\ndrift miles > 1 & < 2\nsince 04:00',
    );
  });

  it('is its text when it has no blocks', () => {
    expect(messageText({ text: 'a &lt; b' })).toBe('a < b');
  });
});
