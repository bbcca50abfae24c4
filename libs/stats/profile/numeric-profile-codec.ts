import type { ByteReader } from '../bytes/byte-reader.js';
import type { ByteWriter } from '../bytes/byte-writer.js';
import type { NumericGrid } from '../grid/grid.js';
import { readCells, writeCells } from './cell-counts-codec.js';
import type { NumericProfile } from './profile.js';

/** Bits of the byte before the cells. */
const ATOM_SUMS_ARE_IMPLIED = 1;
const HAS_RANK_ERROR = 2;

/** Writes moments, counts and sums; of a column without values nothing. */
export function writeNumeric(writer: ByteWriter, column: NumericProfile, grid: NumericGrid): void {
  if (column.count === 0) return;
  const areAtomSumsImplied = sumsOfAtomsAreImplied(column, grid);
  writer.byte((areAtomSumsImplied ? ATOM_SUMS_ARE_IMPLIED : 0) | (column.rankError > 0 ? HAS_RANK_ERROR : 0));
  for (const moment of [column.mean, column.m2, column.min, column.max]) writer.float64(moment);
  if (column.rankError > 0) writer.float64(column.rankError);
  writeCells(writer, column.counts);
  const { counts, sums } = column;
  for (let k = 0; k < counts.length; k++)
    if (counts[k] !== 0 && !(areAtomSumsImplied && grid.isAtom[k] === 1)) writer.float64(sums[k]!);
}

/** Reads what `writeNumeric` wrote; the count must be known. */
export function readNumeric(reader: ByteReader, column: NumericProfile, grid: NumericGrid): void {
  if (column.count === 0) return;
  const flags = reader.byte();
  column.mean = reader.float64();
  column.m2 = reader.float64();
  column.min = reader.float64();
  column.max = reader.float64();
  column.rankError = (flags & HAS_RANK_ERROR) === 0 ? 0 : reader.float64();
  readCells(reader, column.counts);
  const areAtomSumsImplied = (flags & ATOM_SUMS_ARE_IMPLIED) !== 0;
  const { counts, sums } = column;
  for (let k = 0; k < counts.length; k++) {
    if (counts[k] === 0) continue;
    const isImplied = areAtomSumsImplied && grid.isAtom[k] === 1;
    sums[k] = isImplied ? impliedSum(column, grid, k) : reader.float64();
  }
}

function sumsOfAtomsAreImplied(column: NumericProfile, grid: NumericGrid): boolean {
  const { counts, sums } = column;
  for (let k = 0; k < counts.length; k++)
    if (grid.isAtom[k] === 1 && counts[k] !== 0 && sums[k] !== impliedSum(column, grid, k)) return false;
  return true;
}

/** The sum of a cell that holds one value only, where adding it up lost no digit. */
function impliedSum({ counts }: NumericProfile, { edges }: NumericGrid, k: number): number {
  return counts[k]! * edges[k]! + 0;
}
