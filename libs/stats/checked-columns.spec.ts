import { describe, expect, it } from '@jest/globals';
import { categoricalColumn, driftBetween, numericColumn } from './columns-for-tests.js';
import { BaselineStream, buildGrid, emptyProfile, foldColumns, type NamedColumn } from './index.js';

const NUMBERS = numericColumn([1, 2, 3]);
const MIXED = { name: 'c', values: { kind: 'categorical', values: ['a', 5], invalidCount: 0 } };

describe('a batch that is none', () => {
  it.each<[string, number, NamedColumn[], string]>([
    ['a negative number of rows', -1, [], 'a number of rows is whole and at least 0, not -1'],
    ['a fraction of a row', 2.5, [], 'a number of rows is whole and at least 0, not 2.5'],
    ['no number of rows', NaN, [], 'a number of rows is whole and at least 0, not NaN'],
    ['more cells than rows', 2, [NUMBERS], 'column x has 3 cells in a batch of 2 rows'],
    ['two columns of one name', 3, [NUMBERS, NUMBERS], 'two columns have the name x'],
    [
      'a number among strings',
      2,
      [MIXED as unknown as NamedColumn],
      'column c, row 1: a cell is a string or null, not of type number',
    ],
    [
      'invalid cells that are no number',
      3,
      [{ name: 'x', values: { ...NUMBERS.values, invalidCount: NaN } }],
      'column x: a number of invalid cells is whole and at least 0, not NaN',
    ],
  ])('%s is a RangeError that changes nothing', (_, rowCount, columns, message) => {
    const profile = emptyProfile(buildGrid([NUMBERS]));
    const stream = new BaselineStream();
    const error = new RangeError(message);
    expect(() => foldColumns(profile, rowCount, columns)).toThrow(error);
    expect(() => stream.fold(rowCount, columns)).toThrow(error);
    expect(profile).toEqual(emptyProfile(profile.grid));
    expect(stream.finish().profile.rowCount).toBe(0);
  });
  it('cannot shape a grid either', () => {
    expect(() => buildGrid([NUMBERS, NUMBERS])).toThrow(new RangeError('two columns have the name x'));
    expect(() => buildGrid([MIXED as unknown as NamedColumn])).toThrow(RangeError);
  });
});

describe('a design effect below 1', () => {
  it.each([0, 0.5, -1, NaN, Infinity])('%d is a RangeError', (values) => {
    const column = categoricalColumn(['a', 'b']);
    const windowEffects = new Map([['x', { values, missing: 1, invalid: 1, unseen: 1 }]]);
    expect(() => driftBetween(column, column, { windowEffects })).toThrow(RangeError);
  });
});
