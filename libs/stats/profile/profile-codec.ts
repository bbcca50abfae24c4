import type { ByteReader } from '../bytes/byte-reader.js';
import type { ByteWriter } from '../bytes/byte-writer.js';
import { sealed, unsealed } from '../bytes/envelope.js';
import { StatsFormatError } from '../bytes/stats-format-error.js';
import type { ColumnGrid, Grid } from '../grid/grid.js';
import { readCells, writeCells } from './cell-counts-codec.js';
import { readNumeric, writeNumeric } from './numeric-profile-codec.js';
import { readColumnV1 } from './profile-codec-v1.js';
import {
  emptyProfile,
  type CategoricalProfile,
  type ColumnProfile,
  type Profile,
  type TextProfile,
} from './profile.js';
import { readCounters, writeCounters } from './space-saving-codec.js';

/**
 * The profile as bytes, without its grid: version, grid hash, per column its counts, sums and moments, checksum.
 *
 * Cell counts are varints, a run of empty cells takes two; at 100,000 values those of a numeric column are some 1.1 KB.
 * Sums are doubles, 8 KB, and none in cells of a single value. At most 20 KB for a numeric column, and for any other 4 KB
 * and its 100 unlisted values of at most 256 code units: 100 KB.
 */
export function serializeProfile(profile: Profile): Uint8Array {
  const write = (writer: ByteWriter): void => {
    writer.text(profile.grid.hash);
    writer.varint(profile.rowCount);
    profile.columns.forEach((column, i) => writeColumn(writer, column, profile.grid.columns[i]!.grid));
  };
  return sealed('profile', write, expectedBytes(profile));
}

/** Room for the cells of the numeric columns, of which no more can have values than there are values: the rest is small. */
function expectedBytes({ columns }: Profile): number {
  let bytes = 1_024;
  for (const column of columns)
    bytes += column.kind === 'numeric' ? 64 + 10 * Math.min(column.count, column.counts.length) : 256;
  return bytes;
}

/**
 * The profile that `serializeProfile` wrote, in this version or an older one, on its grid.
 * @throws StatsFormatError if the bytes are damaged, cut short, or of another format
 * @throws RangeError if the profile was counted on another grid
 */
export function deserializeProfile(bytes: Uint8Array, grid: Grid): Profile {
  return unsealed('profile', bytes, (reader, version) => {
    const hash = reader.text();
    if (hash !== grid.hash)
      throw new RangeError(`this profile was counted on grid ${hash}, not on ${grid.hash}`);
    const profile = emptyProfile(grid);
    profile.rowCount = reader.varint();
    profile.columns.forEach((column, i) => {
      const named = grid.columns[i]!;
      if (version === 1) readColumnV1(reader, column);
      else readColumn(reader, column, named.grid);
      checkColumn(column, named.name);
    });
    return profile;
  });
}

function writeColumn(writer: ByteWriter, column: ColumnProfile, grid: ColumnGrid): void {
  writer.varint(column.missingCount);
  writer.varint(column.invalidCount);
  writer.varint(column.count);
  if (column.kind === 'numeric' && grid.kind === 'numeric') writeNumeric(writer, column, grid);
  else if (column.kind === 'categorical') writeCategorical(writer, column);
  else if (column.kind === 'text' && grid.kind === 'text') {
    writeColumn(writer, column.lengths, grid.lengths);
    writeTokens(writer, column);
  }
}

function readColumn(reader: ByteReader, column: ColumnProfile, grid: ColumnGrid): void {
  column.missingCount = reader.varint();
  column.invalidCount = reader.varint();
  column.count = reader.varint();
  if (column.kind === 'numeric' && grid.kind === 'numeric') readNumeric(reader, column, grid);
  else if (column.kind === 'categorical') readCategorical(reader, column);
  else if (column.kind === 'text' && grid.kind === 'text') {
    readColumn(reader, column.lengths, grid.lengths);
    readTokens(reader, column);
  }
}

function writeCategorical(writer: ByteWriter, column: CategoricalProfile): void {
  writer.varint(column.otherCount);
  writer.varint(column.unseenCount);
  writeCells(writer, column.counts);
  writeCounters(writer, column.unlisted);
}

function readCategorical(reader: ByteReader, column: CategoricalProfile): void {
  column.otherCount = reader.varint();
  column.unseenCount = reader.varint();
  readCells(reader, column.counts);
  readCounters(reader, column.unlisted);
}

/** The sums of squares are doubles, since they may pass 2^53. */
function writeTokens(writer: ByteWriter, column: TextProfile): void {
  for (const count of [column.emptyCount, column.tokenCount, column.unseenTokenCount]) writer.varint(count);
  for (const sum of [column.unseenSquared, column.unseenByTokens, column.tokensSquared]) writer.float64(sum);
  writeCounters(writer, column.unseenTokens);
}

function readTokens(reader: ByteReader, column: TextProfile): void {
  column.emptyCount = reader.varint();
  column.tokenCount = reader.varint();
  column.unseenTokenCount = reader.varint();
  column.unseenSquared = reader.float64();
  column.unseenByTokens = reader.float64();
  column.tokensSquared = reader.float64();
  readCounters(reader, column.unseenTokens);
}

/** What must hold whatever was written: otherwise a later merge or comparison would go wrong far from here. */
function checkColumn(column: ColumnProfile, name: string): void {
  const counted = countedIn(column);
  if (counted !== column.count)
    throw new StatsFormatError(`column ${name} counts ${counted} values in its cells, not ${column.count}`);
  const { mean, m2, min, max, count } = column.kind === 'numeric' ? column : NO_MOMENTS;
  if (count > 0 && !(min <= max && m2 >= 0 && Number.isFinite(mean)))
    throw new StatsFormatError(
      `column ${name} has impossible moments: mean ${mean}, m2 ${m2}, ${min} to ${max}`,
    );
}

const NO_MOMENTS = { count: 0, mean: 0, m2: 0, min: 0, max: 0 };

function countedIn(column: ColumnProfile): number {
  switch (column.kind) {
    case 'numeric':
      return sum(column.counts);
    case 'categorical':
      return sum(column.counts) + column.otherCount + column.unseenCount;
    case 'text':
      return sum(column.lengths.counts);
  }
}

function sum(counts: Float64Array): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}
