import { LeewayError } from '#platform';
import type { ProfileSpec } from '../profile-schema.js';
import type { ColumnSpec } from '../schemas.js';
import type { BaselineBatch } from './batch.js';

/** The forms in which what is normal may arrive. */
export type BaselineSource = BaselineStream | BaselineRows | BaselinePages | BaselineProfile;

export interface BaselineStream {
  readonly kind: 'csv' | 'ndjson' | 'parquet';
  /** The bytes of the file. It is not destroyed when reading ends early, so that a sender can still be answered. */
  readonly stream: ByteStream;
}

export interface BaselineRows {
  readonly kind: 'rows';
  readonly rows: readonly SourceRow[];
}

/** Rows that another room hands over some at a time; they have no value for the columns of `leftOut`, which the baseline is made without. */
export interface BaselinePages {
  readonly kind: 'captured-rows';
  readonly pages: AsyncIterable<readonly SourceRow[]>;
  readonly leftOut: readonly string[];
}

/** A profile that was made elsewhere. */
export interface BaselineProfile {
  readonly kind: 'profile';
  readonly profile: ProfileSpec;
}

/** A row by the names of its columns. */
export type SourceRow = Readonly<Record<string, unknown>>;

export type ByteStream = AsyncIterable<Uint8Array | string>;

/** Reads one form, some thousand rows at a time. It throws `baseline-unreadable` with the place in the file. */
export type BaselineReader<Source> = (
  source: Source,
  columns: readonly ColumnSpec[],
) => AsyncGenerator<BaselineBatch>;

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
  const known = new Set(present);
  const absent = columns
    .filter((column) => isRequired(column) && !known.has(column.name))
    .map(({ name }) => name);
  if (absent.length > 0) {
    throw unreadable(
      `${where} has no column ${absent.map((name) => JSON.stringify(name)).join(', ')}; it has ${present.map((name) => JSON.stringify(name)).join(', ')}`,
      absent.map((name) => ({ pointer: `/${name}`, detail: 'the schema requires this column' })),
    );
  }
  return columns.filter((column) => known.has(column.name));
}

export function unreadable(
  message: string,
  places: { pointer: string; detail: string }[] = [],
  cause?: unknown,
): LeewayError {
  return new LeewayError('baseline-unreadable', message, { places, cause });
}
