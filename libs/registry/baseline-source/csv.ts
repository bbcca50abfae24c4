import { cellOfText, type ColumnType } from '#payloads';
import type { ColumnSpec } from '../schemas.js';
import { BatchBuilder } from './batch.js';
import { csvRecords, type CsvRecord } from './csv-records.js';
import { matchColumns, unreadable, type BaselineReader, type BaselineStream } from './source.js';
import { StringCells } from './string-cells.js';

/** CSV as RFC 4180 has it, with a header line. Empty fields are missing values. */
export const readCsv: BaselineReader<BaselineStream> = async function* ({ stream }, columns) {
  let table: CsvTable | null = null;
  for await (const records of csvRecords(stream)) {
    for (const record of records) {
      if (table === null) {
        table = new CsvTable(record, columns);
        continue;
      }
      table.push(record);
      if (table.batch.isFull) yield table.batch.take();
    }
  }
  if (table !== null) yield table.batch.take();
};

interface CsvColumn {
  /** Its place in the file. */
  readonly field: number;
  readonly type: ColumnType;
  readonly strings: StringCells;
}

class CsvTable {
  readonly batch: BatchBuilder;
  private readonly fields: readonly CsvColumn[];

  /** @throws LeewayError `baseline-unreadable` where the header lacks a column or names one twice */
  constructor({ fields: header }: CsvRecord, columns: readonly ColumnSpec[]) {
    const names = header.map((name) => name.trim());
    const repeated = names.find((name, index) => names.indexOf(name) !== index);
    if (repeated !== undefined)
      throw unreadable(`line 1: the header names the column ${JSON.stringify(repeated)} twice`);
    const matched = matchColumns(columns, names, 'the header (line 1)');
    this.batch = new BatchBuilder(matched);
    this.fields = matched.map(({ name, type }) => ({
      field: names.indexOf(name),
      type,
      strings: new StringCells(type, cellOfText),
    }));
  }

  push({ fields }: CsvRecord): void {
    const { batch } = this;
    for (let column = 0; column < this.fields.length; column += 1) {
      const { field, type, strings } = this.fields[column]!;
      const text = fields[field] ?? '';
      batch.push(column, type === 'numeric' ? cellOfText(text, type) : strings.cellOf(text));
    }
    batch.endRow();
  }
}
