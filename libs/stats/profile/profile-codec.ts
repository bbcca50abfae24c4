import type { ByteReader } from '../bytes/byte-reader.js';
import type { ByteWriter } from '../bytes/byte-writer.js';
import { sealed, unsealed } from '../bytes/envelope.js';
import { StatsFormatError } from '../bytes/stats-format-error.js';
import type { Grid } from '../grid/grid.js';
import {
  emptyProfile,
  type CategoricalProfile,
  type ColumnProfile,
  type NumericProfile,
  type Profile,
} from './profile.js';
import { appendCounter } from './space-saving.js';

/**
 * The profile as bytes, without its grid: version, grid hash, per column the non-empty cells only, checksum.
 *
 * Counts are varints after the number of empty cells skipped; a numeric cell adds its sum. At most 100 KB a column.
 */
export function serializeProfile(profile: Profile): Uint8Array {
  return sealed('profile', (writer) => {
    writer.text(profile.grid.hash);
    writer.varint(profile.rowCount);
    for (const column of profile.columns) writeColumn(writer, column);
  });
}

/**
 * The profile that `serializeProfile` wrote, on its grid.
 * @throws StatsFormatError if the bytes are damaged, cut short, or of another format
 * @throws RangeError if the profile was counted on another grid
 */
export function deserializeProfile(bytes: Uint8Array, grid: Grid): Profile {
  return unsealed('profile', bytes, (reader) => {
    const hash = reader.text();
    if (hash !== grid.hash)
      throw new RangeError(`this profile was counted on grid ${hash}, not on ${grid.hash}`);
    const profile = emptyProfile(grid);
    profile.rowCount = reader.varint();
    for (const column of profile.columns) readColumn(reader, column);
    return profile;
  });
}

function writeColumn(writer: ByteWriter, column: ColumnProfile): void {
  writer.varint(column.missingCount);
  writer.varint(column.invalidCount);
  writer.varint(column.count);
  if (column.kind === 'numeric') writeNumeric(writer, column);
  else writeCategorical(writer, column);
}

function readColumn(reader: ByteReader, column: ColumnProfile): void {
  column.missingCount = reader.varint();
  column.invalidCount = reader.varint();
  column.count = reader.varint();
  if (column.kind === 'numeric') readNumeric(reader, column);
  else readCategorical(reader, column);
}

function writeNumeric(writer: ByteWriter, column: NumericProfile): void {
  for (const moment of [column.mean, column.m2, column.min, column.max]) writer.float64(moment);
  writeCells(writer, column.counts, (k) => writer.float64(column.sums[k]!));
}

function readNumeric(reader: ByteReader, column: NumericProfile): void {
  column.mean = reader.float64();
  column.m2 = reader.float64();
  column.min = reader.float64();
  column.max = reader.float64();
  readCells(reader, column.counts, (k) => (column.sums[k] = reader.float64()));
}

function writeCategorical(writer: ByteWriter, column: CategoricalProfile): void {
  writer.varint(column.otherCount);
  writer.varint(column.unseenCount);
  writeCells(writer, column.counts, () => undefined);
  writer.varint(column.unlisted.values.length);
  column.unlisted.values.forEach((value, i) => {
    writer.text(value);
    writer.varint(column.unlisted.counts[i]!);
    writer.varint(column.unlisted.overcounts[i]!);
  });
}

function readCategorical(reader: ByteReader, column: CategoricalProfile): void {
  column.otherCount = reader.varint();
  column.unseenCount = reader.varint();
  readCells(reader, column.counts, () => undefined);
  for (let left = reader.length(); left > 0; left--) {
    appendCounter(column.unlisted, {
      value: reader.text(),
      count: reader.varint(),
      overcount: reader.varint(),
    });
  }
}

/** Writes, per non-empty cell, the empty cells before it and its count, and ends with the length and a count of 0. */
function writeCells(writer: ByteWriter, counts: Float64Array, writeRest: (k: number) => void): void {
  let next = 0;
  counts.forEach((count, k) => {
    if (count === 0) return;
    writer.varint(k - next);
    writer.varint(count);
    writeRest(k);
    next = k + 1;
  });
  writer.varint(counts.length - next);
  writer.varint(0);
}

function readCells(reader: ByteReader, counts: Float64Array, readRest: (k: number) => void): void {
  for (let k = reader.varint(); ; k += 1 + reader.varint()) {
    const count = reader.varint();
    if (count === 0 && k === counts.length) return;
    if (count === 0 || k >= counts.length)
      throw new StatsFormatError(`cell ${k} of ${counts.length} cannot hold ${count}`);
    counts[k] = count;
    readRest(k);
  }
}
