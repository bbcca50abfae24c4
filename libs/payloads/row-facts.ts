import { isStorableText } from './cell.js';
import type { DecodingContext } from './decoding.js';
import { kindOf, quoted, type RejectionReason } from './rejections.js';

/** Longest id of an inference, in UTF-16 units. */
export const MAX_INFERENCE_ID_LENGTH = 256;

/** What is wrong with a row's id or time. */
export interface FactProblem {
  readonly reason: RejectionReason;
  readonly message: string;
}

/** The ids and event times of a payload's rows, checked. */
export class RowFacts {
  readonly inferenceIds: string[] = [];
  private readonly times: Float64Array;
  private count = 0;
  private readonly given = new Set<string>();

  constructor(
    private readonly context: DecodingContext,
    private readonly rowCount: number,
  ) {
    this.times = new Float64Array(rowCount);
  }

  /** Event times of the rows that were kept, in milliseconds. */
  get timestamps(): Float64Array {
    return this.times.length === this.count ? this.times : this.times.subarray(0, this.count);
  }

  /** Takes a row's id and time as the last kept one, or says what is wrong with them. `undefined` is "brings none". */
  push(row: number, id: unknown, timestamp: unknown, hasZone = true): FactProblem | null {
    const at = timestamp === undefined ? this.context.eventAt : instantOf(timestamp, hasZone);
    const problem = this.timeProblem(row, at, timestamp, hasZone);
    const idProblem = this.idProblem(row, id, problem === null);
    if (idProblem !== null || problem !== null) return idProblem ?? problem;
    this.inferenceIds.push((id as string | undefined) ?? this.context.inferenceIdOf(row, this.rowCount));
    this.times[this.count] = at;
    this.count += 1;
    return null;
  }

  /** Takes the last kept row back, because one of its values is wrong. Its id stays known: a second row with it is one too many. */
  pop(): void {
    this.count -= 1;
    this.inferenceIds.pop();
  }

  /** What is wrong with the id of a row; one that is right is known from now on, if the row `isTaken`. */
  private idProblem(row: number, id: unknown, isTaken: boolean): FactProblem | null {
    if (id === undefined) return null;
    if (typeof id !== 'string' || !isInferenceId(id)) {
      return {
        reason: 'bad-inference-id',
        message: `row ${row}: the inference id is ${kindOf(id)}; it must be a text of 1 to ${MAX_INFERENCE_ID_LENGTH} characters`,
      };
    }
    const { size } = this.given;
    if (isTaken ? this.given.add(id).size > size : !this.given.has(id)) return null;
    return {
      reason: 'duplicate-inference-id',
      message: `row ${row}: an earlier row of this payload has the inference id ${quoted(id)} too`,
    };
  }

  private timeProblem(row: number, at: number, given: unknown, hasZone: boolean): FactProblem | null {
    const { receivedAt, maxFutureMs, maxAgeMs } = this.context;
    if (Number.isNaN(at)) {
      return {
        reason: 'bad-timestamp',
        message: `row ${row}: the timestamp is ${kindOf(given)}; it must be RFC 3339${hasZone ? ' with a zone' : ''}, such as 2026-11-23T04:00:00Z`,
      };
    }
    if (at > receivedAt + maxFutureMs) {
      return {
        reason: 'future-timestamp',
        message: `row ${row}: its timestamp is ${at - receivedAt} ms ahead of Leeway's clock`,
      };
    }
    if (at >= receivedAt - maxAgeMs) return null;
    return {
      reason: 'stale-timestamp',
      message: `row ${row}: its timestamp is older than ${maxAgeMs} ms, the longest that windows are kept`,
    };
  }
}

/** RFC 3339 with a zone. `Date.parse` alone takes much else, some of it in the machine's own zone. */
const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;
const WITHOUT_ZONE = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?$/;

/**
 * Milliseconds since the epoch of an RFC 3339 text, or NaN. Where no zone is asked for, a text without one is UTC:
 * containers run in it.
 */
export function instantOf(value: unknown, hasZone = true): number {
  if (typeof value !== 'string') return NaN;
  const plain = plainInstant(value);
  if (!Number.isNaN(plain)) return plain;
  if (!isDayOfMonth(value)) return NaN;
  if (RFC_3339.test(value)) return Date.parse(value.toUpperCase().replace(' ', 'T'));
  if (hasZone || !WITHOUT_ZONE.test(value)) return NaN;
  return Date.parse(`${value.toUpperCase().replace(' ', 'T')}Z`);
}

/** Whether the month has such a day: `Date.parse` takes 31 February for 3 March. Of a text that is no date it is not asked. */
function isDayOfMonth(text: string): boolean {
  const [year, month, day] = [Number(text.slice(0, 4)), Number(text.slice(5, 7)), Number(text.slice(8, 10))];
  return day <= 28 || new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day;
}

/** Lengths of `2026-11-23T04:00:00Z` and of the same with milliseconds. */
const [PLAIN_LENGTH, PLAIN_LENGTH_WITH_MS] = [20, 24];

/** The instant of a text in the form that most senders use, a tenth of the time of the general way; NaN for all others. */
function plainInstant(text: string): number {
  const { length } = text;
  if (length !== PLAIN_LENGTH && length !== PLAIN_LENGTH_WITH_MS) return NaN;
  const hasMs = length === PLAIN_LENGTH_WITH_MS;
  if (
    text.charCodeAt(10) !== 84 ||
    text.charCodeAt(length - 1) !== 90 ||
    (hasMs && text.charCodeAt(19) !== 46)
  )
    return NaN;
  if (text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) return NaN;
  if (text.charCodeAt(13) !== 58 || text.charCodeAt(16) !== 58) return NaN;
  const year = 100 * twoDigits(text, 0) + twoDigits(text, 2);
  const [month, day] = [twoDigits(text, 5), twoDigits(text, 8)];
  const [hour, minute, second] = [twoDigits(text, 11), twoDigits(text, 14), twoDigits(text, 17)];
  const ms = hasMs ? 10 * twoDigits(text, 20) + digit(text, 22) : 0;
  // Days beyond 28 and the odd values are left to the general way, which knows the length of months.
  const isUsual =
    year >= 1970 &&
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= 28 &&
    hour < 24 &&
    minute < 60 &&
    second < 60;
  return isUsual ? dayOf(year, month, day) + 3_600_000 * hour + 60_000 * minute + 1_000 * second + ms : NaN;
}

/** The day that was asked for last: nearly all rows of a payload are of one. */
const lastDay = { date: NaN, at: NaN };

/** The instant at which a day begins. */
function dayOf(year: number, month: number, day: number): number {
  const date = 10_000 * year + 100 * month + day;
  if (date !== lastDay.date) {
    lastDay.date = date;
    lastDay.at = Date.UTC(year, month - 1, day);
  }
  return lastDay.at;
}

function twoDigits(text: string, at: number): number {
  return 10 * digit(text, at) + digit(text, at + 1);
}

/** The digit at this place; NaN for anything else, which no comparison lets through. */
function digit(text: string, at: number): number {
  const value = text.charCodeAt(at) - 48;
  return value >= 0 && value <= 9 ? value : NaN;
}

/** Whether an inference can have this id. */
export function isInferenceId(text: string): boolean {
  return text.length > 0 && text.length <= MAX_INFERENCE_ID_LENGTH && isStorableText(text);
}
