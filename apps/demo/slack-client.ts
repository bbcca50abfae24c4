import { DEFAULT_RETRY, retryingFetch } from './retrying-fetch.js';

/** A message as Slack received it: the fallback text, and blocks of Block Kit. */
export interface SlackMessage {
  readonly text?: string;
  readonly blocks?: readonly SlackBlock[];
}

interface SlackText {
  readonly type: string;
  readonly text?: string;
}

interface SlackBlock {
  readonly type: string;
  readonly text?: SlackText;
  readonly fields?: readonly SlackText[];
  readonly elements?: readonly (SlackText & { readonly url?: string })[];
}

/** Reads what the Slack stand-in received. */
export class SlackClient {
  constructor(readonly url: string) {}

  async messages(): Promise<readonly SlackMessage[]> {
    const answer = await retryingFetch(`${this.url}/messages`, { method: 'GET', headers: {} }, DEFAULT_RETRY);
    return (await answer.json()) as SlackMessage[];
  }
}

/** The message as a person reads it: links by their text, and characters that Slack escapes as themselves. */
export function messageText({ text = '', blocks = [] }: SlackMessage): string {
  const parts = blocks.length === 0 ? [text] : blocks.map(blockText).filter((part) => part !== '');
  return readable(parts.join('\n'));
}

function blockText({ text, fields = [], elements = [] }: SlackBlock): string {
  const parts = [text, ...fields, ...elements].map((part) => part?.text);
  return parts.filter((part) => typeof part === 'string' && part !== '').join('\n');
}

function readable(mrkdwn: string): string {
  return mrkdwn
    .replace(/<[^<>|]+\|([^<>]+)>/g, '$1')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
