import type { NamedColumn } from '../../columns.js';
import { buildGrid } from '../../grid/build-grid.js';
import { foldColumns } from '../../profile/fold-columns.js';
import { emptyProfile, type Profile } from '../../profile/profile.js';
import { INDEPENDENT_ROWS } from '../../span/design-effect.js';
import { outOfRangeCount, qualityEvidence } from '../data-quality.js';
import type { SampleSizes } from '../sample-sizes.js';
import { categoricalChanges } from './categorical-changes.js';
import type { ColumnChange } from './column-change.js';
import { numericChanges } from './numeric-changes.js';

// Jest looks up globals slowly, and these run millions of times.
const { cos, exp, imul, log, PI, round, sqrt } = Math;

/** A column's values: numbers, NaN missing, or texts, null missing. */
export type Values = Float64Array | readonly (string | null)[];

/** A column named x of these values, with so many cells of a wrong type. */
export function columnOf(values: Values, invalidCount = 0): NamedColumn {
  return values instanceof Float64Array
    ? { name: 'x', values: { kind: 'numeric', values, invalidCount } }
    : { name: 'x', values: { kind: 'categorical', values, invalidCount } };
}

/** The profile of one column on its own grid. */
export function baselineProfile(column: NamedColumn): Profile {
  return counted(emptyProfile(buildGrid([column])), column);
}

/** The profile of one column on the baseline's grid. */
export function windowProfile(baseline: Profile, column: NamedColumn): Profile {
  return counted(emptyProfile(baseline.grid), column);
}

function counted(profile: Profile, column: NamedColumn): Profile {
  foldColumns(profile, column.values.values.length + column.values.invalidCount, [column]);
  return profile;
}

/** What changed in the one column of two profiles. */
export function changesBetween(baseline: Profile, window: Profile, effective?: SampleSizes): ColumnChange[] {
  const [b, w, named] = [baseline.columns[0], window.columns[0], baseline.grid.columns[0]];
  if (b === undefined || w === undefined || named === undefined) throw new RangeError('no column');
  const { grid } = named;
  const isNumeric = grid.kind === 'numeric' && b.kind === 'numeric' && w.kind === 'numeric';
  const rows = { baselineRows: baseline.rowCount, windowRows: window.rowCount };
  const effects = { baselineEffects: INDEPENDENT_ROWS, windowEffects: INDEPENDENT_ROWS };
  const outside = isNumeric ? outOfRangeCount(grid, b, w) : 0;
  const { changes: quality } = qualityEvidence(
    { grid, baseline: b, window: w, ...rows, ...effects },
    outside,
  );
  const limits = { ksDrifted: 0.1, minCount: 20 };
  const sizes = effective === undefined ? {} : { effective };
  if (isNumeric) return numericChanges({ grid, baseline: b, window: w, quality, limits, ...sizes });
  if (grid.kind === 'categorical' && b.kind === 'categorical' && w.kind === 'categorical')
    return categoricalChanges({ grid, baseline: b, window: w, quality, limits, ...sizes });
  throw new RangeError('kinds differ');
}

/** Seeded random numbers of the shapes that columns have. */
export interface Chance {
  readonly uniform: () => number;
  readonly normal: () => number;
  readonly exponential: () => number;
}

/** Random numbers reproducible from the seed (mulberry32; Box and Muller). */
export function chanceOf(seed: number): Chance {
  let state = seed;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = imul(state ^ (state >>> 15), 1 | state);
    t = (t + imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return {
    uniform,
    normal: () => sqrt(-2 * log(1 - uniform())) * cos(2 * PI * uniform()),
    exponential: () => -log(1 - uniform()),
  };
}

/** One value of a column of each shape. */
export const SHAPES = {
  /** Normal, away from 0. */
  weight: ({ normal }: Chance) => 70 + 12 * normal(),
  celsius: ({ normal }: Chance) => round(10 * (15 + 8 * normal())) / 10,
  lognormal: ({ normal }: Chance) => exp(3 + normal()),
  gamma: ({ exponential }: Chance) => 10 * (exponential() + exponential()),
  /** Whole numbers, as the miles of flights. */
  distance: ({ exponential, normal }: Chance) => round(100 + 700 * (exponential() + 0.3 * normal() ** 2)),
  /** Two in five are 0, the others lognormal, in cents. */
  amount: ({ uniform, normal }: Chance) => (uniform() < 0.4 ? 0 : round(100 * exp(3 + normal())) / 100),
  score: ({ uniform }: Chance) => uniform(),
  /** Whole numbers, each common. */
  age: ({ normal }: Chance) => Math.max(18, Math.min(95, round(42 + 14 * normal()))),
} satisfies Record<string, (chance: Chance) => number>;

export type Shape = keyof typeof SHAPES;

/** So many values of a shape. */
export function sampleOf(shape: Shape, count: number, seed: number): Float64Array {
  const chance = chanceOf(seed);
  return Float64Array.from({ length: count }, () => SHAPES[shape](chance));
}

/** So many country codes: US 40%, DE 31%, FR 15%, UK 10%, and others. */
export function countries(count: number, seed: number): string[] {
  const { uniform } = chanceOf(seed);
  return Array.from({ length: count }, () => countryAt(uniform()));
}

function countryAt(u: number): string {
  if (u < 0.4) return 'US';
  if (u < 0.71) return 'DE';
  if (u < 0.86) return 'FR';
  return u < 0.96 ? 'UK' : 'IT';
}
