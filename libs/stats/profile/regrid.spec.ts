import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { NamedColumn } from '../columns.js';
import { buildGrid } from '../grid/build-grid.js';
import type { Grid } from '../grid/grid.js';
import { foldColumns } from './fold-columns.js';
import { emptyProfile, type NumericProfile, type Profile } from './profile.js';
import { regrid } from './regrid.js';

const numbersOf = (values: readonly number[]): NamedColumn => ({
  name: 'x',
  values: { kind: 'numeric', values: Float64Array.from(values), invalidCount: 0 },
});
const wordsOf = (values: readonly (string | null)[]): NamedColumn => ({
  name: 'c',
  values: { kind: 'categorical', values, invalidCount: 0 },
});

function countedOn(grid: Grid, rowCount: number, column: NamedColumn): Profile {
  const profile = emptyProfile(grid);
  foldColumns(profile, rowCount, [column]);
  return profile;
}

const values = fc.array(
  fc.oneof(fc.double({ min: -100, max: 100, noNaN: true }), fc.integer({ min: 0, max: 5 })),
  {
    minLength: 1,
    maxLength: 3_000,
  },
);

describe('a profile that is moved onto another grid', () => {
  it('has no cumulative count that is further off than it says, and exact moments', () => {
    fc.assert(
      fc.property(values, values, (ours, theirs) => {
        const grid = buildGrid([numbersOf(ours)]);
        const own = countedOn(buildGrid([numbersOf(theirs)]), theirs.length, numbersOf(theirs));
        const { profile, errors } = regrid(own, grid);
        const moved = profile.columns[0] as NumericProfile;
        const truth = countedOn(grid, theirs.length, numbersOf(theirs)).columns[0] as NumericProfile;
        let difference = 0;
        for (let k = 0; k < moved.counts.length; k++) {
          difference += moved.counts[k]! - truth.counts[k]!;
          expect(Math.abs(difference)).toBeLessThanOrEqual((errors[0] ?? 0) * theirs.length + 1e-9);
        }
        expect(difference).toBe(0);
        const { count, mean, m2, min, max } = own.columns[0] as NumericProfile;
        expect(moved).toMatchObject({ count, mean, m2, min, max });
      }),
      { numRuns: 200 },
    );
  });

  it('is exact where both list every value', () => {
    const ours = [0.1, 0.2, 0.3, 0.3];
    const theirs = [0.1, 0.1, 0.1, 0.3];
    const own = countedOn(buildGrid([numbersOf(theirs)]), 4, numbersOf(theirs));
    const { errors, profile } = regrid(own, buildGrid([numbersOf(ours)]));
    const truth = countedOn(profile.grid, 4, numbersOf(theirs));
    expect(errors).toEqual([0]);
    expect((profile.columns[0] as NumericProfile).counts).toEqual(
      (truth.columns[0] as NumericProfile).counts,
    );
  });

  it('stays as it is on its own grid', () => {
    const own = countedOn(buildGrid([wordsOf(['a'])]), 1, wordsOf(['a']));
    expect(regrid(own, own.grid)).toEqual({ profile: own, errors: [0] });
  });

  it('moves categories by name, and knows of none that is not listed', () => {
    const theirs = ['a', 'a', 'z', null];
    const own = countedOn(buildGrid([wordsOf(theirs)]), 4, wordsOf(theirs));
    const { profile, errors } = regrid(own, buildGrid([wordsOf(['b', 'b', 'a'])]));
    expect(errors).toEqual([0]);
    expect(profile.columns[0]).toMatchObject({
      counts: Float64Array.from([0, 2]),
      ...{ unseenCount: 1, otherCount: 0, count: 3, missingCount: 1 },
      unlisted: { values: ['z'], counts: [1] },
    });
  });

  it('has nothing of columns that it lacks, or that are of another kind', () => {
    const own = countedOn(buildGrid([numbersOf([1])]), 1, numbersOf([1]));
    const other = buildGrid([{ ...wordsOf(['1']), name: 'x' }, wordsOf(['a'])]);
    expect(regrid(own, other).errors).toEqual([null, null]);
  });
});
