import { cellOf } from './cell.js';
import { columnsOfPart, type PayloadColumn, type PayloadPart } from './column-batch.js';
import { checkRowCount, type DecodedRows, type DecodingContext } from './decoding.js';
import { isRecord, kindOf, quoted, RejectionLog, type RejectionReason } from './rejections.js';
import { RowFacts } from './row-facts.js';
import { columnOf, rowReaderFor, rowSinksFor, type ColumnSink, type RowReader } from './row-reader.js';
import { UnexpectedColumns } from './unexpected-columns.js';

/**
 * How a record holds its values: `row` is `{ inferenceId?, timestamp?, values: { column: value } }`; `flat` has the
 * columns beside `timestamp` and the id, which may be called `inferenceId`, `inference_id` or `request_id`.
 */
export type RecordForm = 'row' | 'flat';

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
  private readonly plan: RecordPlan;
  private readonly sinks: readonly ColumnSink[];
  private readonly facts: RowFacts;
  private readonly log = new RejectionLog();
  private readonly unexpected: UnexpectedColumns;
  private count = 0;

  constructor(
    private readonly form: RecordForm,
    context: DecodingContext,
    private readonly part: PayloadPart,
    private readonly rowCount: number,
  ) {
    this.plan = planFor(context.columns, part, form);
    this.sinks = rowSinksFor(this.plan.columns, rowCount);
    this.facts = new RowFacts(context, rowCount);
    this.unexpected = new UnexpectedColumns(this.plan.expected);
  }

  push(row: number, record: unknown): void {
    const read = this.form === 'row' ? this.readRow(row, record) : this.readFlat(row, record);
    if (read === null) return;
    const problem = this.facts.push(row, read.id, read.timestamp, this.form === 'row');
    if (problem !== null) {
      this.refuse(row, problem.reason, null, () => problem.message);
      return;
    }
    const present = this.plan.readCells(read.values, this.sinks, this.count);
    if (present < 0) {
      this.facts.pop();
      this.refuseCell(row, read.values);
      return;
    }
    this.count += 1;
    if (Object.keys(read.values).length > present + read.factCount) this.unexpected.note(read.values, row);
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
        columns: this.plan.columns.map((column, index) => columnOf(column, this.sinks[index] ?? [], count)),
      },
      rejections: this.log,
      unexpectedColumns: this.unexpected.names,
      unexpectedRowCount: this.unexpected.rows.size,
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
    const unknown = unknownField(record);
    if (unknown !== undefined) {
      this.refuse(
        row,
        'unknown-field',
        null,
        () => `row ${row} has the field ${quoted(unknown)}; column values belong under "values"`,
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
    const id = firstOf(record, this.plan.idFields);
    const timestamp = firstOf(record, this.plan.timeFields);
    const factCount = (id === undefined ? 0 : 1) + (timestamp === undefined ? 0 : 1);
    return { id, timestamp, values: record, factCount };
  }

  private refuseCell(row: number, values: Readonly<Record<string, unknown>>): void {
    for (const { name, type, side } of this.plan.columns) {
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

function unknownField(record: Readonly<Record<string, unknown>>): string | undefined {
  for (const key in record) if (key !== 'values' && key !== 'inferenceId' && key !== 'timestamp') return key;
  return undefined;
}

/** What decoding works out of a schema once, and not for every payload of a single row. */
interface RecordPlan {
  readonly columns: readonly PayloadColumn[];
  readonly readCells: RowReader;
  /** Keys of the values that are columns, or facts of a flat record. */
  readonly expected: ReadonlySet<string>;
  readonly idFields: readonly string[];
  readonly timeFields: readonly string[];
}

const PLANS = new WeakMap<readonly PayloadColumn[], Map<string, RecordPlan>>();

function planFor(schema: readonly PayloadColumn[], part: PayloadPart, form: RecordForm): RecordPlan {
  let plans = PLANS.get(schema);
  if (plans === undefined) PLANS.set(schema, (plans = new Map<string, RecordPlan>()));
  const key = `${part}/${form}`;
  let plan = plans.get(key);
  if (plan === undefined) plans.set(key, (plan = makePlan(schema, part, form)));
  return plan;
}

function makePlan(schema: readonly PayloadColumn[], part: PayloadPart, form: RecordForm): RecordPlan {
  const columns = partColumns(schema, part);
  const known = new Set(schema.map(({ name }) => name));
  const idFields = ID_FIELDS.filter((name) => !known.has(name));
  const timeFields = TIME_FIELDS.filter((name) => !known.has(name));
  const facts = form === 'flat' ? [...idFields, ...timeFields] : [];
  const expected = new Set([...columns.map(({ name }) => name), ...facts]);
  return { columns, readCells: rowReaderFor(columns), expected, idFields, timeFields };
}

const NAMES = new WeakMap<readonly PayloadColumn[], ReadonlySet<string>>();

/** The names of these columns, collected once per list. */
export function namesOf(columns: readonly PayloadColumn[]): ReadonlySet<string> {
  let names = NAMES.get(columns);
  if (names === undefined) NAMES.set(columns, (names = new Set(columns.map(({ name }) => name))));
  return names;
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
