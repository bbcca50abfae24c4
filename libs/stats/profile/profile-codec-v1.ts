import type { ByteReader } from '../bytes/byte-reader.js';
import { StatsFormatError } from '../bytes/stats-format-error.js';
import type { CategoricalProfile, ColumnProfile, NumericProfile } from './profile.js';
import { readCounters } from './space-saving-codec.js';

/**
 * Reads a column of format version 1, which had numbers and categories only.
 *
 * Windows and baselines stored before text columns came are in it, so it stays until no supported release wrote it.
 * @throws StatsFormatError if the bytes do not fit the column
 */
export function readColumnV1(reader: ByteReader, column: ColumnProfile): void {
  column.missingCount = reader.varint();
  column.invalidCount = reader.varint();
  column.count = reader.varint();
  if (column.kind === 'numeric') readNumericV1(reader, column);
  else if (column.kind === 'categorical') readCategoricalV1(reader, column);
  else throw new StatsFormatError('format version 1 has no text columns');
}

function readNumericV1(reader: ByteReader, column: NumericProfile): void {
  column.mean = reader.float64();
  column.m2 = reader.float64();
  column.min = reader.float64();
  column.max = reader.float64();
  readCellsV1(reader, column.counts, (k) => (column.sums[k] = reader.float64()));
}

function readCategoricalV1(reader: ByteReader, column: CategoricalProfile): void {
  column.otherCount = reader.varint();
  column.unseenCount = reader.varint();
  readCellsV1(reader, column.counts, () => undefined);
  readCounters(reader, column.unlisted);
}

/** Per non-empty cell the empty cells before it and its count; ends with the empty cells left and a count of 0. */
function readCellsV1(reader: ByteReader, counts: Float64Array, readRest: (k: number) => void): void {
  for (let k = reader.varint(); ; k += 1 + reader.varint()) {
    const count = reader.varint();
    if (count === 0 && k === counts.length) return;
    if (count === 0 || k >= counts.length)
      throw new StatsFormatError(`cell ${k} of ${counts.length} cannot hold ${count}`);
    counts[k] = count;
    readRest(k);
  }
}
