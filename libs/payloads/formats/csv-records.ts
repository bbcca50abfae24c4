import { parse, CsvError } from 'csv-parse/sync';
import { UnreadablePayload } from '../decoding.js';

/** Longest line that is taken, in characters: a quote that is never closed must not swallow the whole body. */
const MAX_RECORD_LENGTH = 1_000_000;

/**
 * The records of CSV as RFC 4180 has it, the header first; empty lines are none. One record more than `maxRows` is enough to see that
 * it is too many.
 *
 * @throws UnreadablePayload `wrong-form` with the line
 */
export function csvRecords(text: string, maxRows: number): string[][] {
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

/** The names of a header, without spaces around them. @throws UnreadablePayload when one stands twice */
export function csvHeader(header: readonly string[]): string[] {
  const names = header.map((name) => name.trim());
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated === undefined) return names;
  throw new UnreadablePayload(
    'wrong-form',
    `line 1: the header names the column ${JSON.stringify(repeated)} twice`,
    '/lines/1',
  );
}
