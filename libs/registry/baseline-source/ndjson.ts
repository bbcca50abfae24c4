import { createInterface } from 'node:readline';
import { cellOf } from '#payloads';
import { messageOf } from '#platform';
import {
  buildersFor,
  isRequired,
  unreadable,
  type BaselineReader,
  type BaselineRows,
  type BaselineStream,
  type BaselineTable,
} from './source.js';
import type { ColumnSpec } from '../schemas.js';

type Row = Readonly<Record<string, unknown>>;

/**
 * One JSON object a line; empty lines are skipped. A column that a line lacks is a missing value there. Lines may hold their columns
 * under `values`, as exported captured rows do.
 */
export const readNdjson: BaselineReader<BaselineStream> = async ({ stream }, columns) => {
  const table = new RowTable(columns, 'line');
  const lines = createInterface({ input: stream, crlfDelay: Infinity });
  const failed = new Promise<never>((_, reject) => stream.once('error', reject));
  const read = (async () => {
    let number = 0;
    for await (const line of lines) {
      number += 1;
      if (line.trim() !== '') table.push(parseLine(line, number), number);
    }
  })();
  await Promise.race([read, failed]);
  return table.build();
};

/** Rows that came in a JSON body. */
export const readRows: BaselineReader<BaselineRows> = ({ rows }, columns) => {
  const table = new RowTable(columns, 'row');
  rows.forEach((row, index) => table.push(row, index));
  return Promise.resolve(table.build());
};

/** The fields of an exported captured row. */
const INFERENCE_FIELDS = new Set(['inferenceId', 'timestamp', 'values']);

function isRecord(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseLine(line: string, number: number): Row {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw unreadable(
      `line ${number} is not JSON: ${messageOf(cause)}`,
      [{ pointer: `/lines/${number}`, detail: messageOf(cause) }],
      cause,
    );
  }
  if (!isRecord(value)) {
    throw unreadable(`line ${number} is not a JSON object`, [
      { pointer: `/lines/${number}`, detail: 'expected an object' },
    ]);
  }
  return value;
}

/** Collects rows of column names and values; checks at the end that every required column was there at least once. */
class RowTable {
  private readonly builders;
  private readonly seen = new Set<string>();
  private rowCount = 0;

  constructor(
    private readonly columns: readonly ColumnSpec[],
    private readonly unit: 'row' | 'line',
  ) {
    this.builders = buildersFor(columns);
  }

  push(given: Row, at: number): void {
    const row = this.valuesOf(given);
    this.columns.forEach((column, index) => {
      const hasColumn = Object.hasOwn(row, column.name);
      if (hasColumn) this.seen.add(column.name);
      else if (isRequired(column) && this.rowCount === 0) {
        throw unreadable(`${this.unit} ${at} has no value for the column ${JSON.stringify(column.name)}`, [
          { pointer: `/${this.unit}s/${at}/${column.name}`, detail: 'the schema requires this column' },
        ]);
      }
      this.builders[index]?.push(hasColumn ? cellOf(row[column.name], column.type) : null);
    });
    this.rowCount += 1;
  }

  /** The columns of a row: the row itself, or its `values` where it has nothing else but what an inference has beside them. */
  private valuesOf(row: Row): Row {
    const { values } = row;
    const isExported =
      isRecord(values) &&
      Object.keys(row).every((key) => INFERENCE_FIELDS.has(key)) &&
      !this.columns.some(({ name }) => name === 'values');
    return isExported ? values : row;
  }

  build(): BaselineTable {
    const present = this.columns.map((column, index) => ({ column, builder: this.builders[index] }));
    return {
      rowCount: this.rowCount,
      columns: present.flatMap(({ column, builder }) =>
        builder !== undefined && (isRequired(column) || this.seen.has(column.name)) ? [builder.build()] : [],
      ),
    };
  }
}
