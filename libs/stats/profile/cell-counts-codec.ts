import type { ByteReader } from '../bytes/byte-reader.js';
import type { ByteWriter } from '../bytes/byte-writer.js';
import { StatsFormatError } from '../bytes/stats-format-error.js';

/** Writes the count of each cell; a run of empty ones as 0 and its length. Example: 5, 0, 0, 0, 7 become 5, 0, 3, 7. */
export function writeCells(writer: ByteWriter, counts: Float64Array): void {
  for (let k = 0; k < counts.length;) {
    writer.varint(counts[k]!);
    if (counts[k++] !== 0) continue;
    const start = k;
    while (k < counts.length && counts[k] === 0) k++;
    writer.varint(k - start + 1);
  }
}

/** Reads as many counts as there is room for. @throws StatsFormatError if a run of empty cells is empty or too long */
export function readCells(reader: ByteReader, counts: Float64Array): void {
  for (let k = 0; k < counts.length;) {
    const count = reader.varint();
    if (count > 0) {
      counts[k++] = count;
      continue;
    }
    const run = reader.varint();
    if (run === 0 || run > counts.length - k)
      throw new StatsFormatError(`${run} empty cells cannot follow cell ${k} of ${counts.length}`);
    k += run;
  }
}
