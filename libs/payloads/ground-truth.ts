import { cellOf, cellOfText } from './cell.js';
import { checkRowCount, UnreadablePayload, type RowLimit } from './decoding.js';
import type { ReadBody } from './formats/body.js';
import { csvHeader, csvRecords } from './formats/csv-records.js';
import { jsonLines, NotJson } from './formats/json-lines.js';
import { ID_FIELDS } from './records.js';
import {
  isRecord,
  kindOf,
  quoted,
  RejectionLog,
  type RejectionReason,
  type Rejections,
} from './rejections.js';
import { instantOf, isInferenceId, MAX_INFERENCE_ID_LENGTH } from './row-facts.js';

/** What a ground truth may be: a number, a class (a text, or a number or boolean by its JSON text), or either. */
export type TruthKind = 'number' | 'class' | 'any';

/** What decoding has to know. */
export interface TruthContext extends RowLimit {
  readonly kind: TruthKind;
  /** When the body arrived, milliseconds since the epoch: what a row without a time was observed at. */
  readonly receivedAt: number;
  /** How far ahead of `receivedAt` an observation may be: clocks differ. */
  readonly maxFutureMs: number;
}

/** What really happened, by row. Values are texts: numbers in their shortest decimal form, booleans as `true` and `false`. */
export interface TruthBatch {
  readonly inferenceIds: readonly string[];
  readonly values: readonly string[];
  /** Milliseconds since the epoch. */
  readonly observedAt: readonly number[];
}

/** The rows of a body that can be used, and those that cannot. */
export interface DecodedTruths {
  readonly receivedCount: number;
  readonly batch: TruthBatch;
  readonly rejections: Rejections;
}

const TRUTH_ID_FIELDS = ['id', ...ID_FIELDS];
const TRUTH_TIME_FIELDS = ['observedAt', 'observed_at'];
const VALUE_FIELD = 'value';
const KNOWN_FIELDS = new Set([...TRUTH_ID_FIELDS, ...TRUTH_TIME_FIELDS, VALUE_FIELD]);

/** The parts of one row as they came; `undefined` is "brings none". */
interface TruthRow {
  readonly id: unknown;
  readonly value: unknown;
  readonly observedAt: unknown;
}

/**
 * Decodes rows of ground truth: JSON `{ "rows": [{ "id", "value", "observedAt" }] }` or an array of them, NDJSON, or CSV
 * with a header line. A row without a time was observed when it arrived. Rows that cannot be used are refused one by one.
 *
 * @throws UnreadablePayload `wrong-form`, `too-many-rows`
 */
export function decodeGroundTruth(body: ReadBody, context: TruthContext): DecodedTruths {
  switch (body.format) {
    case 'json':
      return decodeRecords(rowsOf(body.value), context);
    case 'ndjson':
      return decodeRecords(jsonLines(body.text, context), context);
    case 'csv':
      return decodeCsvRows(body.text, context);
    case 'v2-binary':
      throw new UnreadablePayload('wrong-form', 'ground truth is sent as JSON, NDJSON or CSV', '');
  }
}

function rowsOf(value: unknown): readonly unknown[] {
  const rows = isRecord(value) ? value['rows'] : value;
  if (Array.isArray(rows)) return rows;
  throw new UnreadablePayload('wrong-form', `"rows" is ${kindOf(rows)}; it must be an array`, '/rows');
}

function decodeRecords(records: readonly unknown[], context: TruthContext): DecodedTruths {
  checkRowCount(records.length, context);
  const decoder = new TruthDecoder(context, cellOf);
  records.forEach((record, row) => {
    if (record instanceof NotJson)
      decoder.refuse(row, 'not-json', () => `line ${row} is not JSON: ${record.message}`);
    else if (isRecord(record)) decoder.pushRecord(row, record);
    else decoder.refuse(row, 'not-an-object', () => `row ${row} is ${kindOf(record)}; it must be an object`);
  });
  return decoder.build(records.length);
}

function decodeCsvRows(text: string, context: TruthContext): DecodedTruths {
  const [header = [], ...lines] = csvRecords(text, context.maxRows);
  checkRowCount(lines.length, context);
  const names = csvHeader(header);
  const places = placesOf(names);
  const decoder = new TruthDecoder(context, (field, type) => cellOfText(field as string, type));
  const fieldAt = (line: readonly string[], at: number): string | undefined =>
    line[at] === '' ? undefined : line[at];
  lines.forEach((line, row) => {
    if (line.length === names.length)
      decoder.push(row, {
        id: fieldAt(line, places.id),
        value: fieldAt(line, places.value),
        observedAt: fieldAt(line, places.observedAt),
      });
    else
      decoder.refuse(
        row,
        'wrong-shape',
        () => `row ${row} has ${line.length} fields and the header ${names.length}`,
      );
  });
  return decoder.build(lines.length);
}

/** Where a CSV file has what; −1 where it has no times. @throws UnreadablePayload where it lacks ids or values */
function placesOf(names: readonly string[]): Readonly<Record<keyof TruthRow, number>> {
  const placeOf = (fields: readonly string[]): number => names.findIndex((name) => fields.includes(name));
  const places = {
    id: placeOf(TRUTH_ID_FIELDS),
    value: placeOf([VALUE_FIELD]),
    observedAt: placeOf(TRUTH_TIME_FIELDS),
  };
  const unknown = names.find((name) => !KNOWN_FIELDS.has(name));
  const problem =
    places.id < 0 || places.value < 0
      ? 'the header must name the columns id and value'
      : unknown !== undefined
        ? `the header names ${quoted(unknown)}; the columns are id, value and observedAt`
        : null;
  if (problem !== null) throw new UnreadablePayload('wrong-form', `line 1: ${problem}`, '/lines/1');
  return places;
}

/** Collects the rows that can be used. */
class TruthDecoder {
  private readonly inferenceIds: string[] = [];
  private readonly values: string[] = [];
  private readonly observedAt: number[] = [];
  private readonly rejections = new RejectionLog();

  constructor(
    private readonly context: TruthContext,
    private readonly cell: typeof cellOf,
  ) {}

  pushRecord(row: number, record: Readonly<Record<string, unknown>>): void {
    for (const field in record) {
      if (KNOWN_FIELDS.has(field)) continue;
      this.refuse(
        row,
        'unknown-field',
        () => `row ${row} has the field ${quoted(field)}; the fields are id, value and observedAt`,
      );
      return;
    }
    this.push(row, {
      id: firstOf(record, TRUTH_ID_FIELDS),
      value: record[VALUE_FIELD],
      observedAt: firstOf(record, TRUTH_TIME_FIELDS),
    });
  }

  push(row: number, { id, value, observedAt }: TruthRow): void {
    if (typeof id !== 'string' || !isInferenceId(id)) {
      const must = `it must be a text of 1 to ${MAX_INFERENCE_ID_LENGTH} characters`;
      this.refuse(row, 'bad-inference-id', () => `row ${row}: the id is ${kindOf(id)}; ${must}`);
      return;
    }
    const text = this.truthOf(value);
    if (text === null) {
      this.refuse(
        row,
        'wrong-type',
        () => `row ${row}: the value is ${kindOf(value)}; it must be ${WANTED[this.context.kind]}`,
      );
      return;
    }
    const at = this.timeOf(row, observedAt);
    if (at === null) return;
    this.inferenceIds.push(id);
    this.values.push(text);
    this.observedAt.push(at);
  }

  refuse(row: number, reason: RejectionReason, message: () => string): void {
    this.rejections.refuse(row, reason, null, message);
  }

  build(receivedCount: number): DecodedTruths {
    const { inferenceIds, values, observedAt, rejections } = this;
    return { receivedCount, batch: { inferenceIds, values, observedAt }, rejections };
  }

  private truthOf(value: unknown): string | null {
    if (value === undefined) return null;
    const cell = this.cell(value, this.context.kind === 'number' ? 'numeric' : 'categorical');
    return cell === undefined || cell === null ? null : String(cell);
  }

  private timeOf(row: number, given: unknown): number | null {
    const { receivedAt, maxFutureMs } = this.context;
    if (given === undefined) return receivedAt;
    const at = instantOf(given);
    if (Number.isNaN(at)) {
      const must = 'it must be RFC 3339 with a zone, such as 2026-11-23T04:00:00Z';
      this.refuse(row, 'bad-timestamp', () => `row ${row}: observedAt is ${kindOf(given)}; ${must}`);
      return null;
    }
    if (at <= receivedAt + maxFutureMs) return at;
    this.refuse(
      row,
      'future-timestamp',
      () => `row ${row}: observedAt is ${at - receivedAt} ms ahead of Leeway's clock`,
    );
    return null;
  }
}

const WANTED: Readonly<Record<TruthKind, string>> = {
  number: 'a number: the model is of task regression',
  class: 'a class: a text, a number or a boolean',
  any: 'a text, a number or a boolean',
};

function firstOf(record: Readonly<Record<string, unknown>>, fields: readonly string[]): unknown {
  for (const field of fields) if (record[field] !== undefined) return record[field];
  return undefined;
}
