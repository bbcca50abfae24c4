import {
  compareProfiles,
  modelVerdict,
  regrid,
  type ColumnDrift,
  type ModelVerdict,
  type Profile,
} from '#stats';
import { importanceOf } from './baseline-importances.js';
import type { Importances } from './importances-schema.js';
import type { Version } from './models.js';
import type { ColumnSpec } from './schemas.js';

/** How far one column of a baseline is from that of another. */
export interface ColumnComparison extends ColumnDrift {
  /**
   * By which share of the other's values a count up to an edge of the first's grid may be off at most, 0 to 1, since the other was
   * counted on a grid of its own; of categories, the share whose category is not known. `ks` and its bounds allow for it; other
   * distances rest on shares of bins that may be off by twice as much.
   */
  readonly gridError: number;
}

/** How a baseline compares with another one, on the first one's grid. */
export interface BaselineComparison {
  readonly id: string;
  readonly with: string;
  readonly verdict: ModelVerdict['verdict'];
  readonly reason: ModelVerdict['reason'];
  readonly driftedShare: number;
  readonly hasOneGrid: boolean;
  readonly columns: readonly ColumnComparison[];
  /** Columns that only one of them has, or that are of different kinds. */
  readonly leftOut: readonly { readonly column: string; readonly reason: string }[];
  /** What the figures do not hold, in words. */
  readonly notes: readonly string[];
}

/** One side of a comparison. */
export interface ComparedBaseline {
  readonly id: string;
  readonly profile: Profile;
}

/** Compares the other with the first as a span of windows would be. Pure. */
export function compareBaselines(
  first: ComparedBaseline,
  other: ComparedBaseline,
  { columns: specs }: Pick<Version, 'columns'>,
  importances: Importances | null,
): BaselineComparison {
  const { profile, errors } = regrid(other.profile, first.profile.grid);
  const names = first.profile.grid.columns.map(({ name }) => name);
  const errorOf = new Map(names.map((name, index) => [name, errors[index] ?? null]));
  const onlyColumns = names.filter((name) => errorOf.get(name) !== null);
  const columns = compareProfiles(first.profile, profile, { onlyColumns }).map((drift) => ({
    ...drift,
    gridError: errorOf.get(drift.column) ?? 0,
  }));
  const hasOneGrid = first.profile.grid.hash === other.profile.grid.hash;
  return {
    id: first.id,
    with: other.id,
    ...modelVerdict(judged(columns, specs, importances)),
    hasOneGrid,
    columns,
    leftOut: leftOutOf(first.profile, other.profile, onlyColumns),
    notes: notesOf(columns, hasOneGrid),
  };
}

function judged(
  columns: readonly ColumnComparison[],
  specs: readonly ColumnSpec[],
  importances: Importances | null,
): Parameters<typeof modelVerdict>[0] {
  return columns.flatMap(({ column, verdict }) => {
    const spec = specs.find(({ name }) => name === column);
    if (spec === undefined) return [];
    const importance = importanceOf(spec, importances);
    return [{ column, role: spec.role, verdict, ...(importance === undefined ? {} : { importance }) }];
  });
}

function leftOutOf(
  first: Profile,
  other: Profile,
  compared: readonly string[],
): BaselineComparison['leftOut'] {
  const kinds = (profile: Profile) =>
    new Map(profile.grid.columns.map(({ name, grid }) => [name, grid.kind]));
  const [ours, theirs] = [kinds(first), kinds(other)];
  return [...new Set([...ours.keys(), ...theirs.keys()])]
    .filter((name) => !compared.includes(name))
    .map((column) => {
      const [our, their] = [ours.get(column), theirs.get(column)];
      if (our === undefined) return { column, reason: 'only-in-the-other' };
      return { column, reason: their === undefined ? 'only-in-the-first' : 'of-different-kinds' };
    });
}

function notesOf(columns: readonly ColumnComparison[], hasOneGrid: boolean): string[] {
  const texts = columns.filter(({ kind }) => kind === 'text').map(({ column }) => JSON.stringify(column));
  const worst = columns.toSorted((a, b) => b.gridError - a.gridError)[0];
  const percent = ((worst?.gridError ?? 0) * 100).toPrecision(2);
  return [
    ...(hasOneGrid || worst === undefined
      ? []
      : [
          `the other baseline was counted on a grid of its own; moved onto the first one's, its cumulative shares are off by at most ${percent}% (${JSON.stringify(worst.column)}), those of each column by its gridError`,
        ]),
    ...(texts.length === 0 || hasOneGrid
      ? []
      : [
          `of the texts ${texts.join(', ')} only lengths and blank ones are compared: baselines do not count the words that they know`,
        ]),
  ];
}
