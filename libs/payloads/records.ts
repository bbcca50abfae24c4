import { cellOf } from './cell.js';
import { columnsOfPart, type PayloadColumn, type PayloadPart } from './column-batch.js';
import { checkRowCount, type DecodedRows, type DecodingContext } from './decoding.js';
import { isRecord, kindOf, RejectionLog, type RejectionReason } from './rejections.js';
import { RowFacts } from './row-facts.js';
import { columnOf, rowReaderFor, sinkFor, type ColumnSink, type RowReader } from './row-reader.js';
import { UnexpectedColumns } from './unexpected-columns.js';

/**
 * How a record holds its values: `row` is `{ inferenceId?, timestamp?, values: { column: value } }`; `flat` has the
 * columns beside `timestamp` and the id, which may be called `inferenceId`, `inference_id` or `request_id`.
 */
export type RecordForm = 'row' | 'flat';

const ROW_FIELDS = new Set(['inferenceId', 'timestamp', 'values']);
/** The fields of a flat record that name the inference; one that the schema has as a column is that column. */
export const ID_FIELDS = ['inferenceId', 'inference_id', 'request_id'];
export const TIME_FIELDS = ['timestamp'];

/**
 * Decodes one record a row.
 *
 * A row is either in the batch, whole, or refused with the first thing that is wrong with it; rows keep their order.
 * @throws UnreadablePayload `too-many-rows`, and nothing else, whatever the records are
 */
export function decodeRecords(
  records: readonly unknown[],
  form: RecordForm,
  context: DecodingContext,
  part: PayloadPart = context.part ?? 'whole',
): DecodedRows {
  checkRowCount(records.length, context);
  const decoder = new RecordDecoder(form, context, part, records.length);
  for (let row = 0; row < records.length; row += 1) decoder.push(row, records[row]);
  return decoder.build();
}

/** What a record says of itself, beside its values. */
interface ReadRecord {
  readonly id: unknown;
  readonly timestamp: unknown;
  readonly values: Readonly<Record<string, unknown>>;
  /** Keys of `values` that are the record's id and time. */
  readonly factCount: number;
}

/** Decodes records one after another; a line that is no record at all can be refused in its place. */
export class RecordDecoder {
  private readonly columns: readonly PayloadColumn[];
  private readonly sinks: readonly ColumnSink[];
  private readonly readCells: RowReader;
  private readonly facts: RowFacts;
  private readonly log = new RejectionLog();
  private readonly unexpected: UnexpectedColumns;
  private readonly idFields: readonly string[];
  private readonly timeFields: readonly string[];
  private count = 0;

  constructor(
    private readonly form: RecordForm,
    context: DecodingContext,
    private readonly part: PayloadPart,
    private readonly rowCount: number,
  ) {
    this.columns = partColumns(context.columns, part);
    this.sinks = this.columns.map((column) => sinkFor(column, rowCount));
    this.readCells = rowReaderFor(this.columns);
    this.facts = new RowFacts(context, rowCount);
    const known = new Set(context.columns.map(({ name }) => name));
    this.idFields = ID_FIELDS.filter((name) => !known.has(name));
    this.timeFields = TIME_FIELDS.filter((name) => !known.has(name));
    this.unexpected = new UnexpectedColumns(
      this.columns,
      form === 'flat' ? [...this.idFields, ...this.timeFields] : [],
    );
  }

  push(row: number, record: unknown): void {
    const read = this.form === 'row' ? this.readRow(row, record) : this.readFlat(row, record);
    if (read === null) return;
    const problem = this.facts.push(row, read.id, read.timestamp, this.form === 'row');
    if (problem !== null) {
      this.refuse(row, problem.reason, null, () => problem.message);
      return;
    }
    const present = this.readCells(read.values, this.sinks, this.count);
    if (present < 0) {
      this.facts.pop();
      this.refuseCell(row, read.values);
      return;
    }
    this.count += 1;
    if (Object.keys(read.values).length > present + read.factCount) this.unexpected.note(read.values);
  }

  refuse(row: number, reason: RejectionReason, column: string | null, message: () => string): void {
    this.log.refuse(row, reason, column, message);
  }

  build(): DecodedRows {
    const { count } = this;
    return {
      part: this.part,
      receivedCount: this.rowCount,
      batch: {
        rowCount: count,
        inferenceIds: this.facts.inferenceIds,
        timestamps: this.facts.timestamps,
        columns: this.columns.map((column, index) => columnOf(column, this.sinks[index] ?? [], count)),
      },
      rejections: this.log,
      unexpectedColumns: this.unexpected.names,
      unexpectedRowCount: this.unexpected.rowCount,
    };
  }

  private readRow(row: number, record: unknown): ReadRecord | null {
    if (!isRecord(record)) {
      this.refuse(
        row,
        'not-an-object',
        null,
        () => `row ${row} is ${kindOf(record)}; expected an object with "values"`,
      );
      return null;
    }
    const { inferenceId: id, timestamp, values } = record;
    const unknown = Object.keys(record).find((key) => !ROW_FIELDS.has(key));
    if (unknown !== undefined) {
      this.refuse(
        row,
        'unknown-field',
        null,
        () => `row ${row} has the field ${JSON.stringify(unknown)}; column values belong under "values"`,
      );
      return null;
    }
    if (!isRecord(values)) {
      this.refuse(
        row,
        'not-an-object',
        null,
        () => `row ${row}: "values" is ${kindOf(values)}; expected an object`,
      );
      return null;
    }
    return { id, timestamp, values, factCount: 0 };
  }

  private readFlat(row: number, record: unknown): ReadRecord | null {
    if (!isRecord(record)) {
      this.refuse(
        row,
        'not-an-object',
        null,
        () => `row ${row} is ${kindOf(record)}; expected an object of columns and values`,
      );
      return null;
    }
    const id = firstOf(record, this.idFields);
    const timestamp = firstOf(record, this.timeFields);
    const factCount = (id === undefined ? 0 : 1) + (timestamp === undefined ? 0 : 1);
    return { id, timestamp, values: record, factCount };
  }

  private refuseCell(row: number, values: Readonly<Record<string, unknown>>): void {
    for (const { name, type, side } of this.columns) {
      if (!Object.hasOwn(values, name)) {
        if (side === 'neither') continue;
        this.refuse(row, 'missing-column', name, () => missingColumn(row, name));
        return;
      }
      if (cellOf(values[name], type) !== undefined) continue;
      this.refuse(row, 'wrong-type', name, () => wrongType(row, name, values[name], type));
      return;
    }
    throw new Error('the row reader refused a row that has nothing wrong');
  }
}

export function missingColumn(row: number, name: string): string {
  return `row ${row} has no value for the column "${name}"`;
}

export function wrongType(row: number, name: string, value: unknown, type: string): string {
  return `row ${row}: "${name}" is ${kindOf(value)}; the schema says ${type}`;
}

function firstOf(record: Readonly<Record<string, unknown>>, fields: readonly string[]): unknown {
  for (const field of fields) if (Object.hasOwn(record, field)) return record[field];
  return undefined;
}

const PARTS = new WeakMap<readonly PayloadColumn[], Map<PayloadPart, readonly PayloadColumn[]>>();

/** The columns of a part, the same list every time: readers are compiled once per list. */
export function partColumns(columns: readonly PayloadColumn[], part: PayloadPart): readonly PayloadColumn[] {
  let parts = PARTS.get(columns);
  if (parts === undefined) PARTS.set(columns, (parts = new Map<PayloadPart, readonly PayloadColumn[]>()));
  let list = parts.get(part);
  if (list === undefined) parts.set(part, (list = columnsOfPart(columns, part)));
  return list;
}
