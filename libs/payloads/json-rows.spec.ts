import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeJsonRows, type JsonRowsContext } from './json-rows.js';

const AT = Date.UTC(2026, 10, 23, 4);
const context: JsonRowsContext = {
  columns: [
    { name: 'distance', type: 'numeric', isRequired: true },
    { name: 'origin', type: 'categorical', isRequired: true },
    { name: 'late', type: 'boolean', isRequired: false },
    { name: 'note', type: 'text', isRequired: false },
  ],
  inferenceIdOf: (row) => `p-${row}`,
  receivedAt: AT,
  maxFutureMs: 300_000,
  maxAgeMs: 86_400_000,
};
const values = { distance: 571, origin: 'ATL', late: true };

describe('decodeJsonRows', () => {
  it("turns rows into columns, with the payload's id and time where a row has none", () => {
    const { batch } = decodeJsonRows(
      [
        { values },
        { inferenceId: 'a', timestamp: '2026-11-23T03:59:00+00:00', values: { ...values, distance: null } },
      ],
      context,
    );
    expect(batch.inferenceIds).toEqual(['p-0', 'a']);
    expect([...batch.timestamps]).toEqual([AT, AT - 60_000]);
    expect(batch.columns.map(({ values: column }) => [...column.values])).toEqual([
      [571, NaN],
      ['ATL', 'ATL'],
      ['true', 'true'],
      [null, null],
    ]);
  });

  it.each<[string, unknown, string, string | null]>([
    ['a row that is no object', 7, 'not-an-object', null],
    ['an array', [], 'not-an-object', null],
    ['no values', {}, 'not-an-object', null],
    ['a column beside "values"', { values, distance: 1 }, 'unknown-field', null],
    ['a column that is missing', { values: { distance: 1 } }, 'missing-column', 'origin'],
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
    ['a NUL in a category', { values: { ...values, origin: 'a\0b' } }, 'wrong-type', 'origin'],
    ['an empty inference id', { inferenceId: '', values }, 'bad-inference-id', null],
    ['a time without a zone', { timestamp: '2026-11-23T04:00:00', values }, 'bad-timestamp', null],
    ['a number as time', { timestamp: 1, values }, 'bad-timestamp', null],
    [
      'a clock that is an hour ahead',
      { timestamp: '2026-11-23T05:00:00Z', values },
      'future-timestamp',
      null,
    ],
    [
      'a row older than windows are kept',
      { timestamp: '2026-11-20T05:00:00Z', values },
      'stale-timestamp',
      null,
    ],
  ])('refuses %s, and says where', (_name, row, reason, column) => {
    const { batch, rejections } = decodeJsonRows([{ values }, row], context);
    expect(batch.rowCount).toBe(1);
    expect(rejections).toEqual([expect.objectContaining({ row: 1, reason, column })]);
    expect(rejections[0]?.message).toContain('row 1');
  });

  it('may miss a column that is not required, and names columns that it ignored', () => {
    const { batch, rejections, ignoredColumns } = decodeJsonRows(
      [{ values: { distance: 1, origin: 'ATL', gate: 'B7' } }],
      context,
    );
    expect(rejections).toEqual([]);
    expect(batch.columns[2]?.values.values).toEqual([null]);
    expect(ignoredColumns).toEqual(['gate']);
  });

  it('never throws, and every row is either counted or refused', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.jsonValue(),
            fc.record(
              {
                values: fc.dictionary(
                  fc.constantFrom('distance', 'origin', 'late', '__proto__'),
                  fc.jsonValue(),
                ),
                timestamp: fc.jsonValue(),
              },
              { requiredKeys: [] },
            ),
          ),
        ),
        (rows) => {
          const { batch, rejections } = decodeJsonRows(rows, context);
          expect(batch.rowCount + rejections.length).toBe(rows.length);
          for (const { values: column } of batch.columns) expect(column.values.length).toBe(batch.rowCount);
        },
      ),
    );
  });
});
