import { UnreadablePayload } from '../decoding.js';

/** A tensor of tabular data: rows, and values in each. */
export interface Shape {
  readonly rowCount: number;
  readonly width: number;
}

/**
 * The rows and width of a tensor's shape; `[n]` has width 1, dimensions behind the first are one row's values.
 *
 * Nobody can trust a shape: it is checked against the number of values before anything is allocated.
 * @throws UnreadablePayload `wrong-form`
 */
export function shapeOf(shape: unknown, valueCount: number, pointer: string): Shape {
  if (!Array.isArray(shape) || shape.length === 0 || !shape.every(isDimension))
    throw new UnreadablePayload(
      'wrong-form',
      `${pointer}/shape must be an array of whole numbers from 0`,
      `${pointer}/shape`,
    );
  const [rowCount = 0, ...rest] = shape as readonly number[];
  const width = rest.reduce((product, dimension) => product * dimension, 1);
  // Rows of no values would be as many as the sender cares to claim.
  if (rowCount * width !== valueCount || (width === 0 && rowCount > 0))
    throw new UnreadablePayload(
      'wrong-form',
      `${pointer} has ${valueCount} values; its shape [${shape.join(', ')}] is of ${rowCount * width}`,
      `${pointer}/shape`,
    );
  return { rowCount, width };
}

/** Flat row-major values, cut into rows. */
export function rowsOfShape(
  values: readonly unknown[],
  rowCount: number,
  width: number,
): readonly unknown[][] {
  return Array.from({ length: rowCount }, (_, row) => values.slice(row * width, (row + 1) * width));
}

function isDimension(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
