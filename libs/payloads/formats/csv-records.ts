import { parse, CsvError } from 'csv-parse/sync';
import { UnreadablePayload } from '../decoding.js';
import { quoted } from '../rejections.js';

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
      // A quote inside a field that is not quoted (5" pipe) is a character like any other.
      relax_quotes: true,
      record_delimiter: lineEnds(text),
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

/**
 * What ends a line. Files that several tools wrote mix them, and by itself the parser expects what ends the first line; looking for
 * three takes a tenth longer than for one.
 */
function lineEnds(text: string): string[] {
  return text.includes('\r') ? ['\r\n', '\n', '\r'] : ['\n'];
}

/** Columns that a header may name: more than any model has, and few enough to be looked at one by one. */
const MAX_NAMES = 10_000;

/** The names of a header, without spaces around them. @throws UnreadablePayload when there are too many, or one stands twice */
export function csvHeader(header: readonly string[]): string[] {
  if (header.length > MAX_NAMES)
    throw wrongHeader(`names ${header.length} columns; there may be at most ${MAX_NAMES}`);
  const names = header.map((name) => name.trim());
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw wrongHeader(`names the column ${quoted(name)} twice`);
    seen.add(name);
  }
  return names;
}

function wrongHeader(problem: string): UnreadablePayload {
  return new UnreadablePayload('wrong-form', `line 1: the header ${problem}`, '/lines/1');
}
