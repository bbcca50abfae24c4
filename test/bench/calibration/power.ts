import type { Verdict } from '#stats';
import { Chance } from './chance.js';
import { compared, type Compared, drawn, isAlarm, profileOf, verdictsOf } from './comparisons.js';
import { baselinesOf, type Pool } from './false-alarms.js';
import { columnOf, type Draw, type Family, sample, withHeavyTail, withNewCategory } from './families.js';

const BASELINE_SIZE = 100_000;
const BASELINES = 10;
const WINDOWS_PER_BASELINE = 100;

/** A change that must be found, how many rows show it, and what it must be called how often. */
export interface Fault {
  readonly name: string;
  readonly rowCount: number;
  readonly draw: Draw;
  readonly needed: 'warning' | 'drifted';
  /** Share of windows, for one column. */
  readonly target: number;
}

/** The faults that a family can have. */
export function faultsOf(family: Family): Fault[] {
  const { draw, shifted, spread, tailStart } = family;
  const faults: (Fault | null)[] = [
    shifted && fault('shift of 0.2 σ', 1_000, shifted(0.2), 'warning', 0.9),
    shifted && fault('shift of 0.5 σ', 1_000, shifted(0.5), 'drifted', 0.99),
    spread && fault('variance × 1.5', 1_000, spread, 'warning', 0.9),
    tailStart === null
      ? null
      : fault('5% moved into a tail', 1_000, withHeavyTail(draw, tailStart), 'warning', 0.9),
    shifted && fault('all rows out of range', 50, shifted(1_000), 'drifted', 0.99),
    family.kind === 'categorical'
      ? fault('a new category of 2%', 1_000, withNewCategory(draw, 0.02), 'warning', 0.9)
      : null,
    family.kind === 'categorical'
      ? fault('all categories new', 50, withNewCategory(draw, 1), 'drifted', 0.99)
      : null,
  ];
  return faults.filter((found) => found !== null);
}

function fault(name: string, rowCount: number, draw: Draw, needed: Fault['needed'], target: number): Fault {
  return { name, rowCount, draw, needed, target };
}

/** The windows in which a fault is called at least what is needed, by the number of columns evaluated together. */
export function powerOf(
  family: Family,
  faults: readonly Fault[],
  quiet: Pool,
  seed: number,
): { fault: Fault; power: Map<number, number> }[] {
  const chance = new Chance(seed);
  const baselines = baselinesOf(family, BASELINE_SIZE, BASELINES, chance);
  return faults.map((fault) => {
    const found = baselines.flatMap((baseline) =>
      Array.from({ length: WINDOWS_PER_BASELINE }, () => {
        const window = columnOf(family, sample(fault.draw, fault.rowCount, chance));
        return compared(baseline, profileOf(baseline.grid, window)).compared;
      }),
    );
    const power = new Map(
      [1, 30, 300].map((count) => [count, shareFound(found, fault, quiet, count, chance)]),
    );
    return { fault, power };
  });
}

/** One column with the fault among `columnCount` − 1 that are quiet. */
function shareFound(
  found: readonly Compared[],
  { needed }: Fault,
  quiet: Pool,
  columnCount: number,
  chance: Chance,
): number {
  const hits = found.filter((column) => {
    const [verdict] = verdictsOf([column, ...drawn(quiet.columns, columnCount - 1, chance)]);
    return isEnough(verdict, needed);
  });
  return hits.length / found.length;
}

function isEnough(verdict: Verdict | undefined, needed: Fault['needed']): boolean {
  return verdict !== undefined && (needed === 'warning' ? isAlarm(verdict) : verdict === 'drifted');
}
