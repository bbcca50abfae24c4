import { UnreadablePayload } from '../decoding.js';

const UTF_8 = new TextDecoder('utf-8', { fatal: true });

/** The text of a body. @throws UnreadablePayload `not-json` when it is not UTF-8 */
export function textOfBytes(bytes: Uint8Array): string {
  try {
    return UTF_8.decode(bytes);
  } catch {
    throw new UnreadablePayload('not-json', 'the body is not UTF-8');
  }
}

/** The JSON value of a body. @throws UnreadablePayload `not-json` */
export function readJson(bytes: Uint8Array): unknown {
  return parseJson(textOfBytes(bytes));
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UnreadablePayload('not-json', `the body is not JSON: ${(error as Error).message}`);
  }
}

const [QUOTE, BACKSLASH, OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [34, 92, 123, 125, 91, 93];

/**
 * The length in bytes of the JSON object that the bytes begin with, or null when they begin with none or it does not end.
 *
 * A logger forwards bodies of the binary tensor extension without the header that says where their JSON ends.
 */
export function jsonObjectLength(bytes: Uint8Array): number | null {
  let depth = 0;
  let isInText = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (isInText) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) isInText = false;
      continue;
    }
    if (byte === QUOTE) isInText = true;
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth -= 1;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && !isSpace(byte)) return null;
  }
  return null;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 32 || byte === 9 || byte === 10 || byte === 13;
}
