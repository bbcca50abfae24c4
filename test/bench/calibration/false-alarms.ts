import type { Profile } from '#stats';
import { Chance } from './chance.js';
import { baselineOf, compared, type Compared, drawn, isAlarm, profileOf, verdictsOf } from './comparisons.js';
import { columnOf, type Family, sample } from './families.js';
import { categoricalPeers, numericPeers, type PeerAlarms } from './peers.js';

export const BASELINE_SIZES = [1_000, 100_000] as const;
export const WINDOW_SIZES = [50, 200, 1_000, 10_000, 100_000] as const;
export const COLUMN_COUNTS = [1, 30, 300] as const;

/** Columns compared per cell of the table, each time with another window; fewer where windows are large. */
const COMPARISONS: Readonly<Record<number, number>> = {
  50: 24_000,
  200: 24_000,
  1_000: 24_000,
  10_000: 12_000,
  100_000: 2_400,
};
/** Windows compared with one baseline: what chance did to a small one stays with all its windows, so each has its own. */
const WINDOWS_PER_BASELINE: Readonly<Record<number, number>> = { 1_000: 1, 100_000: 400 };
/** Comparisons to which the rules of the peers are applied too. */
const PEER_COMPARISONS = 600;
/** Evaluations put together from the columns of a cell. */
const EVALUATIONS = 2_000;
/** Parts of a pool that are left out in turn to learn how much the share of alarms owes to single columns. */
const PARTS = 10;

/** Columns of one family without drift, compared. */
export interface Pool {
  readonly columns: readonly Compared[];
  readonly peers: readonly PeerAlarms[];
}

/** Compares columns whose windows have the baseline's distribution. */
export function quietPool(family: Family, n: number, m: number, seed: number): Pool {
  const chance = new Chance(seed);
  const comparisons = COMPARISONS[m] ?? 1_200;
  const baselineCount = Math.max(20, Math.round(comparisons / (WINDOWS_PER_BASELINE[n] ?? 1)));
  const perBaseline = Math.max(1, Math.round(comparisons / baselineCount));
  const columns: Compared[] = [];
  const peers: PeerAlarms[] = [];
  const peersPerBaseline = Math.max(1, Math.round(PEER_COMPARISONS / baselineCount));
  for (let b = 0; b < baselineCount; b++) {
    const values = sample(family.draw, n, chance);
    const baseline = baselineOf(columnOf(family, values));
    if (family.kind === 'numeric') values.sort();
    for (let w = 0; w < perBaseline; w++) {
      const window = sample(family.draw, m, chance);
      const found = compared(baseline, profileOf(baseline.grid, columnOf(family, window)));
      columns.push(found.compared);
      if (w < peersPerBaseline && peers.length < PEER_COMPARISONS) {
        const ofPeers = family.kind === 'numeric' ? numericPeers : categoricalPeers;
        peers.push(ofPeers(values, family.kind === 'numeric' ? window.sort() : window, found.drift));
      }
    }
  }
  return { columns, peers };
}

/** Shares of evaluations in which any column raised an alarm, 0 to 1. */
export interface FalseAlarms {
  readonly columnCount: number;
  readonly ours: number;
  /** Of `ours`: a pool has few columns whose p-values are as small as 300 columns together need. */
  readonly standardError: number;
  readonly insufficientShare: number;
  readonly peers: Readonly<Record<keyof PeerAlarms, number>>;
}

/** Evaluations of `columnCount` columns out of a pool. `insufficientShare` is of columns. */
export function falseAlarms(pool: Pool, columnCount: number, seed: number): FalseAlarms {
  const { alarms, insufficient } = evaluated(pool.columns, columnCount, seed);
  const peerRate = (rule: keyof PeerAlarms): number => {
    const share = pool.peers.filter((alarm) => alarm[rule]).length / pool.peers.length;
    return 1 - (1 - share) ** columnCount;
  };
  return {
    columnCount,
    ours: alarms,
    standardError: jackknife(pool.columns, columnCount, seed),
    insufficientShare: insufficient,
    peers: { psi: peerRate('psi'), pValue: peerRate('pValue'), distance: peerRate('distance') },
  };
}

/** The share of evaluations with an alarm, and of columns that are insufficient. */
function evaluated(
  pool: readonly Compared[],
  columnCount: number,
  seed: number,
): { alarms: number; insufficient: number } {
  const chance = new Chance(seed);
  const count = columnCount === 1 ? pool.length : EVALUATIONS;
  let alarms = 0;
  let insufficient = 0;
  for (let e = 0; e < count; e++) {
    const columns = columnCount === 1 ? [pool[e]!] : drawn(pool, columnCount, chance);
    const verdicts = verdictsOf(columns);
    if (verdicts.some(isAlarm)) alarms++;
    insufficient += verdicts.filter((verdict) => verdict === 'insufficient').length / columnCount;
  }
  return { alarms: alarms / count, insufficient: insufficient / count };
}

/**
 * The standard error of the share of alarms, from leaving out one tenth of the pool after the other. The tenths lie side by
 * side, so windows that share a baseline stay together. Source: Shao and Tu (1995), "The jackknife and bootstrap", 2.2.
 */
function jackknife(pool: readonly Compared[], columnCount: number, seed: number): number {
  const shares = Array.from({ length: PARTS }, (_, part) => {
    const [start, end] = [part, part + 1].map((k) => Math.round((k * pool.length) / PARTS)) as [
      number,
      number,
    ];
    return evaluated([...pool.slice(0, start), ...pool.slice(end)], columnCount, seed).alarms;
  });
  const mean = shares.reduce((sum, share) => sum + share, 0) / PARTS;
  const squares = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0);
  return Math.sqrt(((PARTS - 1) / PARTS) * squares);
}

/** Profiles to compare many windows with. */
export function baselinesOf(family: Family, n: number, count: number, chance: Chance): Profile[] {
  return Array.from({ length: count }, () => baselineOf(columnOf(family, sample(family.draw, n, chance))));
}
