/** The segment of all rows of a version. */
export const WHOLE = 'all';
/** The segment of rows whose own is not among the baseline's most frequent ones: a client cannot invent windows. */
export const OTHER = 'other';
/** The segment of rows that lack a segment column: response halves, since only requests bring them, and redacted columns. */
export const UNKNOWN = 'unknown';
/** What stands for a missing value of a segment column. */
const MISSING = 'missing';

const OWN_NAMES: ReadonlySet<string> = new Set([WHOLE, OTHER, UNKNOWN, MISSING]);

/**
 * The name of a segment by the values of its columns: the value itself where there is one column, else all of them joined by `|`.
 * Different values have different names, and none has a name of Leeway's own: a value that is one, or that begins with `\`, is
 * escaped by `\`; in joined names, where only `missing` is one, each `|` and `\` is.
 */
export function segmentName(values: readonly (string | number | null)[]): string {
  const [first = null] = values;
  return values.length <= 1 ? single(first) : values.map(joinable).join('|');
}

function single(value: string | number | null): string {
  if (isMissing(value)) return MISSING;
  const text = String(value);
  return OWN_NAMES.has(text) || text.startsWith('\\') ? `\\${text}` : text;
}

function joinable(value: string | number | null): string {
  if (isMissing(value)) return MISSING;
  const text = String(value);
  return text === MISSING ? `\\${text}` : text.replace(/[\\|]/g, '\\$&');
}

function isMissing(value: string | number | null): boolean {
  return value === null || Number.isNaN(value);
}
