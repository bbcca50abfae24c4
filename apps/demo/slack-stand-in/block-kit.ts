/** What Slack answers to a message that it does not take, as plain text. */
export type SlackError =
  'invalid_payload' | 'no_text' | 'invalid_blocks' | 'too_many_attachments' | 'msg_blocks_too_long';

type Json = Readonly<Record<string, unknown>>;

const MAX_BLOCKS = 50;
const MAX_ATTACHMENTS = 100;
/** Documented nowhere; Slack refuses at about this many characters over all blocks. Counted on the JSON, the strictest reading. */
const MAX_BLOCKS_CHARACTERS = 13_200;
const MAX_TEXT_OBJECT = 3_000;
const MAX_ID = 255;

/** Why Slack would not take a message, or null when it would. The limits are those of its Block Kit reference. */
export function messageError(payload: unknown): SlackError | null {
  if (!isObject(payload)) return 'invalid_payload';
  const { text, blocks = [], attachments = [] } = payload;
  if (text !== undefined && typeof text !== 'string') return 'invalid_payload';
  if (!Array.isArray(blocks)) return 'invalid_blocks';
  if (!Array.isArray(attachments)) return 'invalid_payload';
  if ((text ?? '').trim() === '' && blocks.length === 0 && attachments.length === 0) return 'no_text';
  if (attachments.length > MAX_ATTACHMENTS) return 'too_many_attachments';
  if (!areBlocks(blocks) || !attachments.every(isAttachment)) return 'invalid_blocks';
  return JSON.stringify(blocks).length > MAX_BLOCKS_CHARACTERS ? 'msg_blocks_too_long' : null;
}

function isAttachment(attachment: unknown): boolean {
  return isObject(attachment) && (attachment['blocks'] === undefined || areBlocks(attachment['blocks']));
}

function areBlocks(blocks: unknown): boolean {
  if (!Array.isArray(blocks) || blocks.length > MAX_BLOCKS || !blocks.every(isBlock)) return false;
  const ids = blocks.map((block: Json) => block['block_id']).filter((id) => id !== undefined);
  return ids.every((id) => isText(id, MAX_ID)) && new Set(ids).size === ids.length;
}

function isBlock(block: unknown): boolean {
  return isObject(block) && (CHECKS[String(block['type'])]?.(block) ?? false);
}

/** The block types that the stand-in knows how to check; it takes no others. */
const CHECKS: Readonly<Record<string, (block: Json) => boolean>> = {
  divider: () => true,
  header: ({ text }) => isTextObject(text, 150, ['plain_text']),
  section: ({ text, fields }) =>
    (text !== undefined || fields !== undefined) &&
    (text === undefined || isTextObject(text, MAX_TEXT_OBJECT)) &&
    (fields === undefined || isList(fields, 10, (field) => isTextObject(field, 2_000))),
  context: ({ elements }) =>
    isList(elements, 10, (element) => isImage(element) || isTextObject(element, MAX_TEXT_OBJECT)),
  actions: ({ elements }) => isList(elements, 25, isButton),
  image: (block) =>
    isImage(block) && (block['title'] === undefined || isTextObject(block['title'], 2_000, ['plain_text'])),
};

function isButton(element: unknown): boolean {
  if (!isObject(element) || element['type'] !== 'button') return false;
  const { text, url, value, action_id: actionId } = element;
  return (
    isTextObject(text, 75, ['plain_text']) &&
    isOptionalText(url, 3_000) &&
    isOptionalText(value, 2_000) &&
    isOptionalText(actionId, MAX_ID)
  );
}

function isImage(element: unknown): boolean {
  return (
    isObject(element) &&
    element['type'] === 'image' &&
    isText(element['image_url'], 3_000) &&
    isText(element['alt_text'], 2_000)
  );
}

function isTextObject(
  value: unknown,
  maxCharacters: number,
  types: readonly string[] = ['plain_text', 'mrkdwn'],
): boolean {
  return isObject(value) && types.includes(String(value['type'])) && isText(value['text'], maxCharacters);
}

function isOptionalText(value: unknown, maxCharacters: number): boolean {
  return value === undefined || isText(value, maxCharacters);
}

function isText(value: unknown, maxCharacters: number): boolean {
  return typeof value === 'string' && value.length > 0 && value.length <= maxCharacters;
}

function isList(value: unknown, maxLength: number, isElement: (element: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length > 0 && value.length <= maxLength && value.every(isElement);
}

const EXPLICIT_MENTION = /<(![a-z]+(?:\^[A-Z0-9]+)?|@[A-Z0-9]+)(?:\|[^>]*)?>/g;
const BARE_MENTION = /(?<![\w/])@(channel|here|everyone)\b/g;

/** Whom a message would page: `!channel`, `@U123`; bare ones count where Slack looks for them, in mrkdwn that is not `verbatim`. */
export function mentions(payload: unknown): string[] {
  const found: string[] = [];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit);
    if (!isObject(value)) return;
    const { type, text, verbatim } = value;
    if (typeof text === 'string' && type !== 'plain_text') {
      found.push(...[...text.matchAll(EXPLICIT_MENTION)].map((match) => match[1] ?? ''));
      if (type === 'mrkdwn' && verbatim !== true)
        found.push(...[...text.matchAll(BARE_MENTION)].map((match) => `!${match[1]}`));
    }
    Object.values(value).forEach(visit);
  };
  visit(payload);
  return found;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
