import {
  buildGrid,
  type ColumnDrift,
  compareProfiles,
  deserializeGrid,
  deserializeProfile,
  emptyProfile,
  foldColumns,
  type Grid,
  mergeProfiles,
  type NumericGrid,
  type NumericProfile,
  type Profile,
  serializeGrid,
  serializeProfile,
  twoSampleKs,
} from '#stats';
import { expectClose } from './agreement.js';
import type { Peer } from './peer.js';
import { type BenchRow, compared } from './rows.js';
import { BASELINE_ROWS, columnOf, type Sample, type Samples, SMALL_WINDOW_ROWS } from './samples.js';
import { secondsOf, sideBySide } from './timing.js';

const NS = 1e9;
const US = 1e6;
const MS = 1e3;

/** A baseline as it is stored, read back, and the samples that are compared with it. */
export interface Scene {
  readonly samples: Samples;
  readonly peer: Peer;
  readonly grid: Grid;
  readonly baseline: Profile;
}

export function sceneOf(samples: Samples, peer: Peer): Scene {
  const columns = columnOf(samples.baseline.values);
  const grid = deserializeGrid(serializeGrid(buildGrid(columns)));
  const baseline = emptyProfile(grid);
  foldColumns(baseline, BASELINE_ROWS, columns);
  return { samples, peer, grid, baseline: deserializeProfile(serializeProfile(baseline), grid) };
}

function profileOf(grid: Grid, values: Float64Array): Profile {
  const profile = emptyProfile(grid);
  foldColumns(profile, values.length, columnOf(values));
  return profile;
}

function edgesOf(grid: Grid): Float64Array {
  return (grid.columns[0]?.grid as NumericGrid).edges;
}

/** Counts and sums per cell, and with them, on our side only, mean, variance, minimum and maximum. */
export async function binningRow({ samples, peer, grid }: Scene): Promise<BenchRow> {
  const { same } = samples;
  const edges = samples.sampleOf('edges', edgesOf(grid));
  const name = `bin ${BASELINE_ROWS} values into ${edges.values.length + 1} cells, with sums`;
  const reason = peer.reasonWithout('numpy');
  const ours = (): Profile => profileOf(grid, same.values);
  const theirs = async (): Promise<number> => {
    const { seconds, value } = await peer.ask('bin', { values: same.path, edges: edges.path });
    const { counts, sums } = ours().columns[0] as NumericProfile;
    expectClose(name, [Math.max(...counts), sums.reduce((sum, x) => sum + x, 0)], value);
    return seconds;
  };
  const search = (): Promise<number> => secondsOf(() => binarySearchCounts(same.values, edges.values));
  const times = await sideBySide(ours, reason === null ? theirs : search, {
    turns: 3,
    calls: 5,
    warmups: 20,
  });
  return {
    ...{ name, unit: 'ns/value' },
    ...compared(times, NS / BASELINE_ROWS),
    peerName:
      reason === null ? `searchsorted and bincount, ${peer.name('numpy')}` : `binary search here; ${reason}`,
    // A binary search that counts only took 60 ns beside our 12 (`performance.md`, 1), NumPy's 63.
    target: { atLeast: reason === null ? 4.5 : 4 },
  };
}

/** What one would write first: a binary search per value, counts only. */
function binarySearchCounts(values: Float64Array, edges: Float64Array): Uint32Array {
  const counts = new Uint32Array(edges.length + 1);
  for (const value of values) {
    let low = 0;
    let high = edges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((edges[middle] ?? 0) < value) low = middle + 1;
      else high = middle;
    }
    counts[low] = (counts[low] ?? 0) + 1;
  }
  return counts;
}

/** The two-sample test of raw values, which both sides sort; SciPy's method is `auto`, asymptotic at this size. */
export async function exactKsRow({ samples, peer }: Scene, change: 'same' | 'changed'): Promise<BenchRow> {
  const { baseline, [change]: window } = samples;
  const name = `exact KS of ${BASELINE_ROWS} and ${BASELINE_ROWS} raw values, ${CHANGES[change]}`;
  const reason = peer.reasonWithout('scipy');
  const ours = (): number => twoSampleKs(baseline.values, window.values)?.statistic ?? NaN;
  const theirs = async (): Promise<number> => {
    const { seconds, value } = await peer.ask('ks', { baseline: baseline.path, window: window.path });
    expectClose(name, ours(), value);
    return seconds;
  };
  const sorting = (): Promise<number> =>
    secondsOf(() => [baseline.values.slice().sort(), window.values.slice().sort()]);
  const times = await sideBySide(ours, reason === null ? theirs : sorting, {
    turns: 3,
    calls: 4,
    warmups: 4,
  });
  return {
    ...{ name, unit: 'ms' },
    ...compared(times, MS),
    peerName:
      reason === null ? `ks_2samp, ${peer.name('scipy')}` : `sorting by Float64Array.sort alone; ${reason}`,
    // Such sorts took 199 ms where radix sorts and the merge took 110 (`performance.md`, 3).
    target: { atLeast: reason === null ? 3 : 2 },
  };
}

const CHANGES = {
  same: 'no change',
  changed: 'a change of 0.01σ',
  drifted: 'drift of 0.5σ',
} as const;

/** A window as it arrives, against a stored profile; without one, both samples are read in full. */
export async function windowRow(scene: Scene, change: 'same' | 'changed'): Promise<BenchRow> {
  const { samples, peer, grid, baseline } = scene;
  const window = samples[change];
  const name = `all metrics of ${window.values.length} new rows against a stored baseline, ${CHANGES[change]}`;
  const reason = peer.reasonWithout('scipy');
  const ours = (): unknown => compareProfiles(baseline, profileOf(grid, window.values));
  const theirs = reason === null ? rawMetrics(scene, window, name) : null;
  const times = await sideBySide(ours, theirs, { turns: 3, calls: 3, warmups: 20 });
  return {
    ...{ name, unit: 'ms' },
    ...compared(times, MS),
    peerName: reason ?? `both samples raw, ${peer.name('scipy')}`,
    target: { atLeast: 50 },
  };
}

/** Both profiles are stored: what a query costs, whatever the number of rows behind it. */
export async function storedRow(
  scene: Scene,
  change: 'smallSame' | 'smallChanged' | 'smallDrifted',
  target: BenchRow['target'],
): Promise<BenchRow> {
  const { samples, peer, grid, baseline } = scene;
  const window = samples[change];
  const { smallSame, smallChanged, smallDrifted } = {
    smallSame: 'same',
    smallChanged: 'changed',
    smallDrifted: 'drifted',
  } as const;
  const label = CHANGES[{ smallSame, smallChanged, smallDrifted }[change]];
  const name = `all metrics of a column from stored profiles, ${BASELINE_ROWS} and ${SMALL_WINDOW_ROWS} rows, ${label}`;
  const reason = peer.reasonWithout('scipy');
  const stored = deserializeProfile(serializeProfile(profileOf(grid, window.values)), grid);
  const ours = (): unknown => compareProfiles(baseline, stored);
  const theirs = reason === null ? rawMetrics(scene, window, name) : null;
  const times = await sideBySide(ours, theirs, { turns: 3, calls: 3, warmups: 20_000, batch: 2_000 });
  return {
    ...{ name, unit: 'µs' },
    ...compared(times, US),
    peerName: reason ?? `both samples raw, ${peer.name('scipy')}`,
    target,
  };
}

/** SciPy on the raw samples: all that `compareProfiles` gives and SciPy has. */
function rawMetrics({ samples, peer, grid, baseline }: Scene, window: Sample, name: string) {
  return async (): Promise<number> => {
    const { seconds, value } = await peer.ask('metrics', {
      baseline: samples.baseline.path,
      window: window.path,
    });
    const [drift] = compareProfiles(baseline, profileOf(grid, window.values));
    expectSameMetrics(name, drift, value as Record<string, number>);
    return seconds;
  };
}

/** Ranks within a cell are ties to us, which changes P(window > baseline) by some 1e-5. */
const RANKS_OF_CELLS = { absolute: 1e-4, relative: 0 };

/**
 * NumPy interpolates deciles and we take order statistics, so that some rows of a million are in another bin; the grid
 * sees KS at its edges only, to 1/940; and Wasserstein is within 0.9% (`performance.md`, 3).
 */
function expectSameMetrics(
  name: string,
  drift: ColumnDrift | undefined,
  raw: Readonly<Record<string, number>>,
): void {
  const tolerances = {
    psi: 1e-5,
    jensenShannon: 1e-3,
    hellinger: 1e-3,
    totalVariation: 1e-3,
    lInfinity: 1e-3,
    ks: 1 / 940,
    wasserstein: 2e-3,
  } as const;
  for (const [metric, absolute] of Object.entries(tolerances)) {
    const value = drift?.[metric as keyof typeof tolerances] ?? NaN;
    expectClose(`${name}: ${metric}`, value, raw[metric], { absolute, relative: 0.01 });
  }
  expectClose(`${name}: Welch's t`, drift?.welch?.statistic, raw['welch']);
  expectClose(
    `${name}: P(window > baseline)`,
    drift?.rankSum?.probabilityOfSuperiority,
    raw['superiority'],
    RANKS_OF_CELLS,
  );
}

/** Adding two profiles against counting the rows of both once more. */
export async function mergeRow({ samples, grid, baseline }: Scene): Promise<BenchRow> {
  const { same } = samples;
  const target = profileOf(grid, samples.smallSame.values);
  const times = await sideBySide(
    () => mergeProfiles(target, baseline),
    () => secondsOf(() => profileOf(grid, same.values)),
    { turns: 3, calls: 3, warmups: 20_000, batch: 2_000 },
  );
  return {
    name: `merge two profiles of a column`,
    unit: 'µs',
    ...compared(times, US),
    peerName: `folding ${BASELINE_ROWS} rows again`,
    target: { atLeast: 1_000 },
  };
}

/** What a window of a column takes in the database for its counts. */
export function sizeRow({ samples, grid }: Scene): BenchRow {
  const profile = profileOf(grid, samples.smallSame.values);
  return {
    name: `counts of ${SMALL_WINDOW_ROWS} values, serialized`,
    unit: 'bytes',
    ours: countBytes(profile),
    peer: samples.smallSame.values.byteLength,
    peerName: 'the values as doubles',
    ratio: samples.smallSame.values.byteLength / countBytes(profile),
    target: { atMost: 1_300 },
  };
}

/** All bytes but the sums, which are doubles, and are left out for cells of a single value. */
function countBytes(profile: Profile): number {
  const { counts } = profile.columns[0] as NumericProfile;
  const { isAtom } = profile.grid.columns[0]!.grid as NumericGrid;
  const sums = counts.filter((count, k) => count > 0 && isAtom[k] === 0).length;
  return serializeProfile(profile).length - 8 * sums;
}
