import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { UnreadablePayload } from './decoding.js';
import { AT, cellsOf, contextOf, refusalsOf } from './context-for-tests.js';
import { decodeRecords } from './records.js';

const values = { distance: 571, origin: 'ATL', risk: 0.5, late: true };
const context = contextOf();

describe('decodeRecords, of rows', () => {
  it("turns rows into columns, with the payload's id and time where a row has none", () => {
    const decoded = decodeRecords(
      [
        { values },
        { inferenceId: 'a', timestamp: '2026-11-23T03:59:00+00:00', values: { ...values, distance: null } },
      ],
      'row',
      context,
    );
    expect(decoded.batch.inferenceIds).toEqual(['p-0', 'a']);
    expect([...decoded.batch.timestamps]).toEqual([AT, AT - 60_000]);
    expect(cellsOf(decoded)).toEqual({
      distance: [571, NaN],
      origin: ['ATL', 'ATL'],
      risk: [0.5, 0.5],
      late: ['true', 'true'],
      note: [null, null],
    });
  });

  it.each<[string, unknown, string, string | null]>([
    ['a row that is no object', 7, 'not-an-object', null],
    ['an array', [], 'not-an-object', null],
    ['no values', {}, 'not-an-object', null],
    ['a column beside "values"', { values, distance: 1 }, 'unknown-field', null],
    ['a column that is missing', { values: { distance: 1, risk: 1 } }, 'missing-column', 'origin'],
    ['text in a numeric column', { values: { ...values, distance: '571' } }, 'wrong-type', 'distance'],
    [
      'a number too large for a double',
      { values: { ...values, distance: JSON.parse('1e999') as number } },
      'wrong-type',
      'distance',
    ],
    ['a number in a boolean column', { values: { ...values, late: 1 } }, 'wrong-type', 'late'],
    ['an object in a categorical column', { values: { ...values, origin: {} } }, 'wrong-type', 'origin'],
    ['a number in a text column', { values: { ...values, note: 7 } }, 'wrong-type', 'note'],
    ['a text that is too long', { values: { ...values, note: 'x'.repeat(100_001) } }, 'wrong-type', 'note'],
    [
      'a category that is too long',
      { values: { ...values, origin: 'x'.repeat(1_001) } },
      'wrong-type',
      'origin',
    ],
    ['a NUL in a category', { values: { ...values, origin: 'a\0b' } }, 'wrong-type', 'origin'],
    ['half of a surrogate pair', { values: { ...values, origin: '\ud800' } }, 'wrong-type', 'origin'],
    ['an empty inference id', { inferenceId: '', values }, 'bad-inference-id', null],
    ['null as inference id', { inferenceId: null, values }, 'bad-inference-id', null],
    ['an inference id that is too long', { inferenceId: 'x'.repeat(257), values }, 'bad-inference-id', null],
    ['a time without a zone', { timestamp: '2026-11-23T04:00:00', values }, 'bad-timestamp', null],
    ['a time that is none', { timestamp: '2026-13-45T04:00:00Z', values }, 'bad-timestamp', null],
    ['a day that its month has not', { timestamp: '2026-02-30T04:00:00Z', values }, 'bad-timestamp', null],
    ['a number as time', { timestamp: 1, values }, 'bad-timestamp', null],
    ['a time ahead of the clock', { timestamp: '2026-11-23T04:06:00Z', values }, 'future-timestamp', null],
    ['a time before all windows', { timestamp: '2026-11-21T04:00:00Z', values }, 'stale-timestamp', null],
  ])('refuses %s and keeps the other rows', (_, row, reason, column) => {
    const decoded = decodeRecords([{ values }, row, { values }], 'row', context);
    expect(refusalsOf(decoded)).toEqual([[1, reason, column]]);
    expect(decoded.batch.rowCount).toBe(2);
    expect(decoded.batch.inferenceIds).toEqual(['p-0', 'p-2']);
    expect(decoded.rejections.tallies).toEqual({
      [reason]: 1,
      ...(column === null ? {} : { [`${reason}/${column}`]: 1 }),
    });
  });

  it('refuses the second row with an inference id, though the first was refused for a value', () => {
    const decoded = decodeRecords(
      [
        { inferenceId: 'a', values: { ...values, distance: 'far' } },
        { inferenceId: 'a', values },
        { inferenceId: 'b', values },
      ],
      'row',
      context,
    );
    expect(refusalsOf(decoded)).toEqual([
      [0, 'wrong-type', 'distance'],
      [1, 'duplicate-inference-id', null],
    ]);
    expect(decoded.batch.inferenceIds).toEqual(['b']);
  });

  it('names at most 20 unexpected columns and counts the rows that bring one', () => {
    const rows = Array.from({ length: 30 }, (_, i) => ({ values: { ...values, [`x${i}`]: 1 } }));
    const decoded = decodeRecords([...rows, { values }], 'row', context);
    expect(decoded.unexpectedColumns).toHaveLength(20);
    expect(decoded.unexpectedRowCount).toBe(30);
    expect(decoded.batch.rowCount).toBe(31);
  });

  it('lists the first 100 refused rows and counts all', () => {
    const decoded = decodeRecords(
      Array.from({ length: 250 }, () => 7),
      'row',
      context,
    );
    expect(decoded.rejections.listed).toHaveLength(100);
    expect(decoded.rejections.count).toBe(250);
    expect(decoded.rejections.tallies).toEqual({ 'not-an-object': 250 });
  });

  it('does not take what an object inherits for a value', () => {
    const columns = [{ name: 'constructor', type: 'categorical', side: 'request' } as const];
    const decoded = decodeRecords(
      [{ values: {} }, { values: { constructor: 'a' } }],
      'row',
      contextOf({ columns }),
    );
    expect(refusalsOf(decoded)).toEqual([[0, 'missing-column', 'constructor']]);
    expect(cellsOf(decoded)).toEqual({ constructor: ['a'] });
  });

  it('takes a column whose name is code as a name', () => {
    const name = '"];throw new Error("run")//\u2028';
    const columns = [{ name, type: 'numeric', side: 'request' } as const];
    expect(cellsOf(decodeRecords([{ values: { [name]: 1 } }], 'row', contextOf({ columns })))).toEqual({
      [name]: [1],
    });
  });

  it('takes a half with its own columns only', () => {
    const request = decodeRecords(
      [{ values: { distance: 1, origin: 'a' } }],
      'row',
      contextOf({ part: 'request' }),
    );
    expect(cellsOf(request)).toEqual({ distance: [1], origin: ['a'] });
    expect(request.part).toBe('request');
  });

  it('refuses more rows than a payload may have', () => {
    expect(() => decodeRecords(new Array(1_001).fill(null), 'row', context)).toThrow(UnreadablePayload);
  });

  it('throws at nothing, and accounts for every row', () => {
    fc.assert(
      fc.property(
        fc.array(fc.anything(), { maxLength: 20 }),
        fc.constantFrom('row' as const, 'flat' as const),
        (rows, form) => {
          const { batch, rejections, receivedCount } = decodeRecords(rows, form, context);
          expect(receivedCount).toBe(rows.length);
          expect(batch.rowCount + rejections.count).toBe(rows.length);
          expect(batch.timestamps).toHaveLength(batch.rowCount);
          for (const { values: column } of batch.columns) expect(column.values).toHaveLength(batch.rowCount);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

describe('decodeRecords, of flat records', () => {
  it("reads the records of BentoML's monitoring", () => {
    const decoded = decodeRecords(
      [
        {
          ...values,
          timestamp: '2026-11-23T03:33:59.490137',
          request_id: '14642743634293743168',
        },
      ],
      'flat',
      context,
    );
    expect(decoded.batch.inferenceIds).toEqual(['14642743634293743168']);
    expect([...decoded.batch.timestamps]).toEqual([Date.UTC(2026, 10, 23, 3, 33, 59, 490)]);
    expect(decoded.unexpectedColumns).toEqual([]);
  });

  it('leaves a field to the schema that has a column of its name', () => {
    const columns = [{ name: 'timestamp', type: 'numeric', side: 'request' } as const];
    const decoded = decodeRecords([{ timestamp: 7 }], 'flat', contextOf({ columns }));
    expect(cellsOf(decoded)).toEqual({ timestamp: [7] });
    expect([...decoded.batch.timestamps]).toEqual([AT]);
  });
});
