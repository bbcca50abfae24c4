import { cellOfText } from '../cell.js';
import { checkRowCount, type DecodedRows, type DecodingContext } from '../decoding.js';
import { ID_FIELDS, namesOf, TIME_FIELDS } from '../records.js';
import { decodeTable } from '../table.js';
import { UnexpectedColumns } from '../unexpected-columns.js';
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
  checkRowCount(lines.length, context);
  const known = namesOf(context.columns);
  const unexpected = new UnexpectedColumns(known);
  const facts = [factOf(names, ID_FIELDS, known), factOf(names, TIME_FIELDS, known)] as const;
  const misshapen = new Map<number, (row: number) => string>();
  lines.forEach((line, row) => {
    if (line.length !== names.length)
      misshapen.set(row, (of) => `row ${of} has ${line.length} fields and the header ${names.length}`);
  });
  const columns = new Map<string, string[]>();
  names.forEach((name, index) => {
    if (known.has(name))
      columns.set(
        name,
        lines.map((line) => line[index] ?? ''),
      );
    else if (!facts.includes(index)) unexpected.addToAll(name);
  });
  return decodeTable(
    {
      rowCount: lines.length,
      inferenceIds: factsAt(lines, facts[0]),
      timestamps: factsAt(lines, facts[1]),
      columns,
      misshapen,
      unexpected: [unexpected],
      cellOf: (field, type) => cellOfText(field as string, type),
      hasZone: false,
    },
    context,
  );
}

/** The place of a fact's field, unless it is a column; null where there is none. */
function factOf(
  names: readonly string[],
  fields: readonly string[],
  known: ReadonlySet<string>,
): number | null {
  const field = fields.find((each) => !known.has(each) && names.includes(each));
  return field === undefined ? null : names.indexOf(field);
}

/** The facts of all rows, an empty field being none. */
function factsAt(lines: readonly string[][], place: number | null): (string | undefined)[] | undefined {
  if (place === null) return undefined;
  return lines.map((line) => (line[place] === '' ? undefined : line[place]));
}
