import { cellOfText } from '../cell.js';
import type { DecodedRows, DecodingContext } from '../decoding.js';
import { ID_FIELDS, TIME_FIELDS } from '../records.js';
import { decodeTable } from '../table.js';
import { csvHeader, csvRecords } from './csv-records.js';

/**
 * Decodes CSV as RFC 4180 has it, with a header line. Empty fields are missing values; `timestamp` and `inferenceId`,
 * `inference_id` or `request_id` are the row's own unless the schema has such a column.
 *
 * @throws UnreadablePayload `wrong-form` with the line, `too-many-rows`
 */
export function decodeCsv(text: string, context: DecodingContext): DecodedRows {
  const [header = [], ...lines] = csvRecords(text, context.maxRows);
  const names = csvHeader(header);
  const misshapen = new Map<number, string>();
  const cells = names.map(() => new Array<string>(lines.length).fill(''));
  lines.forEach((line, row) => {
    if (line.length !== names.length)
      misshapen.set(row, `row ${row} has ${line.length} fields and the header ${names.length}`);
    else line.forEach((field, index) => ((cells[index] ?? [])[row] = field));
  });
  const table = new Map(names.map((name, index) => [name, cells[index] ?? []]));
  const known = new Set(context.columns.map(({ name }) => name));
  return decodeTable(
    {
      rowCount: lines.length,
      inferenceIds: takeFact(table, ID_FIELDS, known),
      timestamps: takeFact(table, TIME_FIELDS, known),
      columns: table,
      misshapen,
      cellOf: (field, type) => cellOfText(field as string, type),
      hasZone: false,
    },
    context,
  );
}

/** The fact's fields, an empty one being none; they are no columns then. */
function takeFact(
  table: Map<string, string[]>,
  fields: readonly string[],
  known: ReadonlySet<string>,
): (string | undefined)[] | undefined {
  const name = fields.find((field) => table.has(field) && !known.has(field));
  if (name === undefined) return undefined;
  const cells = table.get(name);
  table.delete(name);
  return cells?.map((field) => (field === '' ? undefined : field));
}
