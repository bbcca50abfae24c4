import { cellOf } from './cell.js';
import type { ColumnType, PayloadColumn, PayloadPart } from './column-batch.js';
import type { Cell } from './column-builder.js';
import { checkRowCount, type DecodedRows, type DecodingContext } from './decoding.js';
import { missingColumn, namesOf, partColumns, wrongType } from './records.js';
import { RejectionLog, type RejectionReason } from './rejections.js';
import { RowFacts } from './row-facts.js';
import type { DoubleArena } from './double-arena.js';
import { arenaFor, columnOf, sinkFor, type ColumnSink } from './row-reader.js';
import { UnexpectedColumns } from './unexpected-columns.js';

/** The cells of one column of a table, one a row; numbers in a typed array are doubles, of which NaN is missing. */
export type TableCells = Float64Array | readonly unknown[];

/** Rows that came by column. */
export interface Table {
  readonly rowCount: number;
  /** The place of the first row in what the table is a part of: ids and refusals count from it. 0 by default. */
  readonly firstRow?: number;
  /** By name; each as long as `rowCount`, `undefined` where a row does not bring it. A name that the schema does not know is an unexpected column. */
  readonly columns: ReadonlyMap<string, TableCells>;
  readonly inferenceIds?: readonly unknown[] | undefined;
  readonly timestamps?: readonly unknown[] | undefined;
  /** How a cell is read; JSON values by default. */
  readonly cellOf?: ReadCell | undefined;
  /** Rows that have no cells, since their form is wrong: what is wrong with each. */
  readonly misshapen?: ReadonlyMap<number, (row: number) => string> | undefined;
  /** Names that are no columns of the schema and have no cells here, and the rows that brought them. */
  readonly unexpected?: readonly UnexpectedColumns[] | undefined;
  /** Whether timestamps have to name a zone; true by default. */
  readonly hasZone?: boolean | undefined;
}

type ReadCell = (value: unknown, type: ColumnType) => Cell;

/** What is wrong with a row. */
interface Refusal {
  readonly reason: RejectionReason;
  readonly column: string | null;
  /** Of the row by the number that its sender knows. */
  readonly message: (row: number) => string;
}

/**
 * Decodes rows that came by column. What is refused, and with which reason, is the same as for the same rows one by one.
 *
 * @throws UnreadablePayload `too-many-rows`
 */
export function decodeTable(
  table: Table,
  context: DecodingContext,
  part: PayloadPart = context.part ?? 'whole',
): DecodedRows {
  const { rowCount } = table;
  checkRowCount(rowCount, context);
  const columns = partColumns(context.columns, part);
  const refusals = new Map<number, Refusal>();
  const facts = readFacts(table, context, refusals);
  const arena = arenaFor(
    columns.filter(({ name }) => !(table.columns.get(name) instanceof Float64Array)),
    rowCount,
  );
  const sinks = columns.map((column) => readColumn(column, table, refusals, arena));
  const kept = keptRows(rowCount, refusals);
  const [inferenceIds, timestamps] = facts(kept);
  return {
    part,
    receivedCount: rowCount,
    batch: {
      rowCount: kept?.length ?? rowCount,
      inferenceIds,
      timestamps,
      columns: columns.map((column, index) => keptColumn(column, sinks[index] ?? [], rowCount, kept)),
    },
    rejections: logOf(refusals, table.firstRow ?? 0),
    ...unexpectedOf(table, columns, kept),
  };
}

/** What the schema does not know: whole columns, which every row has, and names that single rows brought. */
function unexpectedOf(
  { rowCount, columns, unexpected = [] }: Table,
  schema: readonly PayloadColumn[],
  kept: readonly number[] | null,
): Pick<DecodedRows, 'unexpectedColumns' | 'unexpectedRowCount'> {
  const known = namesOf(schema);
  const all = new UnexpectedColumns(known);
  for (const name of columns.keys()) if (!known.has(name)) all.addToAll(name);
  for (const name of unexpected.flatMap(({ names }) => names)) all.add(name);
  const isEveryRow = [all, ...unexpected].some(({ isInEveryRow }) => isInEveryRow);
  return {
    unexpectedColumns: all.names,
    unexpectedRowCount: isEveryRow ? (kept?.length ?? rowCount) : countUnexpected(unexpected, kept),
  };
}

/** How many of the kept rows, all where it is null, brought a name that is no column. */
function countUnexpected(unexpected: readonly UnexpectedColumns[], kept: readonly number[] | null): number {
  const rows = new Set(unexpected.flatMap((each) => [...each.rows]));
  return kept === null ? rows.size : kept.filter((row) => rows.has(row)).length;
}

type KeptFacts = (kept: readonly number[] | null) => [readonly string[], Float64Array];

/** Checks ids and times; what is kept of them is known once the columns have been read. */
function readFacts(table: Table, context: DecodingContext, refusals: Map<number, Refusal>): KeptFacts {
  const { rowCount, firstRow = 0, inferenceIds, timestamps, misshapen, hasZone = true } = table;
  const facts = new RowFacts(context, rowCount);
  const places: number[] = [];
  for (let row = 0; row < rowCount; row += 1) {
    const shape = misshapen?.get(row);
    if (shape !== undefined) {
      refusals.set(row, { reason: 'wrong-shape', column: null, message: shape });
      continue;
    }
    const problem = facts.push(firstRow + row, factOf(inferenceIds, row), factOf(timestamps, row), hasZone);
    if (problem === null) places[row] = facts.inferenceIds.length - 1;
    else refusals.set(row, { reason: problem.reason, column: null, message: () => problem.message });
  }
  return (kept) => {
    if (kept === null) return [facts.inferenceIds, facts.timestamps];
    const times = facts.timestamps;
    return [
      kept.map((row) => facts.inferenceIds[places[row] ?? -1] ?? ''),
      Float64Array.from(kept, (row) => times[places[row] ?? -1] ?? NaN),
    ];
  };
}

/** A table has an id or time for every row or for none; null stands for none, since a column has no gaps. */
function factOf(facts: readonly unknown[] | undefined, row: number): unknown {
  return facts?.[row] ?? undefined;
}

function readColumn(
  column: PayloadColumn,
  table: Table,
  refusals: Map<number, Refusal>,
  arena: DoubleArena,
): ColumnSink {
  const { name, type, side } = column;
  const cells = table.columns.get(name);
  if (cells === undefined) {
    const sink = sinkFor(column, table.rowCount, arena);
    if (side === 'neither') return sink instanceof Float64Array ? sink.fill(NaN) : sink;
    refuseAll(table.rowCount, refusals, {
      reason: 'missing-column',
      column: name,
      message: (row) => missingColumn(row, name),
    });
    return sink;
  }
  if (cells instanceof Float64Array && type === 'numeric') return readDoubles(name, cells, refusals);
  return readCells(column, cells, table.cellOf ?? cellOf, refusals, arena);
}

/** Doubles as they are; infinite ones are no values. */
function readDoubles(name: string, cells: Float64Array, refusals: Map<number, Refusal>): Float64Array {
  let sum = 0;
  for (let row = 0; row < cells.length; row += 1) sum += cells[row]! - cells[row]!;
  // Only an infinity or a missing value makes the sum NaN.
  if (Number.isNaN(sum)) {
    cells.forEach((value, row) => {
      if (Math.abs(value) === Infinity) refuseCell(refusals, row, name, value, 'numeric');
    });
  }
  return cells;
}

function readCells(
  column: PayloadColumn,
  cells: TableCells,
  readCell: ReadCell,
  refusals: Map<number, Refusal>,
  arena: DoubleArena,
): ColumnSink {
  const { name, type } = column;
  const sink = sinkFor(column, cells.length, arena);
  const isDoubles = cells instanceof Float64Array;
  for (let row = 0; row < cells.length; row += 1) {
    const value = isDoubles && Number.isNaN(cells[row]) ? null : cells[row];
    const cell = value === undefined ? absentCell(column) : readCell(value, type);
    if (cell === undefined) refuseCell(refusals, row, name, value, type);
    else if (sink instanceof Float64Array) sink[row] = cell === null ? NaN : (cell as number);
    else sink[row] = cell as string | null;
  }
  return sink;
}

/** What a row that does not bring the column has in it. */
function absentCell({ side }: PayloadColumn): null | undefined {
  return side === 'neither' ? null : undefined;
}

function refuseCell(
  refusals: Map<number, Refusal>,
  row: number,
  name: string,
  value: unknown,
  type: ColumnType,
): void {
  if (refusals.has(row)) return;
  refusals.set(
    row,
    value === undefined
      ? { reason: 'missing-column', column: name, message: (of) => missingColumn(of, name) }
      : { reason: 'wrong-type', column: name, message: (of) => wrongType(of, name, value, type) },
  );
}

function refuseAll(rowCount: number, refusals: Map<number, Refusal>, refusal: Refusal): void {
  for (let row = 0; row < rowCount; row += 1) if (!refusals.has(row)) refusals.set(row, refusal);
}

/** The rows that were not refused, in order, or null when all are kept. */
function keptRows(rowCount: number, refusals: ReadonlyMap<number, Refusal>): number[] | null {
  if (refusals.size === 0) return null;
  const kept: number[] = [];
  for (let row = 0; row < rowCount; row += 1) if (!refusals.has(row)) kept.push(row);
  return kept;
}

function keptColumn(
  column: PayloadColumn,
  sink: ColumnSink,
  rowCount: number,
  kept: readonly number[] | null,
): DecodedRows['batch']['columns'][number] {
  if (kept === null) return columnOf(column, sink, rowCount);
  const selected: ColumnSink =
    sink instanceof Float64Array
      ? Float64Array.from(kept, (row) => sink[row] ?? NaN)
      : kept.map((row) => sink[row] ?? null);
  return columnOf(column, selected, kept.length);
}

function logOf(refusals: ReadonlyMap<number, Refusal>, firstRow: number): RejectionLog {
  const log = new RejectionLog();
  for (const [row, { reason, column, message }] of [...refusals].sort(([a], [b]) => a - b))
    log.refuse(firstRow + row, reason, column, () => message(firstRow + row));
  return log;
}
