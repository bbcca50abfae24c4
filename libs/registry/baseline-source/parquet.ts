import type { DuckDBDataChunk } from '@duckdb/node-api';
import { cellOf, type Cell } from '#payloads';
import {
  doublesExpression,
  doublesOf,
  integersOf,
  ParquetFile,
  parquetKindOf,
  quotedColumn,
  UnreadableParquet,
} from '#platform';
import type { ColumnSpec } from '../schemas.js';
import type { BatchColumn } from './batch.js';
import { matchColumns, unreadable, type BaselineReader, type BaselineStream } from './source.js';

/**
 * A Parquet file, some thousand rows at a time. Numbers are copied out of DuckDB's memory; categories arrive as their places in a list
 * of them, since a string per cell takes three times as long as all the rest together.
 */
export const readParquet: BaselineReader<BaselineStream> = async function* ({ stream }, columns) {
  const file = await ParquetFile.open(stream);
  try {
    const present = await file.columns();
    const names = present.map(({ name }) => name);
    const matched = matchColumns(columns, names, 'the Parquet file');
    const isFloat = (name: string): boolean =>
      present.some((column) => column.name === name && parquetKindOf(column) === 'number');
    const readers: ColumnReader[] = [];
    for (const column of matched) readers.push(await readerOf(column, file, isFloat(column.name)));
    for await (const chunk of file.chunks(readers.map(({ expression }) => expression))) {
      yield { rowCount: chunk.rowCount, columns: readers.map((reader, index) => reader.read(chunk, index)) };
    }
  } catch (error) {
    throw error instanceof UnreadableParquet ? unreadable(error.message, [], error) : error;
  } finally {
    await file.close();
  }
};

/** Reads one column out of chunks. */
interface ColumnReader {
  readonly expression: string;
  read(chunk: DuckDBDataChunk, index: number): BatchColumn;
}

async function readerOf(column: ColumnSpec, file: ParquetFile, isFloat: boolean): Promise<ColumnReader> {
  if (column.type === 'numeric')
    return {
      expression: doublesExpression(column.name),
      read: (chunk, index) => numbersOf(column.name, doublesOf(chunk, index)),
    };
  // A number as a category has the text that JSON has for it: "1", where DuckDB writes "1.0".
  const textOf = (value: unknown): unknown =>
    isFloat && typeof value === 'string' ? String(Number(value)) : value;
  const text = `cast(${quotedColumn(column.name)} as varchar)`;
  const dictionary = column.type === 'text' ? null : await file.dictionary(text);
  if (dictionary === null)
    return {
      expression: text,
      read: (chunk, index) =>
        stringsOf(
          column,
          chunk.getColumnValues(index).map((value) => readCell(textOf(value), column)),
        ),
    };
  const cells = dictionary.values.map((value) => readCell(textOf(value), column));
  return {
    expression: dictionary.expression,
    read: (chunk, index) =>
      stringsOf(
        column,
        Array.from(integersOf(chunk, index), (place) => (place < 0 ? null : cells[place])),
      ),
  };
}

/** NaN is missing; what is no finite number is infinite here, and invalid. */
function numbersOf(name: string, numbers: Float64Array): BatchColumn {
  if (!numbers.includes(Infinity) && !numbers.includes(-Infinity))
    return { name, invalidRows: [], values: { kind: 'numeric', values: numbers, invalidCount: 0 } };
  const isValid = (value: number): boolean => Math.abs(value) !== Infinity;
  const invalidRows = Array.from(numbers.keys()).filter((row) => !isValid(numbers[row]!));
  const values = numbers.filter(isValid);
  return { name, invalidRows, values: { kind: 'numeric', values, invalidCount: invalidRows.length } };
}

function stringsOf({ name, type }: ColumnSpec, cells: readonly Cell[]): BatchColumn {
  const kind = type === 'text' ? 'text' : 'categorical';
  const invalidRows: number[] = [];
  if (cells.includes(undefined))
    cells.forEach((cell, row) => {
      if (cell === undefined) invalidRows.push(row);
    });
  const valid = invalidRows.length === 0 ? cells : cells.filter((cell) => cell !== undefined);
  return {
    name,
    invalidRows,
    values: { kind, values: valid as (string | null)[], invalidCount: invalidRows.length },
  };
}

function readCell(value: unknown, { type }: ColumnSpec): Cell {
  if (type !== 'boolean') return cellOf(value, type);
  return value === null || value === 'true' || value === 'false' ? value : undefined;
}
