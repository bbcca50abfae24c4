/**
 * Is Leeway quiet when nothing changed, and does it see what did? Simulated, every number reproducible.
 *
 * False alarms and power by family, size of baseline and window, and number of columns; and a month of a live service.
 * Beside them the default rules of other tools on the same numbers. Last line: JSON; exit code 1 when a target is missed.
 */
import {
  BASELINE_SIZES,
  COLUMN_COUNTS,
  type FalseAlarms,
  falseAlarms,
  type Pool,
  quietPool,
  WINDOW_SIZES,
} from './calibration/false-alarms.js';
import { type Family, FAMILIES } from './calibration/families.js';
import { type MonthAlerts, simulatedMonth } from './calibration/month.js';
import { faultsOf, powerOf } from './calibration/power.js';
import { PEER_NAMES, type PeerAlarms } from './calibration/peers.js';

const SEED = 20_261_123;
/** Share of evaluations without drift in which any column may raise an alarm. */
const MAX_FALSE_ALARMS = 0.05;
const MAX_MONTHLY_ALERTS = 1;
const ROWS_PER_HOUR = [50, 500, 2_000];
const MONTHS_PER_LOAD = 5;
/** Size of window for the quiet columns beside one with a fault. */
const POWER_WINDOW = 1_000;
const POWER_BASELINE = 100_000;

interface Outcome {
  readonly name: string;
  readonly value: number;
  readonly target: string;
  readonly isMet: boolean;
}
const outcomes: Outcome[] = [];

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}

function reportFalseAlarms(family: Family, n: number, m: number, pool: Pool): void {
  for (const columnCount of COLUMN_COUNTS) {
    const found: FalseAlarms = falseAlarms(pool, columnCount, SEED);
    rows.push({
      family: family.name,
      baseline: n,
      window: m,
      columns: columnCount,
      ours: percent(found.ours),
      insufficient: percent(found.insufficientShare),
      ...peerCells((rule) => percent(found.peers[rule])),
    });
    outcomes.push({
      name: `false alarms: ${family.name}, baseline ${n}, window ${m}, ${columnCount} columns`,
      value: found.ours,
      target: `<= ${MAX_FALSE_ALARMS}`,
      isMet: found.ours <= MAX_FALSE_ALARMS,
    });
  }
}

function peerCells(cell: (rule: keyof PeerAlarms) => string): Record<string, string> {
  return { PSI: cell('psi'), 'KS p': cell('pValue'), 'W/σ': cell('distance') };
}

let rows: Record<string, string | number>[] = [];
const pools = new Map<string, Pool>();
let seed = SEED;
for (const family of FAMILIES) {
  for (const n of BASELINE_SIZES) {
    for (const m of WINDOW_SIZES) {
      const pool = quietPool(family, n, m, seed++);
      if (n === POWER_BASELINE && m === POWER_WINDOW) pools.set(family.name, pool);
      reportFalseAlarms(family, n, m, pool);
    }
  }
}
console.log('\nFalse alarms: evaluations without drift in which any column is `warning` or worse');
console.log(`Peers: ${Object.values(PEER_NAMES).join('; ')}`);
console.table(rows);

rows = [];
for (const family of FAMILIES) {
  const quiet = pools.get(family.name);
  if (quiet === undefined) continue;
  for (const { fault, power } of powerOf(family, faultsOf(family), quiet, seed++)) {
    const one = power.get(1) ?? 0;
    rows.push({
      family: family.name,
      fault: fault.name,
      rows: fault.rowCount,
      'at least': fault.needed,
      '1 column': percent(one),
      'of 30': percent(power.get(30) ?? 0),
      'of 300': percent(power.get(300) ?? 0),
      target: percent(fault.target),
    });
    outcomes.push({
      name: `power: ${family.name}, ${fault.name}, ${fault.rowCount} rows`,
      value: one,
      target: `>= ${fault.target}`,
      isMet: one >= fault.target,
    });
  }
}
console.log(`\nPower: faults found, against a baseline of ${POWER_BASELINE} rows`);
console.table(rows);

rows = [];
for (const rowsPerHour of ROWS_PER_HOUR) {
  const months: MonthAlerts[] = Array.from({ length: MONTHS_PER_LOAD }, () =>
    simulatedMonth(rowsPerHour, seed++),
  );
  const mean = (of: (month: MonthAlerts) => number): number =>
    months.reduce((sum, month) => sum + of(month), 0) / months.length;
  rows.push({
    'rows/h': rowsPerHour,
    'any column drifted': mean(({ column }) => column),
    most: Math.max(...months.map(({ column }) => column)),
    'model drifted': mean(({ model }) => model),
    'rows as independent': mean(({ withoutDesignEffect }) => withoutDesignEffect),
    insufficient: percent(mean(({ insufficientShare }) => insufficientShare)),
    'design effect': mean(({ meanDesignEffect }) => meanDesignEffect).toFixed(1),
    ...peerCells((rule) => mean(({ peers }) => peers[rule]).toFixed(1)),
  });
  outcomes.push({
    name: `false drifted alerts a model and month, ${rowsPerHour} rows/h`,
    value: mean(({ column }) => column),
    target: `<= ${MAX_MONTHLY_ALERTS}`,
    isMet: mean(({ column }) => column) <= MAX_MONTHLY_ALERTS,
  });
}
console.log(
  '\nFalse `drifted` alerts a model and month: 12 columns, hourly, span 24 h, 2 of 3, cycles, clusters of 20',
);
console.table(rows);

const missed = outcomes.filter(({ isMet }) => !isMet);
for (const { name, value, target } of missed) console.log(`missed: ${name}: ${value} (target ${target})`);
console.log(
  JSON.stringify({ bench: 'calibration', seed: SEED, isMet: missed.length === 0, results: outcomes }),
);
process.exit(missed.length === 0 ? 0 : 1);
