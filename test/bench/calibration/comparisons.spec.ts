import { expect, it } from '@jest/globals';
import { buildGrid, compareProfiles, emptyProfile, foldColumns, type NamedColumn } from '#stats';
import { Chance } from './chance.js';
import { baselineOf, compared, profileOf, verdictsOf } from './comparisons.js';
import { columnOf, FAMILIES, sample, withNewCategory } from './families.js';

const ROWS = 400;

/** Forty columns, every fifth of them changed somewhat. */
function columns(chance: Chance): { baseline: NamedColumn; window: NamedColumn }[] {
  return Array.from({ length: 40 }, (_, i) => {
    const family = FAMILIES[i % FAMILIES.length]!;
    const changed = family.shifted?.(0.25) ?? withNewCategory(family.draw, 0.03);
    const draw = i % 7 === 0 ? changed : family.draw;
    const named = (values: Float64Array): NamedColumn => ({ ...columnOf(family, values), name: `c${i}` });
    return {
      baseline: named(sample(family.draw, 3000, chance)),
      window: named(sample(draw, ROWS, chance)),
    };
  });
}

it.each([1, 2, 3, 4, 5])(
  'columns compared one by one have the verdicts of an evaluation of all: seed %d',
  (seed) => {
    const pairs = columns(new Chance(seed));
    const grid = buildGrid(pairs.map(({ baseline }) => baseline));
    const [all, window] = [emptyProfile(grid), emptyProfile(grid)];
    foldColumns(
      all,
      3000,
      pairs.map(({ baseline }) => baseline),
    );
    foldColumns(
      window,
      ROWS,
      pairs.map((pair) => pair.window),
    );
    const together = compareProfiles(all, window).map(({ verdict }) => verdict);
    const apart = pairs.map((pair) => {
      const baseline = baselineOf(pair.baseline);
      return compared(baseline, profileOf(baseline.grid, pair.window)).compared;
    });
    expect(verdictsOf(apart)).toEqual(together);
    expect(new Set(together).size).toBeGreaterThan(1);
  },
);
