import type { PayloadColumn } from '../column-batch.js';
import { UnreadablePayload } from '../decoding.js';
import { namesOf } from '../records.js';
import { quoted } from '../rejections.js';
import type { TableCells } from '../table.js';
import { UnexpectedColumns } from '../unexpected-columns.js';
import type { Half } from './halves.js';
import type { TablePart } from './positional.js';
import type { Shape } from './shape.js';

/** One tensor with its values, flat and row-major: `rowCount` × `width` of them. */
export interface Tensor extends Shape {
  readonly name: string;
  readonly values: TableCells;
}

/**
 * Tensors as the rows of a table.
 *
 * A tensor is the column of its name, and one of another name an unexpected column, whatever its shape. A lone tensor of several
 * values a row, or whose name is no column, is all columns in the order of the schema.
 * @throws UnreadablePayload `wrong-form` when two tensors have one name, columns differ in their number of rows, or a matrix has
 * another width than the schema
 */
export function tensorRows(
  tensors: readonly Tensor[],
  columns: readonly PayloadColumn[],
  pointer: string,
): NonNullable<Half> {
  const names = namesOf(columns);
  const [first] = tensors;
  if (first === undefined) return { rowCount: 0, build: () => ({ columns: new Map() }) };
  const isAlone = tensors.length === 1;
  if (isAlone && (first.width > 1 || !names.has(first.name)))
    return { rowCount: first.rowCount, build: matrixColumns(first, columns, pointer) };
  const { rowCount } = tensors.find(({ name }) => names.has(name)) ?? first;
  return { rowCount, build: (known) => namedColumns(tensors, { known, rowCount, pointer }) };
}

interface NamedTensors {
  readonly known: ReadonlySet<string>;
  readonly rowCount: number;
  readonly pointer: string;
}

function namedColumns(tensors: readonly Tensor[], { known, rowCount, pointer }: NamedTensors): TablePart {
  const unexpected = new UnexpectedColumns(known);
  const columns = new Map<string, TableCells>();
  const misshapen = new Map<number, (row: number) => string>();
  tensors.forEach((tensor, index) => {
    const { name, width, values } = tensor;
    if (!known.has(name)) {
      unexpected.addToAll(name);
      return;
    }
    if (columns.has(name))
      throw new UnreadablePayload(
        'wrong-form',
        `two tensors have the name ${quoted(name)}; a column has one`,
        `${pointer}/${index}/name`,
      );
    if (tensor.rowCount !== rowCount)
      throw new UnreadablePayload(
        'wrong-form',
        `the tensor ${quoted(name)} has ${tensor.rowCount} rows and others ${rowCount}`,
        `${pointer}/${index}/shape`,
      );
    if (width === 1) columns.set(name, values);
    else
      refuseRows(
        misshapen,
        rowCount,
        (row) => `row ${row}: the tensor ${quoted(name)} has ${width} values a row; its column takes one`,
      );
  });
  return { columns, misshapen, unexpected: [unexpected] };
}

function refuseRows(
  misshapen: Map<number, (row: number) => string>,
  rowCount: number,
  problem: (row: number) => string,
): void {
  for (let row = 0; row < rowCount; row += 1) misshapen.set(row, problem);
}

function matrixColumns(
  matrix: Tensor,
  columns: readonly PayloadColumn[],
  pointer: string,
): NonNullable<Half>['build'] {
  if (matrix.width !== columns.length)
    throw new UnreadablePayload(
      'wrong-form',
      `the tensor ${quoted(matrix.name)} has ${matrix.width} values a row; by position it must have ${columns.length}, one for each column of the schema`,
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
