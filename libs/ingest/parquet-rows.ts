import type { DuckDBDataChunk } from '@duckdb/node-api';
import {
  ID_FIELDS,
  MAX_CATEGORY_LENGTH,
  MAX_INFERENCE_ID_LENGTH,
  MAX_TEXT_LENGTH,
  TIME_FIELDS,
  UnexpectedColumns,
  type PayloadColumn,
  type Table,
  type TableCells,
} from '#payloads';
import {
  cellsOfChunk,
  instantCells,
  jsonCells,
  parquetKindOf,
  type CellSelection,
  type ParquetColumn,
  type ParquetFile,
} from '#platform';

export interface BatchLimits {
  readonly maxRows: number;
  /** UTF-16 units of the texts of a table: a file of a few kB can hold a GB of them. */
  readonly maxTextUnits: number;
}

/** The rows of a Parquet file as tables that each fit a payload. A table has at least one row, whatever its size. */
export async function* parquetTables(
  file: ParquetFile,
  schema: readonly PayloadColumn[],
  limits: BatchLimits,
): AsyncGenerator<Table> {
  const present = await file.columns();
  const selected = selectionOf(schema, present);
  const unexpected = unexpectedOf(selected, present);
  const expressions = selected.map(({ cells }) => cells.expression);
  let batch = new RowBatch(selected, limits);
  let firstRow = 0;
  const take = (): Table => {
    const table = { ...batch.table(), firstRow, unexpected: [unexpected] };
    firstRow += batch.rowCount;
    batch = new RowBatch(selected, limits);
    return table;
  };
  for await (const chunk of file.chunks(expressions.length === 0 ? ['null'] : expressions)) {
    for (let from = 0; from < chunk.rowCount;) {
      if (batch.isFull) yield take();
      from += batch.push(chunk, from);
    }
  }
  if (batch.rowCount > 0) yield take();
}

/** One column that is read from the file, and what its values are. */
interface Selected {
  readonly name: string;
  readonly cells: CellSelection;
  readonly target: 'column' | 'id' | 'time' | 'instant';
}

/** The columns of the schema, and the facts of a row. Nothing is read of any other. */
function selectionOf(schema: readonly PayloadColumn[], present: readonly ParquetColumn[]): Selected[] {
  const known = new Map(schema.map((column) => [column.name, column]));
  const factIn = (fields: readonly string[]): string | undefined =>
    fields.find((name) => !known.has(name) && present.some((column) => column.name === name));
  const [idField, timeField] = [factIn(ID_FIELDS), factIn(TIME_FIELDS)];
  return present.flatMap((column): Selected[] => {
    const { name } = column;
    const schemaColumn = known.get(name);
    if (schemaColumn !== undefined)
      return [{ name, cells: columnCells(column, schemaColumn), target: 'column' }];
    if (name === idField) {
      const cells = jsonCells(column, { maxLength: MAX_INFERENCE_ID_LENGTH, wantsDigits: true });
      return [{ name, cells, target: 'id' }];
    }
    if (name !== timeField) return [];
    return parquetKindOf(column) === 'time'
      ? [{ name, cells: instantCells(column), target: 'instant' }]
      : [{ name, cells: jsonCells(column, { maxLength: MAX_TIME_LENGTH }), target: 'time' }];
  });
}

/** RFC 3339 with nanoseconds has 35 characters. */
const MAX_TIME_LENGTH = 64;

function columnCells(column: ParquetColumn, { type }: PayloadColumn): CellSelection {
  const maxLength = type === 'text' ? MAX_TEXT_LENGTH : MAX_CATEGORY_LENGTH;
  return jsonCells(column, { maxLength, wantsDigits: type === 'categorical' });
}

function unexpectedOf(selected: readonly Selected[], present: readonly ParquetColumn[]): UnexpectedColumns {
  const known = new Set(selected.map(({ name }) => name));
  const unexpected = new UnexpectedColumns(known);
  for (const { name } of present) if (!known.has(name)) unexpected.addToAll(name);
  return unexpected;
}

/** Rows that are read from a chunk at a time: more only read ahead of the limit of texts. */
const SLICE_ROWS = 64;

/** Rows of some chunks, by column. */
class RowBatch {
  rowCount = 0;
  private textUnits = 0;
  private readonly cells: (Float64Array | unknown[])[];

  constructor(
    private readonly selected: readonly Selected[],
    private readonly limits: BatchLimits,
  ) {
    this.cells = selected.map(({ cells }) =>
      cells.form === 'doubles' ? new Float64Array(limits.maxRows) : [],
    );
  }

  get isFull(): boolean {
    return this.rowCount >= this.limits.maxRows || this.textUnits >= this.limits.maxTextUnits;
  }

  /** Takes rows of the chunk from this one on until it is full; returns how many. */
  push(chunk: DuckDBDataChunk, from: number): number {
    let taken = 0;
    while (from + taken < chunk.rowCount && !this.isFull) {
      const count = Math.min(SLICE_ROWS, chunk.rowCount - from - taken, this.limits.maxRows - this.rowCount);
      this.pushSlice(chunk, { from: from + taken, count });
      taken += count;
    }
    return taken;
  }

  table(): Pick<Table, 'rowCount' | 'columns' | 'inferenceIds' | 'timestamps' | 'hasZone'> {
    const columns = new Map<string, TableCells>();
    let inferenceIds: unknown[] | undefined;
    let timestamps: unknown[] | undefined;
    this.selected.forEach(({ name, target }, index) => {
      const cells = this.cellsAt(index);
      if (target === 'column') columns.set(name, cells);
      else if (target === 'id') inferenceIds = Array.from(cells, idOf);
      else timestamps = target === 'instant' ? Array.from(cells as Float64Array, timeOf) : [...cells];
    });
    return { rowCount: this.rowCount, columns, inferenceIds, timestamps, hasZone: false };
  }

  private pushSlice(chunk: DuckDBDataChunk, slice: { readonly from: number; readonly count: number }): void {
    this.selected.forEach(({ cells: selection }, index) => {
      const into = this.cells[index];
      const cells = cellsOfChunk(chunk, index, selection, slice);
      if (into instanceof Float64Array) {
        into.set(cells as Float64Array, this.rowCount);
        return;
      }
      for (const cell of cells) {
        into?.push(cell);
        if (typeof cell === 'string') this.textUnits += cell.length;
      }
    });
    this.rowCount += slice.count;
  }

  private cellsAt(index: number): Float64Array | unknown[] {
    const cells = this.cells[index] ?? [];
    return cells instanceof Float64Array ? cells.subarray(0, this.rowCount) : cells;
  }
}

/** Ids come as texts, or as numbers that are none. */
function idOf(cell: unknown): unknown {
  return typeof cell === 'number' && Number.isNaN(cell) ? undefined : cell;
}

/** An instant as JSON has it, or a number that is none; undefined where it is missing. */
function timeOf(ms: number): unknown {
  if (Number.isNaN(ms)) return undefined;
  return Math.abs(ms) <= MAX_DATE_MS ? new Date(ms).toISOString() : ms;
}

/** The largest instant of a JavaScript date, in milliseconds: the year 275760. */
const MAX_DATE_MS = 8.64e15;
