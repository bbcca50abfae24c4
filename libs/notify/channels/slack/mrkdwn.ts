const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const ELLIPSIS = '…';

/**
 * The text as Slack shows it literally, in at most `maxCharacters` after escaping.
 *
 * `& < >` become entities, so that `<!channel>` in a name pages nobody; an entity or a surrogate pair is never cut in two. Control
 * characters become blanks, line ends stay.
 */
export function escaped(text: string, maxCharacters: number): string {
  const pieces = [...readable(text)].map((char) => ENTITIES[char] ?? char);
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (length <= maxCharacters) return pieces.join('');
  let result = '';
  for (const piece of pieces) {
    if (result.length + piece.length + ELLIPSIS.length > maxCharacters) break;
    result += piece;
  }
  return result + ELLIPSIS;
}

function readable(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?/g, '\n')
    .replace(/[^\P{Cc}\n]/gu, ' ');
}

/** As `escaped`, on one line. */
export function escapedLine(text: string, maxCharacters: number): string {
  return escaped(text.replace(/\s+/g, ' ').trim(), maxCharacters);
}

/** A link, or only its label when the address is not http(s) or too long to be one. */
export function link(url: string, label: string): string {
  const href = safeUrl(url);
  return href === null ? label : `<${href}|${label}>`;
}

/** Unmeasured. Longer addresses leave no room for what the message says. */
const MAX_URL_CHARACTERS = 500;

function safeUrl(url: string): string | null {
  if (!URL.canParse(url)) return null;
  const parsed = new URL(url);
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') return null;
  // A bar would end the address and begin the label. URL already encodes < and >.
  const href = parsed.href
    .replaceAll('|', '%7C')
    .replaceAll('<', '%3C')
    .replaceAll('>', '%3E')
    .replaceAll('&', '&amp;');
  return href.length > MAX_URL_CHARACTERS ? null : href;
}
