import type { Readable } from 'node:stream';
import { ColumnBuilder, type NamedColumn } from '#payloads';
import { LeewayError } from '#platform';
import type { ColumnSpec } from '../schemas.js';

/** The forms in which training data may arrive. */
export type BaselineSource = BaselineStream | BaselineRows;

export interface BaselineStream {
  readonly kind: 'csv' | 'ndjson' | 'parquet';
  readonly stream: Readable;
}

export interface BaselineRows {
  readonly kind: 'rows';
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/** Training data by column, in the order of the schema. */
export interface BaselineTable {
  readonly rowCount: number;
  readonly columns: readonly NamedColumn[];
}

/** Reads one form. It throws `baseline-unreadable` with the place in the file, and holds nothing back when it does. */
export type BaselineReader<Source extends BaselineSource> = (
  source: Source,
  columns: readonly ColumnSpec[],
) => Promise<BaselineTable>;

/** Training data has its outcomes, but not every baseline does: only ground truth may be left out. */
export function isRequired(column: ColumnSpec): boolean {
  return column.role !== 'groundTruth';
}

/** The columns of the schema that the file has. @throws LeewayError `baseline-unreadable` naming those it lacks */
export function matchColumns(
  columns: readonly ColumnSpec[],
  present: readonly string[],
  where: string,
): ColumnSpec[] {
  const absent = columns
    .filter((column) => isRequired(column) && !present.includes(column.name))
    .map(({ name }) => name);
  if (absent.length > 0) {
    throw unreadable(
      `${where} has no column ${absent.map((name) => JSON.stringify(name)).join(', ')}; it has ${present.map((name) => JSON.stringify(name)).join(', ')}`,
      absent.map((name) => ({ pointer: `/${name}`, detail: 'the schema requires this column' })),
    );
  }
  return columns.filter((column) => present.includes(column.name));
}

export function buildersFor(columns: readonly ColumnSpec[]): ColumnBuilder[] {
  return columns.map((column) => new ColumnBuilder(column.name, column.type));
}

export function unreadable(
  message: string,
  places: { pointer: string; detail: string }[] = [],
  cause?: unknown,
): LeewayError {
  return new LeewayError('baseline-unreadable', message, { places, cause });
}
