import type { DuckDBDataChunk } from '@duckdb/node-api';
import { doublesOf, quotedColumn, type ParquetColumn } from './parquet-file.js';

/** What a Parquet column's cells are, by its type alone: a text of digits is a text. */
export type ParquetKind = 'integer' | 'number' | 'boolean' | 'time' | 'text' | 'other';

const KINDS: readonly (readonly [RegExp, ParquetKind])[] = [
  [/^U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)$/, 'integer'],
  [/^(FLOAT|DOUBLE|DECIMAL\(\d+,\d+\))$/, 'number'],
  [/^BOOLEAN$/, 'boolean'],
  [/^(TIMESTAMP(_S|_MS|_NS| WITH TIME ZONE)?|DATE)$/, 'time'],
  [/^(VARCHAR|UUID|JSON|TIME|ENUM\(.*\))$/s, 'text'],
];

/** The kind of a column; lists, structures, bytes and intervals are `other`, of which no cell can be made. */
export function parquetKindOf({ type }: ParquetColumn): ParquetKind {
  return KINDS.find(([pattern]) => pattern.test(type))?.[1] ?? 'other';
}

/** How the cells of a column are selected, and in which form they then come. */
export interface CellSelection {
  readonly expression: string;
  /** `doubles`: NaN is a missing value. `values`: as JSON has them, null for a missing one, a symbol for what JSON has not. */
  readonly form: 'doubles' | 'values';
  /** What stands for a value of the kind `other`, with its type as description. */
  readonly unknown?: symbol;
}

export interface CellWishes {
  /** Longest text that is of use; a longer one comes cut to one character more, so that it is still too long. */
  readonly maxLength: number;
  /** Whether whole numbers come as texts of their digits: a double has only 53 bits, and an id may have 64. */
  readonly wantsDigits?: boolean;
}

/**
 * The cells of a column as JSON would have them, so that the same rows are counted alike in both. Numbers are doubles: their
 * text is JSON's ("1" and not "1.0") once JavaScript writes it. Texts are cut by DuckDB, since a file of a few kB can hold a GB of them.
 */
export function jsonCells(
  column: ParquetColumn,
  { maxLength, wantsDigits = false }: CellWishes,
): CellSelection {
  const name = quotedColumn(column.name);
  const kind = parquetKindOf(column);
  switch (kind) {
    case 'integer':
      if (wantsDigits) return { expression: `cast(${name} as varchar)`, form: 'values' };
      return { expression: `coalesce(cast(${name} as double), 'nan'::double)`, form: 'doubles' };
    case 'number':
      return { expression: `coalesce(cast(${name} as double), 'nan'::double)`, form: 'doubles' };
    case 'boolean':
      return { expression: name, form: 'values' };
    case 'time':
    case 'text':
      return { expression: `left(cast(${name} as varchar), ${maxLength + 1})`, form: 'values' };
    case 'other':
      return {
        expression: `${name} is not null or null`,
        form: 'values',
        unknown: Symbol(`a value of the type ${column.type.slice(0, 40)}`),
      };
  }
}

/** A column of the kind `time` as milliseconds since the epoch: NaN where it is missing, infinite where it is no instant. */
export function instantCells({ name }: ParquetColumn): CellSelection {
  const column = quotedColumn(name);
  return {
    expression: `case when ${column} is null then 'nan'::double when isfinite(${column}) then epoch_ms(${column})::double else 'infinity'::double end`,
    form: 'doubles',
  };
}

/** Cells of one chunk from the row `from`, at most `count`. Those of the form `doubles` lie in DuckDB's own memory. */
export function cellsOfChunk(
  chunk: DuckDBDataChunk,
  index: number,
  { form, unknown }: CellSelection,
  { from, count }: { readonly from: number; readonly count: number },
): Float64Array | unknown[] {
  if (form === 'doubles') return doublesOf(chunk, index).subarray(from, from + count);
  // A vector keeps every text that it was asked for; a part of it keeps its own only.
  const part = chunk.getColumnVector(index).slice(from, Math.min(count, chunk.rowCount - from));
  const values: unknown[] = [];
  for (let row = 0; row < part.itemCount; row += 1) {
    const value = part.getItem(row);
    values.push(unknown !== undefined && value === true ? unknown : value);
  }
  return values;
}
