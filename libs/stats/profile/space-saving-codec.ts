import type { ByteReader } from '../bytes/byte-reader.js';
import type { ByteWriter } from '../bytes/byte-writer.js';
import { StatsFormatError } from '../bytes/stats-format-error.js';
import { appendCounter, SPACE_SAVING_COUNTERS, type SpaceSaving } from './space-saving.js';

/** Writes the values kept with their counts and overcounts, after their number. */
export function writeCounters(writer: ByteWriter, { values, counts, overcounts }: SpaceSaving): void {
  writer.varint(values.length);
  values.forEach((value, i) => {
    writer.text(value);
    writer.varint(counts[i]!);
    writer.varint(overcounts[i]!);
  });
}

/** Reads into an empty summary. @throws StatsFormatError if there are more values than a summary keeps, or one twice */
export function readCounters(reader: ByteReader, summary: SpaceSaving): void {
  const length = reader.length();
  if (length > SPACE_SAVING_COUNTERS)
    throw new StatsFormatError(`${length} frequent values are more than the ${SPACE_SAVING_COUNTERS} kept`);
  for (let left = length; left > 0; left--) {
    const value = reader.text();
    if (summary.index.has(value)) throw new StatsFormatError('a frequent value stands twice');
    appendCounter(summary, { value, count: reader.varint(), overcount: reader.varint() });
  }
}
