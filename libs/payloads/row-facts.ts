import { isStorableText } from './cell.js';
import type { DecodingContext } from './decoding.js';
import { kindOf, type RejectionReason } from './rejections.js';

const MAX_INFERENCE_ID_LENGTH = 256;

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
    return this.times.subarray(0, this.count);
  }

  /** Takes a row's id and time as the last kept one, or says what is wrong with them. `undefined` is "brings none". */
  push(row: number, id: unknown, timestamp: unknown, hasZone = true): FactProblem | null {
    const at = timestamp === undefined ? this.context.eventAt : instantOf(timestamp, hasZone);
    const problem = this.idProblem(row, id) ?? this.timeProblem(row, at, timestamp, hasZone);
    if (problem !== null) return problem;
    if (id !== undefined) this.given.add(id as string);
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

  private idProblem(row: number, id: unknown): FactProblem | null {
    if (id === undefined) return null;
    if (typeof id !== 'string' || !isInferenceId(id)) {
      return {
        reason: 'bad-inference-id',
        message: `row ${row}: the inference id is ${kindOf(id)}; it must be a text of 1 to ${MAX_INFERENCE_ID_LENGTH} characters`,
      };
    }
    if (!this.given.has(id)) return null;
    return {
      reason: 'duplicate-inference-id',
      message: `row ${row}: an earlier row of this payload has the inference id ${JSON.stringify(id)} too`,
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
  if (RFC_3339.test(value)) return Date.parse(value.toUpperCase().replace(' ', 'T'));
  if (hasZone || !WITHOUT_ZONE.test(value)) return NaN;
  return Date.parse(`${value.toUpperCase().replace(' ', 'T')}Z`);
}

function isInferenceId(text: string): boolean {
  return text.length > 0 && text.length <= MAX_INFERENCE_ID_LENGTH && isStorableText(text);
}
