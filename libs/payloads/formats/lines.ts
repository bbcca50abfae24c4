import { isRecord } from '../rejections.js';
import type { DecodedRows, DecodingContext } from '../decoding.js';
import { RecordDecoder, type RecordForm } from '../records.js';
import { jsonLines, NotJson } from './json-lines.js';

/**
 * Decodes NDJSON: one record a line, in the form of the first one that has any. Empty lines are no rows; a line that is not JSON is a
 * refused one.
 *
 * @throws UnreadablePayload `too-many-rows`
 */
export function decodeLines(text: string, context: DecodingContext): DecodedRows {
  const records = jsonLines(text, context);
  const decoder = new RecordDecoder(
    formOf(records, context),
    context,
    context.part ?? 'whole',
    records.length,
  );
  records.forEach((record, row) => {
    if (record instanceof NotJson)
      decoder.refuse(row, 'not-json', null, () => `line ${row} is not JSON: ${record.message}`);
    else decoder.push(row, record);
  });
  return decoder.build();
}

/**
 * The form of the first record that decides it: `row` with an object of values that is not itself a column, `flat` with one of
 * the columns. Records of neither, such as null or `{}`, are wrong in both forms.
 */
export function formOf(records: readonly unknown[], { columns }: DecodingContext): RecordForm {
  const hasValues = !columns.some(({ name }) => name === 'values');
  for (const record of records) {
    if (!isRecord(record)) continue;
    if (hasValues && isRecord(record['values'])) return 'row';
    if (columns.some(({ name }) => Object.hasOwn(record, name))) return 'flat';
  }
  return 'flat';
}
