import type { ByteReader } from '../bytes/byte-reader.js';
import { ByteWriter } from '../bytes/byte-writer.js';
import { fnv1a64 } from '../bytes/checksums.js';
import { sealed, unsealed } from '../bytes/envelope.js';
import { StatsFormatError } from '../bytes/stats-format-error.js';
import type { CategoricalGrid, ColumnGrid, Grid, NamedColumnGrid, NumericGrid, TextGrid } from './grid.js';
import { numericGridFromEdges } from './numeric-grid.js';

const NUMERIC = 1;
const CATEGORICAL = 2;
const TEXT = 3;

/** The grid of these columns with the hash of their content. */
export function gridOfColumns(columns: readonly NamedColumnGrid[]): Grid {
  const writer = new ByteWriter();
  writeColumns(writer, columns);
  return { hash: fnv1a64(writer.written()), columns };
}

/** The grid as bytes: version, content and checksum; equal grids give equal bytes. */
export function serializeGrid(grid: Grid): Uint8Array {
  return sealed('grid', (writer) => writeColumns(writer, grid.columns));
}

/**
 * The grid that `serializeGrid` wrote; its hash is computed anew.
 * @throws StatsFormatError if the bytes are damaged, cut short, or of another format
 */
export function deserializeGrid(bytes: Uint8Array): Grid {
  return gridOfColumns(unsealed('grid', bytes, readColumns));
}

function writeColumns(writer: ByteWriter, columns: readonly NamedColumnGrid[]): void {
  writer.varint(columns.length);
  for (const { name, grid } of columns) {
    writer.text(name);
    writeColumn(writer, grid);
  }
}

function writeColumn(writer: ByteWriter, grid: ColumnGrid): void {
  switch (grid.kind) {
    case 'numeric':
      writer.byte(NUMERIC);
      return writeNumeric(writer, grid);
    case 'categorical':
      writer.byte(CATEGORICAL);
      return writeCategorical(writer, grid);
    case 'text':
      writer.byte(TEXT);
      return writeText(writer, grid);
  }
}

function readColumns(reader: ByteReader): NamedColumnGrid[] {
  return Array.from({ length: reader.length() }, () => {
    const name = reader.text();
    const kind = reader.byte();
    if (kind === NUMERIC) return { name, grid: readNumeric(reader) };
    if (kind === CATEGORICAL) return { name, grid: readCategorical(reader) };
    if (kind === TEXT) return { name, grid: readText(reader) };
    throw new StatsFormatError(`column kind ${kind} is unknown`);
  });
}

function writeNumeric(writer: ByteWriter, grid: NumericGrid): void {
  writeFloats(writer, grid.edges);
  writeFloats(writer, grid.decileEdges);
  writer.byte(grid.discreteValues === null ? 0 : 1);
  if (grid.discreteValues !== null) writeFloats(writer, grid.discreteValues);
}

function readNumeric(reader: ByteReader): NumericGrid {
  const edges = readFloats(reader);
  const decileEdges = readFloats(reader);
  return numericGridFromEdges(edges, decileEdges, reader.byte() === 1 ? readFloats(reader) : null);
}

function writeCategorical(writer: ByteWriter, grid: CategoricalGrid): void {
  writer.byte(grid.isTruncated === true ? 1 : 0);
  writer.varint(grid.categories.length);
  for (const category of grid.categories) writer.text(category);
}

function readCategorical(reader: ByteReader): CategoricalGrid {
  const isTruncated = reader.byte() === 1;
  const categories = Array.from({ length: reader.length() }, () => reader.text());
  return { kind: 'categorical', categories, isTruncated };
}

function writeText(writer: ByteWriter, grid: TextGrid): void {
  writeNumeric(writer, grid.lengths);
  writer.varint(grid.tokenCount);
  writer.varint(grid.expectedUnseenCount);
  writer.varint(grid.vocabulary.length);
  for (const token of grid.vocabulary) writer.text(token);
}

function readText(reader: ByteReader): TextGrid {
  const lengths = readNumeric(reader);
  const tokenCount = reader.varint();
  const expectedUnseenCount = reader.varint();
  const vocabulary = Array.from({ length: reader.length() }, () => reader.text());
  return { kind: 'text', lengths, vocabulary, tokenCount, expectedUnseenCount };
}

function writeFloats(writer: ByteWriter, values: Float64Array): void {
  writer.varint(values.length);
  for (const value of values) writer.float64(value);
}

function readFloats(reader: ByteReader): Float64Array {
  return Float64Array.from({ length: reader.length(8) }, () => reader.float64());
}
