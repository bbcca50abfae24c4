import {
  benjaminiHochberg,
  buildGrid,
  compareProfiles,
  type ColumnDrift,
  DEFAULT_DRIFT_THRESHOLDS,
  emptyProfile,
  foldColumns,
  type Grid,
  type NamedColumn,
  type Profile,
  type Verdict,
} from '#stats';
import type { Chance } from './chance.js';

/**
 * One column compared, as an evaluation of many columns needs it.
 *
 * The other columns matter only through the corrected p-values, so the verdicts that the column gets when they are
 * significant are kept, and any set of columns becomes an evaluation without comparing again.
 */
export interface Compared {
  readonly pValue: number | null;
  readonly qualityPValue: number | null;
  readonly ifSignificant: Verdict;
  readonly ifQualityIsSure: Verdict;
}

/** Thresholds that make every p-value significant. */
const ALL_SIGNIFICANT = { falseDiscoveryRate: 2, qualityFalseDiscoveryRate: 2 };

export function baselineOf(column: NamedColumn): Profile {
  return profileOf(buildGrid([column]), column);
}

export function profileOf(grid: Grid, column: NamedColumn): Profile {
  const profile = emptyProfile(grid);
  foldColumns(profile, column.values.values.length, [column]);
  return profile;
}

export function compared(baseline: Profile, window: Profile): { compared: Compared; drift: ColumnDrift } {
  const [drift] = compareProfiles(baseline, window, { thresholds: ALL_SIGNIFICANT });
  if (drift === undefined) throw new RangeError('there is no column');
  return {
    drift,
    compared: {
      pValue: drift.evidencePValue,
      qualityPValue: drift.qualityCorrectedPValue,
      ifSignificant: drift.distributionVerdict,
      ifQualityIsSure: drift.qualityVerdict,
    },
  };
}

/** The verdicts of these columns when evaluated together. */
export function verdictsOf(columns: readonly Compared[]): Verdict[] {
  const { falseDiscoveryRate, qualityFalseDiscoveryRate } = DEFAULT_DRIFT_THRESHOLDS;
  const corrected = benjaminiHochberg(columns.map(({ pValue }) => pValue));
  const onQuality = benjaminiHochberg(columns.map(({ qualityPValue }) => qualityPValue));
  return columns.map(({ ifSignificant, ifQualityIsSure }, i) => {
    const isSignificant = (corrected[i] ?? 1) < falseDiscoveryRate;
    const isSure = (onQuality[i] ?? 1) < qualityFalseDiscoveryRate;
    const distribution = isSignificant || ifSignificant === 'insufficient' ? ifSignificant : 'ok';
    return worse(distribution, isSure ? ifQualityIsSure : 'ok');
  });
}

function worse(a: Verdict, b: Verdict): Verdict {
  if (a === 'drifted' || b === 'drifted') return 'drifted';
  if (a === 'warning' || b === 'warning') return 'warning';
  return a;
}

export function isAlarm(verdict: Verdict): boolean {
  return verdict === 'warning' || verdict === 'drifted';
}

/** `count` different items. */
export function drawn<T>(items: readonly T[], count: number, chance: Chance): T[] {
  const places = new Set<number>();
  while (places.size < count) places.add(chance.below(items.length));
  return [...places].map((place) => items[place]!);
}
