import { isRecord, kindOf } from '../rejections.js';
import type { Table } from '../table.js';
import { UnexpectedColumns } from '../unexpected-columns.js';
import { unwrapped } from './nesting.js';

/** Columns by name and what is wrong with the form of single rows: a table without its row count and facts. */
export type TablePart = Pick<Table, 'columns' | 'misshapen' | 'unexpected'>;

/** Where the values of rows belong, and what a row is called in messages. */
export interface Places {
  /** The names of the values, by position. */
  readonly names: readonly string[];
  /** The names that are columns: other values are not looked at. */
  readonly known: ReadonlySet<string>;
  readonly what: string;
}

/**
 * Rows by position: value i of a row belongs to name i.
 *
 * A row is an array, or a single value where there is one column; arrays of one element inside it are unwrapped. A row
 * of another length is misshapen.
 */
export function positionalRows(rows: readonly unknown[], { names, known, what }: Places): TablePart {
  const unexpected = new UnexpectedColumns(known);
  for (const name of names) if (!known.has(name)) unexpected.addToAll(name);
  const cells = names.map((name) =>
    known.has(name) ? new Array<unknown>(rows.length).fill(undefined) : null,
  );
  const misshapen = new Map<number, (row: number) => string>();
  rows.forEach((value, row) => {
    const values = Array.isArray(value) ? (value as readonly unknown[]) : [value];
    if (values.length !== names.length || isRecord(value)) {
      misshapen.set(row, (of) => shapeProblem(of, value, names, what));
      return;
    }
    cells.forEach((column, index) => {
      if (column !== null) column[row] = unwrapped(values[index]);
    });
  });
  const columns = new Map<string, unknown[]>();
  names.forEach((name, index) => {
    const column = cells[index];
    if (column) columns.set(name, column);
  });
  return { columns, misshapen, unexpected: [unexpected] };
}

/** Rows as objects of column names and values, by column. Of names that are not `known` no more is kept than that they came. */
export function recordRows(rows: readonly unknown[], known: ReadonlySet<string>, what: string): TablePart {
  const columns = new Map<string, unknown[]>();
  const misshapen = new Map<number, (row: number) => string>();
  const unexpected = new UnexpectedColumns(known);
  rows.forEach((value, row) => {
    if (!isRecord(value)) {
      misshapen.set(row, (of) => `${what} ${of} is ${kindOf(value)}; others are objects`);
      return;
    }
    for (const name of Object.keys(value)) {
      let cells = columns.get(name);
      if (cells === undefined) {
        if (!known.has(name)) {
          unexpected.addTo(row, name);
          continue;
        }
        columns.set(name, (cells = new Array<unknown>(rows.length).fill(undefined)));
      }
      cells[row] = value[name];
    }
  });
  return { columns, misshapen, unexpected: [unexpected] };
}

function shapeProblem(row: number, value: unknown, names: readonly string[], what: string): string {
  const list = names.slice(0, 20).join(', ');
  const is = Array.isArray(value) ? `has ${value.length} values` : `is ${kindOf(value)}`;
  return `${what} ${row} ${is}; by position it must have ${names.length}: ${list.length > 200 ? `${list.slice(0, 200)}…` : list}`;
}
