/** Why a row was not counted. The same word is the API field, the key in the windows' counts and the metric label. */
export const REJECTION_REASONS = [
  'not-json',
  'not-an-object',
  'unknown-field',
  'wrong-shape',
  'bad-inference-id',
  'duplicate-inference-id',
  'bad-timestamp',
  'future-timestamp',
  'stale-timestamp',
  'missing-column',
  'wrong-type',
] as const;

export type RejectionReason = (typeof REJECTION_REASONS)[number];

/** One row that was refused: its index in the payload, the column where there is one, and what is wrong. */
export interface Rejection {
  readonly row: number;
  readonly column: string | null;
  readonly reason: RejectionReason;
  readonly message: string;
}

/** The refused rows of a payload: the first ones in full, all of them by reason and by column. */
export interface Rejections {
  readonly count: number;
  /** The first `MAX_LISTED_REJECTIONS`, in the order of their rows. */
  readonly listed: readonly Rejection[];
  /** Rows by `reason`, and by `reason/column` where a column is at fault. */
  readonly tallies: Readonly<Record<string, number>>;
}

/** Refused rows that an answer lists; the rest is counted. */
export const MAX_LISTED_REJECTIONS = 100;

/** Collects refused rows; call `refuse` in the order of the rows, at most once a row. */
export class RejectionLog implements Rejections {
  count = 0;
  readonly listed: Rejection[] = [];
  readonly tallies: Record<string, number> = {};

  /** `message` is asked for only when the row is listed: of a payload of bad rows, most are not. */
  refuse(row: number, reason: RejectionReason, column: string | null, message: () => string): void {
    this.count += 1;
    this.add(reason);
    if (column !== null) this.add(`${reason}/${column}`);
    if (this.listed.length < MAX_LISTED_REJECTIONS)
      this.listed.push({ row, column, reason, message: message() });
  }

  private add(key: string): void {
    this.tallies[key] = (this.tallies[key] ?? 0) + 1;
  }
}

/** The value's JSON type in words, with a short value itself, for messages. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'absent';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  // Sources whose values are none of JSON's say in a symbol's description what a value is.
  if (typeof value === 'symbol') return value.description ?? 'a symbol';
  if (typeof value === 'string') return `the string ${quoted(value)}`;
  return `the ${typeof value} ${value as number}`;
}

/** Characters of a sender's text that messages give back: an answer must not be as long as the payload. */
const MAX_QUOTED_LENGTH = 100;

/** A text of the sender's in quotes, cut when it is long. */
export function quoted(text: string): string {
  return JSON.stringify(shortened(text));
}

/** A text of the sender's, cut when it is long. */
export function shortened(text: string): string {
  return text.length > MAX_QUOTED_LENGTH ? `${text.slice(0, MAX_QUOTED_LENGTH)}…` : text;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
