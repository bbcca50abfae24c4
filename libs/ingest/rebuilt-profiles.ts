import { ColumnBuilder, type NamedColumn, type PayloadColumn, type PayloadPart } from '#payloads';
import { UNKNOWN, WHOLE } from '#registry';
import { emptyProfile, foldSomeColumns, type Grid, type Profile } from '#stats';
import { MAX_CAPTURED_LENGTH } from './captured-part.js';
import type { VersionContext } from './version-context.js';

type CapturedValues = Readonly<Record<string, string | number | null>>;

/** What of a captured row a profile is made of. */
export interface CapturedValuesRow {
  readonly part: PayloadPart;
  readonly row_values: CapturedValues;
}

/** The captured rows of one window and segment, counted on a grid. */
export interface RebuiltProfile {
  readonly segment: string;
  readonly profile: Profile;
}

/** The captured rows of one window, counted on a grid. */
export interface RebuiltProfiles {
  readonly profiles: readonly RebuiltProfile[];
  /** Columns of the grid that captured rows do not have whole; the profiles hold nothing of them, not even missing values. */
  readonly leftOut: readonly string[];
}

/**
 * Counts the captured rows of one window on a grid, as ingest counts rows. Pure.
 *
 * A column is left out that some whole row does not have, since it was redacted, that no row has, or of which a text was
 * cut, which changes its length and its words.
 */
export function rebuildProfiles(
  rows: readonly CapturedValuesRow[],
  context: VersionContext,
  grid: Grid,
): RebuiltProfiles {
  const leftOut = grid.columns.map(({ name }) => name).filter((name) => !isCaptured(rows, name));
  const columns = context.columns.filter(({ name }) => !leftOut.includes(name));
  const bySegment = Map.groupBy(rows, (row) => segmentOf(row, context));
  return {
    leftOut,
    profiles: [...bySegment].map(([segment, own]) => ({ segment, profile: profileOf(own, columns, grid) })),
  };
}

function isCaptured(rows: readonly CapturedValuesRow[], name: string): boolean {
  const having = rows.filter(({ row_values }) => Object.hasOwn(row_values, name));
  return (
    having.length > 0 &&
    rows.every(({ part, row_values }) => part !== 'whole' || Object.hasOwn(row_values, name)) &&
    having.every(({ row_values }) => !isCut(row_values[name]))
  );
}

/** Whether capturing has cut the text. One of exactly this length that ends so by itself cannot be told from it. */
function isCut(value: string | number | null | undefined): boolean {
  return typeof value === 'string' && value.length >= MAX_CAPTURED_LENGTH && value.endsWith('…');
}

function segmentOf({ row_values }: CapturedValuesRow, context: VersionContext): string {
  const { segmentColumns } = context;
  if (segmentColumns.length === 0) return WHOLE;
  if (segmentColumns.some((name) => !Object.hasOwn(row_values, name))) return UNKNOWN;
  return context.segmentOf(segmentColumns.map((name) => row_values[name] ?? null));
}

/** Rows with the same columns are counted together: requests have none of a response, which is not missing in them. */
function profileOf(
  rows: readonly CapturedValuesRow[],
  columns: readonly PayloadColumn[],
  grid: Grid,
): Profile {
  const profile = emptyProfile(grid);
  const alike = Map.groupBy(rows, ({ part, row_values }) =>
    JSON.stringify([part === 'response', ...Object.keys(row_values)]),
  );
  for (const group of alike.values()) {
    const [first] = group;
    if (first === undefined) continue;
    const own = columns.filter(({ name }) => Object.hasOwn(first.row_values, name));
    const values = own.map((column) => columnOf(group, column));
    foldSomeColumns(profile, group.length, values, first.part === 'response' ? 0 : group.length);
  }
  return profile;
}

function columnOf(rows: readonly CapturedValuesRow[], { name, type }: PayloadColumn): NamedColumn {
  const builder = new ColumnBuilder(name, type);
  for (const { row_values } of rows) builder.push(row_values[name] ?? null);
  return builder.build();
}
