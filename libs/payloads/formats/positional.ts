import type { PayloadColumn } from '../column-batch.js';
import { isRecord, kindOf } from '../rejections.js';
import type { Table } from '../table.js';
import { UnexpectedColumns } from '../unexpected-columns.js';
import { unwrapped } from './nesting.js';

/** Columns by name and what is wrong with the form of single rows: a table without its row count and facts. */
export type TablePart = Pick<Table, 'columns' | 'misshapen' | 'unexpected'>;

/**
 * Rows by position: value i of a row belongs to column i.
 *
 * A row is an array, or a single value where there is one column; arrays of one element inside it are unwrapped. A row
 * of another length is misshapen. `what` names a row in messages.
 */
export function positionalRows(
  rows: readonly unknown[],
  columns: readonly PayloadColumn[],
  what: string,
): TablePart {
  const cells = columns.map(() => new Array<unknown>(rows.length).fill(undefined));
  const misshapen = new Map<number, () => string>();
  rows.forEach((value, row) => {
    const values = Array.isArray(value) ? (value as readonly unknown[]) : [value];
    if (values.length !== columns.length || isRecord(value)) {
      misshapen.set(row, () => shapeProblem(row, value, columns, what));
      return;
    }
    for (let index = 0; index < columns.length; index += 1) {
      const column = cells[index];
      if (column !== undefined) column[row] = unwrapped(values[index]);
    }
  });
  return { columns: new Map(columns.map(({ name }, index) => [name, cells[index] ?? []])), misshapen };
}

/** Rows as objects of column names and values, by column. Of names that are not `known` no more is kept than that they came. */
export function recordRows(rows: readonly unknown[], known: ReadonlySet<string>, what: string): TablePart {
  const columns = new Map<string, unknown[]>();
  const misshapen = new Map<number, () => string>();
  const unexpected = new UnexpectedColumns(known);
  rows.forEach((value, row) => {
    if (!isRecord(value)) {
      misshapen.set(row, () => `${what} ${row} is ${kindOf(value)}; others are objects`);
      return;
    }
    unexpected.note(value, row);
    for (const name of Object.keys(value)) {
      if (!known.has(name)) continue;
      let cells = columns.get(name);
      if (cells === undefined) columns.set(name, (cells = new Array<unknown>(rows.length).fill(undefined)));
      cells[row] = value[name];
    }
  });
  return { columns, misshapen, unexpected: [unexpected] };
}

function shapeProblem(row: number, value: unknown, columns: readonly PayloadColumn[], what: string): string {
  const names = columns.map(({ name }) => name).join(', ');
  const is = Array.isArray(value) ? `has ${value.length} values` : `is ${kindOf(value)}`;
  return `${what} ${row} ${is}; by position it must have ${columns.length}: ${names.length > 200 ? `${names.slice(0, 200)}…` : names}`;
}
