import type { PayloadColumn } from '../column-batch.js';
import { UnreadablePayload } from '../decoding.js';
import { quoted } from '../rejections.js';
import type { TableCells } from '../table.js';
import type { Half } from './halves.js';
import type { Shape } from './shape.js';

/** One tensor with its values, flat and row-major: `rowCount` × `width` of them. */
export interface Tensor extends Shape {
  readonly name: string;
  readonly values: TableCells;
}

/**
 * Tensors as the rows of a table.
 *
 * A tensor of one value a row is the column of its name. A tensor of several is all columns in the order of the schema,
 * and so is a lone tensor whose name is no column.
 * @throws UnreadablePayload `wrong-form` when tensors differ in their number of rows, or a matrix has another width than the schema
 */
export function tensorRows(
  tensors: readonly Tensor[],
  columns: readonly PayloadColumn[],
  pointer: string,
): NonNullable<Half> {
  const [first] = tensors;
  const rowCount = first?.rowCount ?? 0;
  tensors.forEach((tensor, index) => {
    if (tensor.rowCount === rowCount) return;
    throw new UnreadablePayload(
      'wrong-form',
      `the tensor ${quoted(tensor.name)} has ${tensor.rowCount} rows and the first one ${rowCount}`,
      `${pointer}/${index}/shape`,
    );
  });
  const isPositional =
    first !== undefined && tensors.length === 1 && !columns.some(({ name }) => name === first.name);
  if (first !== undefined && (isPositional || first.width > 1))
    return { rowCount, build: matrixColumns(tensors, columns, pointer) };
  const wide = tensors.findIndex(({ width }) => width > 1);
  if (wide >= 0)
    throw new UnreadablePayload(
      'wrong-form',
      `the tensor ${quoted(tensors[wide]?.name ?? '')} has ${tensors[wide]?.width} values a row; beside others it must have one`,
      `${pointer}/${wide}/shape`,
    );
  return { rowCount, build: () => ({ columns: new Map(tensors.map(({ name, values }) => [name, values])) }) };
}

function matrixColumns(
  tensors: readonly Tensor[],
  columns: readonly PayloadColumn[],
  pointer: string,
): NonNullable<Half>['build'] {
  const [matrix] = tensors;
  if (matrix === undefined || tensors.length > 1 || matrix.width !== columns.length)
    throw new UnreadablePayload(
      'wrong-form',
      `the tensor ${quoted(matrix?.name ?? '')} has ${matrix?.width} values a row; by position it must be alone and have ${columns.length}, one for each column of the schema`,
      `${pointer}/0/shape`,
    );
  return () => ({
    columns: new Map(columns.map(({ name }, index) => [name, columnOfMatrix(matrix, index)])),
  });
}

function columnOfMatrix({ values, rowCount, width }: Tensor, index: number): TableCells {
  if (width === 1) return values;
  if (values instanceof Float64Array) {
    const column = new Float64Array(rowCount);
    for (let row = 0; row < rowCount; row += 1) column[row] = values[row * width + index] ?? NaN;
    return column;
  }
  const column = new Array<unknown>(rowCount);
  for (let row = 0; row < rowCount; row += 1) column[row] = values[row * width + index];
  return column;
}
