/**
 * Is the verdict on a canary right? Simulated rollouts, every number reproducible; each minute is a look.
 *
 * How often a canary without any difference is rolled back, how often one with more errors or a slower tail is, what is said where
 * the histogram cannot show it, and how soon a healthy one is promoted. Last line: JSON; exit code 1 when a target is missed.
 */
import { median } from 'simple-statistics';
import { compareRollout, DEFAULT_ROLLOUT_SETTINGS, type ComparedRollout, type RolloutStep } from '#rollouts';
import { Chance } from './calibration/chance.js';
import { FALSE_ALARMS, HEALTHY, RAW, REGRESSIONS, TOO_COARSE, type Named } from './canary/scenarios.js';

const SEED = 20_261_127;
const MINUTE_MS = 60_000;
const MAX_FALSE_ROLL_BACKS = 0.05;
const MIN_POWER = 0.95;
const MIN_PROMOTED = 0.9;

interface Outcome {
  readonly name: string;
  readonly value: number;
  readonly target: string;
  readonly isMet: boolean;
}
const outcomes: Outcome[] = [];
let seed = SEED;

function judged(steps: readonly RolloutStep[]): ComparedRollout {
  const to = steps.length * MINUTE_MS;
  return compareRollout({ from: 0, to, stepMs: MINUTE_MS, steps }, DEFAULT_ROLLOUT_SETTINGS);
}

/** The verdicts of so many runs of a scenario. */
function runsOf({ runs, steps }: Named): ComparedRollout[] {
  const chance = new Chance(seed++);
  return Array.from({ length: runs }, () => judged(steps(chance)));
}

function shareOf(results: readonly ComparedRollout[], is: (result: ComparedRollout) => boolean): number {
  return results.filter(is).length / results.length;
}

const isRolledBack = ({ verdict }: ComparedRollout): boolean => verdict === 'roll-back';
const isPromoted = ({ verdict }: ComparedRollout): boolean => verdict === 'promote';
const isUnresolved = ({ verdict, reasons }: ComparedRollout): boolean =>
  verdict === 'hold' && reasons.some(({ code }) => code === 'resolution');

/** Minutes until half of those that are rolled back are; NaN where none is. */
function medianMinutes(results: readonly ComparedRollout[]): number {
  const times = results.filter(isRolledBack).map(({ metrics }) => {
    const ends = metrics.flatMap(({ worseAt }) => (worseAt === null ? [] : [worseAt]));
    return Math.min(...ends) / MINUTE_MS;
  });
  return times.length === 0 ? NaN : median(times);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}

function row(name: string, results: readonly ComparedRollout[]): Record<string, string | number> {
  const codes = results.flatMap(({ reasons }) =>
    reasons.map(({ code, metric }) => (metric === null ? code : `${code} ${metric}`)),
  );
  const counts = new Map<string, number>();
  for (const code of codes) counts.set(code, (counts.get(code) ?? 0) + 1);
  const [most = ['', 0]] = [...counts].sort((a, b) => b[1] - a[1]);
  return {
    scenario: name,
    runs: results.length,
    'roll back': percent(shareOf(results, isRolledBack)),
    promote: percent(shareOf(results, isPromoted)),
    'hold: resolution': percent(shareOf(results, isUnresolved)),
    'median minutes': medianMinutes(results),
    'most frequent reason': `${most[0]} (${percent(most[1] / results.length)})`,
  };
}

function table(
  title: string,
  scenarios: readonly Named[],
  check: (name: string, results: readonly ComparedRollout[]) => Outcome[],
): void {
  console.log(`\n${title}`);
  const rows = scenarios.map((scenario) => {
    const results = runsOf(scenario);
    outcomes.push(...check(scenario.name, results));
    return row(scenario.name, results);
  });
  console.table(rows);
}

const atMost = (name: string, value: number, most: number): Outcome => ({
  name,
  value,
  target: `<= ${most}`,
  isMet: value <= most,
});
const atLeast = (name: string, value: number, least: number): Outcome => ({
  name,
  value,
  target: `>= ${least}`,
  isMet: value >= least,
});

table(
  'No difference, a look each minute for an hour: rolled back at any look',
  FALSE_ALARMS,
  (name, results) => [
    atMost(`false roll backs: ${name}`, shareOf(results, isRolledBack), MAX_FALSE_ROLL_BACKS),
  ],
);
table(
  'A worse canary with 10% of 50 requests a second, in 30 minutes',
  [...REGRESSIONS, ...RAW],
  (name, results) => [atLeast(`rolled back: ${name}`, shareOf(results, isRolledBack), MIN_POWER)],
);
table('What the histogram cannot show', TOO_COARSE, (name, results) => [
  // One in a thousand is rolled back by chance, as allowed; what is left must say why it holds.
  atLeast(
    `hold: resolution: ${name}`,
    shareOf(
      results.filter((result) => !isRolledBack(result)),
      isUnresolved,
    ),
    1,
  ),
  atMost(`false roll backs: ${name}`, shareOf(results, isRolledBack), MAX_FALSE_ROLL_BACKS),
  atMost(`promoted: ${name}`, shareOf(results, isPromoted), 0),
]);
table('No difference, at 30 minutes', HEALTHY, (name, results) => [
  atLeast(`promoted: ${name}`, shareOf(results, isPromoted), MIN_PROMOTED),
]);

const missed = outcomes.filter(({ isMet }) => !isMet);
for (const { name, value, target } of missed) console.log(`missed: ${name}: ${value} (target ${target})`);
console.log(JSON.stringify({ bench: 'canary', seed: SEED, isMet: missed.length === 0, results: outcomes }));
process.exit(missed.length === 0 ? 0 : 1);
