import { parse, CsvError } from 'csv-parse/sync';
import { cellOfText } from '../cell.js';
import { UnreadablePayload, type DecodedRows, type DecodingContext } from '../decoding.js';
import { ID_FIELDS, TIME_FIELDS } from '../records.js';
import { decodeTable } from '../table.js';

/** Longest line that is taken, in characters: a quote that is never closed must not swallow the whole body. */
const MAX_RECORD_LENGTH = 1_000_000;

/**
 * Decodes CSV as RFC 4180 has it, with a header line. Empty fields are missing values; `timestamp` and `inferenceId`,
 * `inference_id` or `request_id` are the row's own unless the schema has such a column.
 *
 * @throws UnreadablePayload `wrong-form` with the line, `too-many-rows`
 */
export function decodeCsv(text: string, context: DecodingContext): DecodedRows {
  const [header = [], ...lines] = recordsOf(text, context.maxRows);
  const names = header.map((name) => name.trim());
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined)
    throw new UnreadablePayload(
      'wrong-form',
      `line 1: the header names the column ${JSON.stringify(repeated)} twice`,
      '/lines/1',
    );
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

/** One record more than may be sent is enough to see that it is too many. */
function recordsOf(text: string, maxRows: number): string[][] {
  try {
    return parse(text, {
      bom: true,
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: MAX_RECORD_LENGTH,
      to: maxRows + 2,
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = 'lines' in error ? Number(error.lines) : 1;
    throw new UnreadablePayload('wrong-form', `line ${line}: ${error.message}`, `/lines/${line}`);
  }
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
