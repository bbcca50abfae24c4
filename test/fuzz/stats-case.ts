import {
  BaselineStream,
  buildGrid,
  categoricalSampleDistances,
  changeWords,
  compareProfiles,
  deserializeGrid,
  deserializeProfile,
  emptyProfile,
  foldColumns,
  mergeProfiles,
  modelVerdict,
  type NamedColumn,
  neededSampleSizes,
  numericSampleDistances,
  type Profile,
  serializeGrid,
  serializeProfile,
  spanDesignEffects,
} from '#stats';
import { Chance } from '../bench/calibration/chance.js';

/** One input, which follows from the two numbers. */
export interface FuzzCase {
  readonly seed: number;
  readonly sequence: number;
}

/** What went wrong with this input, or null. */
export function findingOf({ seed, sequence }: FuzzCase): string | null {
  const chance = new Chance(Math.imul(seed, 0x9e3779b1) ^ Math.imul(sequence, 0x85ebca6b) ^ sequence);
  try {
    return runCase(chance);
  } catch (error) {
    return error instanceof RangeError ? null : `threw ${String(error)}`;
  }
}

const ODD_NUMBERS = [0, -0, 1, -1, 5e-324, -5e-324, 1e-300, 1e300, 1e308, -1e308, Number.MAX_VALUE];
const NOT_NUMBERS = [NaN, Infinity, -Infinity];
const ODD_TEXTS = [
  '',
  ' ',
  'a',
  'A',
  'ä',
  '\ud800',
  '\0',
  '(rest)',
  '(unseen)',
  '__proto__',
  '1e5',
  '😀 b',
  'x'.repeat(400),
];

type MakeNumber = () => number;

/** Columns of one kind of data each: one of a few shapes, sometimes with odd values among them. */
function numbersOf(chance: Chance, size: number): Float64Array {
  const makers: MakeNumber[] = [
    () => chance.normal(),
    () => Math.exp(20 * chance.normal()),
    () => chance.below(5),
    () => ODD_NUMBERS[chance.below(ODD_NUMBERS.length)]!,
    () => 1e308 * chance.normal(),
    () => 5e-324 * chance.below(9),
    () => 1e15 + chance.below(3),
    () => Math.round(1000 * chance.normal()) / 100,
  ];
  const make = makers[chance.below(makers.length)]!;
  const offset = chance.below(4) === 0 ? 10 ** chance.below(300) : 0;
  const oddShare = chance.below(3) === 0 ? chance.uniform() : 0;
  return Float64Array.from({ length: size }, () => {
    if (chance.uniform() >= oddShare) return make() + offset;
    const odd = chance.below(2) === 0 ? NOT_NUMBERS : ODD_NUMBERS;
    return odd[chance.below(odd.length)]!;
  });
}

function textsOf(chance: Chance, size: number): (string | null)[] {
  const distinct = 10 ** chance.below(5);
  const [oddShare, missingShare] = [chance.uniform() ** 4, chance.uniform() ** 4];
  return Array.from({ length: size }, () => {
    if (chance.uniform() < missingShare) return null;
    if (chance.uniform() < oddShare) return ODD_TEXTS[chance.below(ODD_TEXTS.length)]!;
    return `w${chance.below(distinct)} w${chance.below(20)}`;
  });
}

function sizeOf(chance: Chance): number {
  return Math.floor(10 ** (3.5 * chance.uniform())) - 1;
}

function columnsOf(chance: Chance, size: number): NamedColumn[] {
  const invalidCount = chance.below(4) === 0 ? chance.below(50) : 0;
  const texts = textsOf(chance, size);
  const columns: NamedColumn[] = [
    { name: 'number', values: { kind: 'numeric', values: numbersOf(chance, size), invalidCount } },
    { name: 'category', values: { kind: 'categorical', values: texts, invalidCount } },
    { name: 'text', values: { kind: 'text', values: texts, invalidCount } },
    { name: 'other number', values: { kind: 'numeric', values: numbersOf(chance, size), invalidCount: 0 } },
  ];
  return columns.filter(() => chance.below(8) > 0);
}

/** The window: like the baseline's rows, some of them changed as a fault would, or other rows altogether. */
function changed(chance: Chance, columns: readonly NamedColumn[]): NamedColumn[] {
  if (chance.below(3) === 0) return columnsOf(chance, sizeOf(chance));
  const factor = [1, 1, 1.609344, -1, 1000, 0, 1e300, 1e-300][chance.below(8)]!;
  const offset = [0, 0, 32, -273.15, 1e308][chance.below(5)]!;
  return columns.map(({ name, values }): NamedColumn => {
    if (values.kind !== 'numeric')
      return {
        name,
        values: { ...values, values: values.values.slice(chance.below(3)).concat(textsOf(chance, 5)) },
      };
    return { name, values: { ...values, values: values.values.map((x) => factor * x + offset) } };
  });
}

function runCase(chance: Chance): string | null {
  const baselineColumns = columnsOf(chance, sizeOf(chance));
  const windowColumns = changed(chance, baselineColumns);
  const baseline = counted(emptyProfile(buildGrid(baselineColumns)), baselineColumns);
  const window = counted(emptyProfile(baseline.grid), windowColumns);
  return (
    storageFinding(baseline) ??
    storageFinding(window) ??
    mergeFinding(baseline, window) ??
    comparisonFinding(chance, baseline, window) ??
    rawFinding(baselineColumns, windowColumns) ??
    streamFinding(chance, baselineColumns, windowColumns)
  );
}

function counted(profile: Profile, columns: readonly NamedColumn[]): Profile {
  const rows = Math.max(0, ...columns.map(({ values }) => values.values.length + values.invalidCount));
  foldColumns(profile, rows, columns);
  return profile;
}

function storageFinding(profile: Profile): string | null {
  const grid = deserializeGrid(serializeGrid(profile.grid));
  if (grid.hash !== profile.grid.hash) return 'a stored grid has another hash';
  const bytes = serializeProfile(profile);
  const again = serializeProfile(deserializeProfile(bytes, grid));
  if (!Buffer.from(bytes).equals(again)) return 'a stored profile is another one when read';
  return nanIn('profile', profile.columns);
}

function mergeFinding(a: Profile, b: Profile): string | null {
  const merged = emptyProfile(a.grid);
  mergeProfiles(merged, a);
  mergeProfiles(merged, b);
  const isWhole = merged.columns.every(
    (column, i) => column.count === a.columns[i]!.count + b.columns[i]!.count,
  );
  return isWhole ? nanIn('merged profile', merged.columns) : 'merging lost values';
}

function comparisonFinding(chance: Chance, baseline: Profile, window: Profile): string | null {
  const windows = Array.from({ length: chance.below(9) }, (_, hour) => ({
    start: hour * 3_600_000,
    profile: hour % 2 === 0 ? window : baseline,
  }));
  const drifts = compareProfiles(baseline, window, { windowEffects: spanDesignEffects(windows) });
  for (const drift of drifts) {
    for (const change of drift.changes)
      if (/NaN|undefined|Infinity/.test(changeWords('x', change)))
        return `words: ${changeWords('x', change)}`;
    if (drift.ks !== null && !(drift.ks >= 0 && drift.ks <= drift.ksUpperBound! && drift.ksUpperBound! <= 1))
      return `D ${drift.ks} is not in [0, ${drift.ksUpperBound}]`;
    if (drift.psi !== null && drift.psi < 0) return `PSI is ${drift.psi}`;
    if (drift.changes.length === 0 && (drift.verdict === 'warning' || drift.verdict === 'drifted'))
      return `${drift.column} is ${drift.verdict} (${drift.reason}) without a change that says why`;
  }
  const self = compareProfiles(baseline, baseline).find(
    ({ verdict }) => verdict === 'drifted' || verdict === 'warning',
  );
  if (self !== undefined) return `a baseline differs from itself: ${self.column} ${self.reason}`;
  const judged = drifts.map(({ column, verdict }) => ({ column, verdict, role: 'feature' as const }));
  return nanIn('drift', [drifts, modelVerdict(judged), neededSampleSizes(baseline.rowCount)]);
}

function rawFinding(baseline: readonly NamedColumn[], window: readonly NamedColumn[]): string | null {
  for (const { name, values: b } of baseline) {
    const c = window.find((column) => column.name === name)?.values;
    if (b.kind === 'numeric' && c?.kind === 'numeric') {
      const finding = nanIn('raw', numericSampleDistances(b.values, c.values));
      if (finding !== null) return finding;
    }
    if (b.kind === 'categorical' && c?.kind === 'categorical') {
      const finding = nanIn('raw', categoricalSampleDistances(present(b.values), present(c.values)));
      if (finding !== null) return finding;
    }
  }
  return null;
}

function present(values: readonly (string | null)[]): string[] {
  return values.filter((value) => value !== null);
}

function streamFinding(chance: Chance, ...batches: readonly (readonly NamedColumn[])[]): string | null {
  const stream = new BaselineStream({ bufferSize: 64 * (1 + chance.below(8)) });
  for (const columns of batches) {
    const rows = Math.max(0, ...columns.map(({ values }) => values.values.length + values.invalidCount));
    stream.fold(rows, columns);
  }
  const { profile } = stream.finish();
  return nanIn('stream', profile.columns) ?? storageFinding(profile);
}

/** Where a NaN stands in what came out, or null. */
function nanIn(path: string, value: unknown): string | null {
  if (typeof value === 'number') return Number.isNaN(value) ? `${path} is NaN` : null;
  if (value instanceof Float64Array) return value.some(Number.isNaN) ? `${path} holds a NaN` : null;
  if (typeof value !== 'object' || value === null || value instanceof Map) return null;
  for (const [key, inner] of Object.entries(value)) {
    const finding = nanIn(`${path}.${key}`, inner);
    if (finding !== null) return finding;
  }
  return null;
}
