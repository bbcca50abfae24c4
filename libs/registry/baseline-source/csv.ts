import { CsvError, parse } from 'csv-parse';
import { cellOfText, type ColumnBuilder, type ColumnType } from '#payloads';
import { buildersFor, matchColumns, unreadable, type BaselineReader, type BaselineStream } from './source.js';

/** Longest line that is taken: a quote that is never closed must not swallow the whole file into memory. */
const MAX_RECORD_BYTES = 1_000_000;

/** CSV as RFC 4180 has it, with a header line. Empty fields are missing values. */
export const readCsv: BaselineReader<BaselineStream> = async ({ stream }, columns) => {
  const parser = stream.pipe(parse({ bom: true, max_record_size: MAX_RECORD_BYTES }));
  stream.once('error', (error) => parser.destroy(error));
  let reader: CsvColumns | null = null;
  let rowCount = 0;
  try {
    for await (const record of parser as AsyncIterable<string[]>) {
      if (reader === null) {
        reader = columnsOf(record, columns);
        continue;
      }
      for (const { index, builder, type } of reader) builder.push(cellOfText(record[index] ?? '', type));
      rowCount += 1;
    }
  } catch (error) {
    throw error instanceof CsvError ? csvProblem(error) : error;
  }
  return { rowCount, columns: (reader ?? []).map(({ builder }) => builder.build()) };
};

type CsvColumns = readonly {
  readonly index: number;
  readonly builder: ColumnBuilder;
  readonly type: ColumnType;
}[];

function columnsOf(header: readonly string[], columns: Parameters<typeof matchColumns>[0]): CsvColumns {
  const names = header.map((name) => name.trim());
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined)
    throw unreadable(`line 1: the header names the column ${JSON.stringify(repeated)} twice`);
  const matched = matchColumns(columns, names, 'the header (line 1)');
  const builders = buildersFor(matched);
  return matched.flatMap((column, at) => {
    const builder = builders[at];
    return builder === undefined ? [] : [{ index: names.indexOf(column.name), builder, type: column.type }];
  });
}

function csvProblem(error: CsvError): Error {
  const line = 'lines' in error ? Number(error.lines) : null;
  const where = line === null ? '' : `line ${line}: `;
  return unreadable(
    `${where}${error.message}`,
    line === null ? [] : [{ pointer: `/lines/${line}`, detail: error.message }],
    error,
  );
}
