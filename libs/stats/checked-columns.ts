import type { NamedColumn } from './columns.js';

/**
 * The columns by name, once it is sure that they can be counted.
 * @throws RangeError if two have one name, or a cell of a categorical or text column is neither a string nor null
 */
export function columnsByName(columns: readonly NamedColumn[]): ReadonlyMap<string, NamedColumn['values']> {
  const byName = new Map<string, NamedColumn['values']>();
  for (const { name, values } of columns) {
    if (byName.has(name)) throw new RangeError(`two columns have the name ${name}`);
    if (values.kind !== 'numeric') checkCells(name, values.values);
    byName.set(name, values);
  }
  return byName;
}

/**
 * The same for a batch of `rowCount` rows.
 * @throws RangeError also if the number of rows, or of a column's invalid cells, is no whole number from 0, or a column has more
 * cells than the batch has rows
 */
export function batchByName(
  rowCount: number,
  columns: readonly NamedColumn[],
): ReadonlyMap<string, NamedColumn['values']> {
  if (!isCount(rowCount)) throw new RangeError(`a number of rows is whole and at least 0, not ${rowCount}`);
  const byName = columnsByName(columns);
  for (const [name, { values, invalidCount }] of byName) {
    if (!isCount(invalidCount))
      throw new RangeError(
        `column ${name}: a number of invalid cells is whole and at least 0, not ${invalidCount}`,
      );
    const cells = values.length + invalidCount;
    if (cells > rowCount)
      throw new RangeError(`column ${name} has ${cells} cells in a batch of ${rowCount} rows`);
  }
  return byName;
}

function isCount(x: number): boolean {
  return Number.isSafeInteger(x) && x >= 0;
}

function checkCells(name: string, cells: readonly unknown[]): void {
  for (let row = 0; row < cells.length; row++) {
    const cell = cells[row];
    if (typeof cell !== 'string' && cell !== null)
      throw new RangeError(
        `column ${name}, row ${row}: a cell is a string or null, not of type ${typeof cell}`,
      );
  }
}
