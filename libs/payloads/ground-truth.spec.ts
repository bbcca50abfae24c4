import { describe, expect, it } from '@jest/globals';
import { readBody, type BodyFormat } from './formats/body.js';
import { decodeGroundTruth, type DecodedTruths, type TruthKind } from './ground-truth.js';

const NOW = Date.UTC(2026, 10, 25, 12);
const AT = '2026-11-25T11:00:00Z';

function decode(text: string, kind: TruthKind = 'class', format: BodyFormat = 'json'): DecodedTruths {
  return decodeGroundTruth(readBody(format, Buffer.from(text)), {
    kind,
    receivedAt: NOW,
    maxFutureMs: 300_000,
    maxRows: 4,
  });
}
const rowsText = (...rows: unknown[]): string => JSON.stringify({ rows });

describe('ground truth', () => {
  it.each<[form: string, format: BodyFormat, text: string]>([
    ['JSON rows', 'json', rowsText({ id: 'a', value: 1, observedAt: AT }, { id: 'b', value: 2.5 })],
    [
      'a JSON array, the id as payloads call it',
      'json',
      JSON.stringify([
        { inferenceId: 'a', value: 1, observed_at: AT },
        { request_id: 'b', value: 2.5 },
      ]),
    ],
    ['NDJSON', 'ndjson', `{"id":"a","value":1,"observedAt":"${AT}"}\n\n{"id":"b","value":2.5}\n`],
    ['CSV', 'csv', `value,observedAt,id\r\n1,${AT},a\r\n2.5,,b\r\n`],
  ])('comes as %s', (_, format, text) => {
    for (const kind of ['number', 'class', 'any'] as const)
      expect(decode(text, kind, format)).toMatchObject({
        receivedCount: 2,
        batch: { inferenceIds: ['a', 'b'], values: ['1', '2.5'], observedAt: [NOW - 3_600_000, NOW] },
        rejections: { count: 0 },
      });
  });

  it('keeps classes of any type as their text', () => {
    const { batch } = decode(
      rowsText({ id: 'a', value: true }, { id: 'b', value: 'übel' }, { id: 'c', value: 0 }),
    );
    expect(batch.values).toEqual(['true', 'übel', '0']);
  });

  it.each<[what: string, reason: string, row: unknown, kind?: TruthKind]>([
    ['a row without an id', 'bad-inference-id', { value: 1 }],
    ['an id that is a number', 'bad-inference-id', { id: 7, value: 1 }],
    ['an id that cannot be stored', 'bad-inference-id', { id: 'a\0', value: 1 }],
    ['a row without a value', 'wrong-type', { id: 'x' }],
    ['null', 'wrong-type', { id: 'x', value: null }],
    ['a list', 'wrong-type', { id: 'x', value: [1] }],
    ['a number in quotes, of a regression', 'wrong-type', { id: 'x', value: '1' }, 'number'],
    ['a class, of a regression', 'wrong-type', { id: 'x', value: true }, 'number'],
    ['a text beyond a class', 'wrong-type', { id: 'x', value: 'y'.repeat(1_001) }],
    ['a time without a zone', 'bad-timestamp', { id: 'x', value: 1, observedAt: '2026-11-25T11:00:00' }],
    ['a time that is none', 'bad-timestamp', { id: 'x', value: 1, observedAt: 5 }],
    [
      'a time ahead of the clock',
      'future-timestamp',
      { id: 'x', value: 1, observedAt: '2026-11-25T13:00:00Z' },
    ],
    ['a misspelt field', 'unknown-field', { id: 'x', value: 1, observedat: AT }],
    ['a row that is none', 'not-an-object', 5],
    ['null as a row', 'not-an-object', null],
  ])('refuses %s as %s, and keeps the others', (_, reason, row, kind = 'class') => {
    const { receivedCount, batch, rejections } = decode(rowsText(row, { id: 'good', value: 1 }), kind);
    expect([receivedCount, batch.inferenceIds, rejections.count]).toEqual([2, ['good'], 1]);
    expect(rejections.listed).toEqual([
      { row: 0, column: null, reason, message: expect.stringContaining('row 0') },
    ]);
  });

  it('refuses lines that are not JSON and rows of CSV with too few fields one by one', () => {
    expect(decode('{"id":\n{"id":"a","value":1}', 'class', 'ndjson')).toMatchObject({
      batch: { inferenceIds: ['a'] },
      rejections: { listed: [{ row: 0, reason: 'not-json' }] },
    });
    expect(decode('id,value\nb\na,1', 'class', 'csv')).toMatchObject({
      batch: { inferenceIds: ['a'] },
      rejections: { listed: [{ row: 0, reason: 'wrong-shape' }] },
    });
  });

  it.each<[what: string, format: BodyFormat, text: string, message: RegExp]>([
    ['no rows', 'json', '{}', /"rows" is absent/],
    ['rows that are no list', 'json', '{"rows":{}}', /"rows" is an object/],
    ['a text', 'json', '"x"', /must be an array/],
    ['more rows than may be sent', 'json', JSON.stringify(Array(5).fill({ id: 'a', value: 1 })), /at most 4/],
    ['more lines than may be sent', 'ndjson', '{}\n'.repeat(5), /at most 4/],
    ['more lines of CSV than may be sent', 'csv', `id,value\n${'a,1\n'.repeat(5)}`, /at most 4/],
    ['CSV without values', 'csv', 'id,truth\na,1', /must name the columns id and value/],
    ['CSV with a column that is not known', 'csv', 'id,value,when\na,1,2', /names "when"/],
    ['CSV with a column twice', 'csv', 'id,value,id\na,1,2', /twice/],
    ['binary tensors', 'v2-binary', '{}', /JSON, NDJSON or CSV/],
  ])('refuses %s as a whole', (_, format, text, message) => {
    expect(() => decode(text, 'class', format)).toThrow(message);
  });
});
