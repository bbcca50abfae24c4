import type { ColumnValues, NamedColumn } from '../columns.js';
import { categoricalGrid } from './categorical-grid.js';
import { gridOfColumns } from './grid-codec.js';
import type { ColumnGrid, Grid } from './grid.js';
import { numericGrid } from './numeric-grid.js';

/**
 * The grid that these columns, the baseline's values, fix for every later window.
 *
 * NaN, null, ±Infinity and wrong-type cells do not shape it. A numeric column without a finite value gets one cell.
 * The result, and so its hash, does not depend on the order of rows. Cost: a sort per numeric column.
 */
export function buildGrid(columns: readonly NamedColumn[]): Grid {
  return gridOfColumns(columns.map(({ name, values }) => ({ name, grid: columnGrid(values) })));
}

function columnGrid(column: ColumnValues): ColumnGrid {
  if (column.kind === 'categorical') return categoricalGrid(column.values);
  return numericGrid(column.values.filter(Number.isFinite).sort());
}
