import { isRecord } from '../rejections.js';
import type { DecodedRows, DecodingContext } from '../decoding.js';
import { RecordDecoder, type RecordForm } from '../records.js';
import { jsonLines, NotJson } from './json-lines.js';

/**
 * Decodes NDJSON: one record a line, in the form of the first one. Empty lines are no rows; a line that is not JSON is a
 * refused one.
 *
 * @throws UnreadablePayload `too-many-rows`
 */
export function decodeLines(text: string, context: DecodingContext): DecodedRows {
  const records = jsonLines(text, context);
  const form = formOf(
    records.find((record) => !(record instanceof NotJson)),
    context,
  );
  const decoder = new RecordDecoder(form, context, context.part ?? 'whole', records.length);
  records.forEach((record, row) => {
    if (record instanceof NotJson)
      decoder.refuse(row, 'not-json', null, () => `line ${row} is not JSON: ${record.message}`);
    else decoder.push(row, record);
  });
  return decoder.build();
}

/** `row` when the record has an object of values that is not itself a column. */
export function formOf(record: unknown, { columns }: DecodingContext): RecordForm {
  const hasValues = isRecord(record) && isRecord(record['values']);
  return hasValues && !columns.some(({ name }) => name === 'values') ? 'row' : 'flat';
}
