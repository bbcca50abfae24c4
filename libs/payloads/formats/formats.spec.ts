import { describe, expect, it } from '@jest/globals';
import { AT, bytesTensor, cellsOf, contextOf, refusalsOf, utf8, v2Binary } from '../context-for-tests.js';
import { UnreadablePayload, type DecodedRows, type DecodingContext } from '../decoding.js';
import { decodeBody, idsOf, readBody, type BodyFormat } from './body.js';

const REQUEST = { distance: [571, null, 90.5], origin: ['ATL', 'JFK', null] };
const RESPONSE = { risk: [0.5, 0.25, 1] };
const f64 = (...values: number[]): Uint8Array => new Uint8Array(Float64Array.from(values).buffer);
const f32 = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

function decode(
  format: BodyFormat,
  body: unknown,
  changes: Partial<DecodingContext> = {},
  jsonLength?: number,
): DecodedRows {
  const bytes =
    body instanceof Uint8Array ? body : utf8(typeof body === 'string' ? body : JSON.stringify(body));
  return decodeBody(readBody(format, bytes, jsonLength), contextOf(changes));
}

type Case = readonly [name: string, format: BodyFormat, body: unknown, jsonLength?: number];

const rows = REQUEST.distance.map((distance, i) => ({ distance, origin: REQUEST.origin[i] }));
const binary = (
  name: 'inputs' | 'outputs',
  tensors: Parameters<typeof v2Binary>[1],
): readonly [Uint8Array, number] => {
  const { bytes, jsonLength } = v2Binary(name, tensors);
  return [bytes, jsonLength];
};

describe('a request of three rows', () => {
  const cases: readonly Case[] = [
    ['rows', 'json', { payloadId: 'p', rows: rows.map((values) => ({ values })) }],
    ['columns', 'json', { columns: REQUEST }],
    ['an array of flat records', 'json', rows],
    ['lines of rows', 'ndjson', rows.map((values) => JSON.stringify({ values })).join('\n')],
    [
      'lines of flat records, with CRLF and empty lines',
      'ndjson',
      `\r\n${rows.map((row) => JSON.stringify(row)).join('\r\n\r\n')}\r\n`,
    ],
    ['CSV', 'csv', 'distance,origin\n571,ATL\n,JFK\n90.5,\n'],
    [
      'CSV with a byte order mark, quotes and another order',
      'csv',
      '\ufeff"origin", distance \r\n"ATL",571\r\nJFK,\r\n,90.5',
    ],
    [
      'V1 instances by position',
      'json',
      {
        instances: [
          [571, 'ATL'],
          [[null], 'JFK'],
          [90.5, null],
        ],
        signature_name: 's',
      },
    ],
    ['V1 instances by name', 'json', { instances: rows }],
    ['V1 inputs by column', 'json', { inputs: REQUEST }],
    ['V1 inputs by row', 'json', { inputs: rows }],
    [
      'V2 with a tensor a column',
      'json',
      {
        id: '42',
        inputs: [
          { name: 'distance', shape: [3], datatype: 'FP64', data: REQUEST.distance },
          { name: 'origin', shape: [3, 1], datatype: 'BYTES', data: [['ATL'], ['JFK'], [null]] },
        ],
        outputs: [{ name: 'risk' }],
      },
    ],
    [
      'V2 with one tensor for all',
      'json',
      {
        inputs: [
          { name: 'input-0', shape: [3, 2], datatype: 'BYTES', data: [571, 'ATL', null, 'JFK', 90.5, null] },
        ],
      },
    ],
    [
      "Seldon's ndarray",
      'json',
      {
        data: {
          ndarray: [
            [571, 'ATL'],
            [null, 'JFK'],
            [90.5, null],
          ],
        },
      },
    ],
    [
      "Seldon's ndarray with names in another order",
      'json',
      {
        data: {
          names: ['origin', 'distance'],
          ndarray: [
            ['ATL', 571],
            ['JFK', null],
            [null, 90.5],
          ],
        },
      },
    ],
    [
      "Seldon's tensor",
      'json',
      { data: { tensor: { shape: [3, 2], values: [571, 'ATL', null, 'JFK', 90.5, null] } } },
    ],
  ];

  it.each(cases)('is the same as %s', (_, format, body, ...[jsonLength]) => {
    const decoded = decode(format, body, { part: 'request' }, jsonLength);
    expect(cellsOf(decoded)).toEqual({ distance: [571, NaN, 90.5], origin: ['ATL', 'JFK', null] });
    expect(decoded.rejections.count).toBe(0);
    expect(decoded.unexpectedColumns).toEqual([]);
  });

  it('has no missing texts as BYTES behind the JSON, and is the same otherwise', () => {
    const tensors = [
      { name: 'distance', datatype: 'FP64', shape: [3], bytes: f64(571, NaN, 90.5) },
      { name: 'origin', datatype: 'BYTES', shape: [3], bytes: bytesTensor(['ATL', 'Zürich', '']) },
    ];
    const [bytes, jsonLength] = binary('inputs', tensors);
    expect(cellsOf(decode('v2-binary', bytes, {}, jsonLength))).toEqual({
      distance: [571, NaN, 90.5],
      origin: ['ATL', 'Zürich', ''],
    });
    expect(cellsOf(decode('v2-binary', bytes))).toEqual(cellsOf(decode('v2-binary', bytes, {}, jsonLength)));
  });
});

describe('a response of three rows', () => {
  it.each<Case>([
    ['V1 predictions', 'json', { predictions: RESPONSE.risk }],
    [
      "V1 predictions with the batcher's fields",
      'json',
      { message: '', batchId: 'b', predictions: [[0.5], [0.25], [1]] },
    ],
    ['V1 predictions by name', 'json', { predictions: RESPONSE.risk.map((risk) => ({ risk })) }],
    ['V1 outputs by column', 'json', { outputs: RESPONSE }],
    [
      'V2 outputs',
      'json',
      {
        model_name: 'm',
        model_version: '1',
        id: '42',
        outputs: [{ name: 'o', shape: [3, 1], datatype: 'FP32', data: [0.5, 0.25, 1] }],
      },
    ],
    [
      'V2 outputs behind the JSON',
      'v2-binary',
      ...binary('outputs', [{ name: 'risk', datatype: 'FP32', shape: [3], bytes: f32(0.5, 0.25, 1) }]),
    ],
    [
      "Seldon's ndarray with names of its own",
      'json',
      { data: { names: ['t:0'], ndarray: [[0.5], [0.25], [1]] } },
    ],
  ])('is the same as %s', (_, format, body, ...[jsonLength]) => {
    const decoded = decode(format, body, { part: 'response' }, jsonLength);
    expect(cellsOf(decoded)).toEqual({ risk: [0.5, 0.25, 1] });
  });
});

describe('a payload of both halves', () => {
  it.each<Case>([
    ['V1', 'json', { instances: rows, predictions: RESPONSE.risk }],
    [
      'V2',
      'json',
      {
        inputs: [
          { name: 'distance', shape: [3], datatype: 'FP64', data: REQUEST.distance },
          { name: 'origin', shape: [3], datatype: 'BYTES', data: REQUEST.origin },
        ],
        outputs: [{ name: 'risk', shape: [3], datatype: 'FP64', data: RESPONSE.risk }],
      },
    ],
  ])('is whole in %s', (_, format, body) => {
    const decoded = decode(format, body);
    expect(decoded.part).toBe('whole');
    expect(cellsOf(decoded)).toEqual({
      distance: [571, NaN, 90.5],
      origin: ['ATL', 'JFK', null],
      risk: [0.5, 0.25, 1],
      late: [null, null, null],
      note: [null, null, null],
    });
  });

  it('tells which half it is when there is one', () => {
    expect(decode('json', { instances: rows }).part).toBe('request');
    expect(decode('json', { predictions: [1] }).part).toBe('response');
    expect(decode('json', { rows: [] }).part).toBe('whole');
  });
});

describe('rows that are refused, in the forms that have rows of their own', () => {
  it.each<[string, BodyFormat, unknown, [number, string, string | null][], Partial<DecodingContext>?]>([
    [
      'a line that is not JSON',
      'ndjson',
      '{"distance":1,"origin":"a"}\n{"distance":',
      [[1, 'not-json', null]],
    ],
    ['a CSV line with too few fields', 'csv', 'distance,origin\n1,a\n2\n', [[1, 'wrong-shape', null]]],
    ['a CSV number that is none', 'csv', 'distance,origin\nfar,a\n2,b\n', [[0, 'wrong-type', 'distance']]],
    [
      'a CSV time that is none',
      'csv',
      'distance,origin,timestamp\n1,a,noon\n2,b,2026-11-23T04:00:00\n',
      [[0, 'bad-timestamp', null]],
    ],
    [
      'an instance of another length',
      'json',
      {
        instances: [
          [1, 'a', 2],
          [1, 'a'],
        ],
      },
      [[0, 'wrong-shape', null]],
    ],
    [
      'an instance that is a matrix',
      'json',
      {
        instances: [
          [[1, 2], 'a'],
          [1, 'a'],
        ],
      },
      [[0, 'wrong-type', 'distance']],
    ],
    [
      'an object among arrays',
      'json',
      { instances: [[1, 'a'], { distance: 1 }] },
      [[1, 'wrong-shape', null]],
    ],
    ['an array among objects', 'json', { instances: [rows[0], [1, 'a']] }, [[1, 'wrong-shape', null]]],
    [
      'an instance without a column',
      'json',
      { instances: [{ distance: 1 }] },
      [[0, 'missing-column', 'origin']],
    ],
    [
      'a column that is absent',
      'json',
      { columns: { distance: [1, 2] } },
      [
        [0, 'missing-column', 'origin'],
        [1, 'missing-column', 'origin'],
      ],
    ],
    [
      'cells of a wrong type',
      'json',
      { columns: { distance: [1, '2'], origin: [{}, 'a'] } },
      [
        [0, 'wrong-type', 'origin'],
        [1, 'wrong-type', 'distance'],
      ],
    ],
    [
      'a column of bad ids',
      'json',
      { columns: { distance: [1, 2, 3], origin: ['a', 'b', 'c'] }, inferenceIds: ['i', 7, 'i'] },
      [
        [1, 'bad-inference-id', null],
        [2, 'duplicate-inference-id', null],
      ],
    ],
    [
      'texts for a numeric tensor',
      'json',
      {
        inputs: [
          { name: 'distance', shape: [1], datatype: 'BYTES', data: ['far'] },
          { name: 'origin', shape: [1], datatype: 'BYTES', data: ['a'] },
        ],
      },
      [[0, 'wrong-type', 'distance']],
    ],
    [
      'several predictions where the schema has one',
      'json',
      { predictions: [[0.1, 0.9]] },
      [[0, 'wrong-shape', null]],
      { part: 'response' },
    ],
  ])('%s', (_, format, body, refusals, ...[changes]) => {
    expect(refusalsOf(decode(format, body, { part: 'request', ...changes }))).toEqual(refusals);
  });

  it('an infinite number behind the JSON', () => {
    const [bytes, jsonLength] = binary('outputs', [
      { name: 'risk', datatype: 'FP64', shape: [3], bytes: f64(1, -Infinity, NaN) },
    ]);
    const decoded = decode('v2-binary', bytes, {}, jsonLength);
    expect(refusalsOf(decoded)).toEqual([[1, 'wrong-type', 'risk']]);
    expect(cellsOf(decoded)).toEqual({ risk: [1, NaN] });
  });
});

describe('bodies of which nothing can be counted', () => {
  const tensor = { name: 'distance', shape: [1], datatype: 'FP64', data: [1] };
  it.each<[string, BodyFormat, unknown, string, RegExp]>([
    ['no JSON', 'json', '{"rows":', 'not-json', /not JSON/],
    ['bytes that are not UTF-8', 'json', new Uint8Array([0x22, 0xff, 0x22]), 'not-json', /UTF-8/],
    ['a number', 'json', 7, 'wrong-form', /the number 7; expected an object/],
    ['an object of something else', 'json', { hello: 1 }, 'wrong-form', /the keys "hello"; expected/],
    ['rows that are no array', 'json', { rows: {} }, 'wrong-form', /"rows" is an object/],
    ['rows and columns', 'json', { rows: [], columns: {} }, 'wrong-form', /both/],
    ['an unknown key beside rows', 'json', { rows: [], row: 1 }, 'wrong-form', /"row"/],
    ['columns that are no object', 'json', { columns: [] }, 'wrong-form', /"columns" is an array/],
    [
      'a column that is no array',
      'json',
      { columns: { distance: 1 } },
      'wrong-form',
      /\/columns\/distance is the number 1/,
    ],
    [
      'columns of different lengths',
      'json',
      { columns: { distance: [1], origin: ['a', 'b'] } },
      'wrong-form',
      /\/columns\/origin has 2 values/,
    ],
    [
      'ids of another length',
      'json',
      { columns: { distance: [1] }, inferenceIds: [] },
      'wrong-form',
      /\/inferenceIds has 0/,
    ],
    [
      'instances that are no array',
      'json',
      { instances: 'many' },
      'wrong-form',
      /"instances" is the string "many"/,
    ],
    [
      'halves of different inferences',
      'json',
      { instances: rows, predictions: [1] },
      'wrong-form',
      /instances has 3 rows and predictions 1/,
    ],
    [
      'V1 columns of different lengths',
      'json',
      { inputs: { distance: [1], origin: [] } },
      'wrong-form',
      /0 values of "origin"/,
    ],
    [
      'a tensor without a shape',
      'json',
      { inputs: [{ ...tensor, shape: undefined }] },
      'wrong-form',
      /shape/,
    ],
    [
      'a shape that lies',
      'json',
      { inputs: [{ ...tensor, shape: [1000000000] }] },
      'wrong-form',
      /has 1 values; its shape \[1000000000\]/,
    ],
    [
      'rows of no values',
      'json',
      { inputs: [{ ...tensor, shape: [1e9, 0], data: [] }] },
      'wrong-form',
      /shape/,
    ],
    ['a negative shape', 'json', { inputs: [{ ...tensor, shape: [-1] }] }, 'wrong-form', /shape/],
    [
      'tensors of different lengths',
      'json',
      { inputs: [tensor, { ...tensor, name: 'origin', shape: [2], data: ['a', 'b'] }] },
      'wrong-form',
      /"origin" has 2 rows/,
    ],
    [
      'a matrix of another width',
      'json',
      { inputs: [{ ...tensor, shape: [1, 3], data: [1, 2, 3] }] },
      'wrong-form',
      /3 values a row; by position it must have 2/,
    ],
    [
      'a tensor without data',
      'json',
      { inputs: [{ ...tensor, data: undefined }] },
      'wrong-form',
      /data is absent/,
    ],
    [
      'a tensor whose bytes are not there',
      'json',
      { inputs: [{ ...tensor, data: undefined, parameters: { binary_data_size: 8 } }] },
      'wrong-form',
      /Inference-Header-Content-Length/,
    ],
    [
      'an input that is no tensor',
      'json',
      { inputs: [{ datatype: 'FP64', shape: [1], data: [1] }] },
      'wrong-form',
      /name is absent/,
    ],
    ['Seldon data without values', 'json', { data: { names: [] } }, 'wrong-form', /ndarray/],
    [
      'a CSV header that names a column twice',
      'csv',
      'distance,distance\n1,2\n',
      'wrong-form',
      /"distance" twice/,
    ],
    ['a CSV quote that is never closed', 'csv', 'distance,origin\n1,"a\n2,b\n', 'wrong-form', /line \d/],
    [
      'too many rows',
      'json',
      { rows: new Array(1_001).fill(7) },
      'too-many-rows',
      /1001 rows; send at most 1000/,
    ],
    ['too many lines', 'ndjson', '7\n'.repeat(1_001), 'too-many-rows', /1001 rows/],
    ['too many CSV lines', 'csv', `distance,origin\n${'1,a\n'.repeat(5_000)}`, 'too-many-rows', /rows/],
    [
      'bytes behind the last tensor',
      'v2-binary',
      new Uint8Array([...v2Binary('inputs', []).bytes, 1]),
      'wrong-form',
      /inputs/,
    ],
  ])('%s', (_, format, body, problem, message) => {
    const run = (): DecodedRows => decode(format, body);
    expect(run).toThrow(UnreadablePayload);
    expect(run).toThrow(message);
    expect(run).toThrow(expect.objectContaining({ problem }));
  });

  const valid = (): Parameters<typeof v2Binary>[1][number] => ({
    name: 'risk',
    datatype: 'FP32',
    shape: [2],
    bytes: f32(1, 2),
  });
  it.each<[string, () => readonly [Uint8Array, number], RegExp]>([
    [
      'a tensor cut short',
      () => {
        const [bytes, length] = binary('outputs', [valid()]);
        return [bytes.subarray(0, -1), length];
      },
      /said to have 8 bytes; 7 are left/,
    ],
    [
      'bytes left over',
      () => {
        const [bytes, length] = binary('outputs', [valid()]);
        return [new Uint8Array([...bytes, 0]), length];
      },
      /1 bytes behind its last tensor/,
    ],
    [
      'an unknown datatype',
      () => binary('outputs', [{ ...valid(), datatype: 'FP128' }]),
      /datatype is the string "FP128"/,
    ],
    [
      'half a value',
      () => binary('outputs', [{ ...valid(), bytes: f32(1, 2).subarray(0, 7) }]),
      /no whole number of FP32 values/,
    ],
    [
      'a shape that the bytes do not have',
      () => binary('outputs', [{ ...valid(), shape: [3] }]),
      /has 2 values; its shape \[3\]/,
    ],
    [
      'a text beyond the bytes',
      () =>
        binary('outputs', [{ ...valid(), datatype: 'BYTES', bytes: new Uint8Array([255, 255, 255, 255]) }]),
      /beyond the tensor's bytes/,
    ],
    [
      'a length beyond the body',
      () => [binary('outputs', [valid()])[0], 1e9],
      /said to have 1000000000 bytes/,
    ],
    ['a length inside the JSON', () => [binary('outputs', [valid()])[0], 5], /not JSON/],
  ])('of the binary tensor extension: %s', (_, make, message) => {
    const [bytes, jsonLength] = make();
    expect(() => decode('v2-binary', bytes, {}, jsonLength)).toThrow(UnreadablePayload);
    expect(() => decode('v2-binary', bytes, {}, jsonLength)).toThrow(message);
  });
});

describe('the datatypes of the binary tensor extension', () => {
  const column = { name: 'x', type: 'numeric', side: 'request' } as const;
  it.each<[string, Uint8Array, number[]]>([
    ['UINT8', new Uint8Array([0, 255]), [0, 255]],
    ['UINT16', new Uint8Array(Uint16Array.of(0, 65_535).buffer), [0, 65_535]],
    ['UINT32', new Uint8Array(Uint32Array.of(0, 2 ** 32 - 1).buffer), [0, 2 ** 32 - 1]],
    ['UINT64', new Uint8Array(BigUint64Array.of(0n, 2n ** 53n).buffer), [0, 2 ** 53]],
    ['INT8', new Uint8Array(Int8Array.of(-128, 127).buffer), [-128, 127]],
    ['INT16', new Uint8Array(Int16Array.of(-32_768, 5).buffer), [-32_768, 5]],
    ['INT32', new Uint8Array(Int32Array.of(-5, 2 ** 31 - 1).buffer), [-5, 2 ** 31 - 1]],
    ['INT64', new Uint8Array(BigInt64Array.of(-5n, 7n).buffer), [-5, 7]],
    // 1.5, -2, the smallest subnormal and a NaN, in half precision.
    ['FP16', new Uint8Array(Uint16Array.of(0x3e00, 0xc000, 0x0001, 0x7e00).buffer), [1.5, -2, 2 ** -24, NaN]],
    ['BF16', new Uint8Array(Uint16Array.of(0x3fc0, 0xc000, 0x7fc0).buffer), [1.5, -2, NaN]],
    ['FP32', f32(0.5, NaN), [0.5, NaN]],
    ['FP64', f64(0.1, -0), [0.1, -0]],
  ])('%s', (datatype, bytes, expected) => {
    const [body, jsonLength] = binary('inputs', [{ name: 'x', datatype, shape: [expected.length], bytes }]);
    expect(cellsOf(decode('v2-binary', body, { columns: [column] }, jsonLength))).toEqual({ x: expected });
  });

  it('FP64 in the middle of a larger buffer', () => {
    const [body, jsonLength] = binary('inputs', [
      { name: 'x', datatype: 'FP64', shape: [2], bytes: f64(1, 2) },
    ]);
    const pool = Buffer.concat([Buffer.alloc(3), body, Buffer.alloc(5)]);
    const part = pool.subarray(3, 3 + body.length);
    expect(cellsOf(decode('v2-binary', part, { columns: [column] }, jsonLength))).toEqual({ x: [1, 2] });
  });

  it('BOOL and 64-bit ids keep what they are in columns of their type', () => {
    const columns = [
      { name: 'is', type: 'boolean', side: 'request' } as const,
      { name: 'id', type: 'categorical', side: 'request' } as const,
    ];
    const [body, jsonLength] = binary('inputs', [
      { name: 'is', datatype: 'BOOL', shape: [2], bytes: new Uint8Array([1, 0]) },
      {
        name: 'id',
        datatype: 'UINT64',
        shape: [2],
        bytes: new Uint8Array(BigUint64Array.of(2n ** 64n - 1n, 1n).buffer),
      },
    ]);
    expect(cellsOf(decode('v2-binary', body, { columns }, jsonLength))).toEqual({
      is: ['true', 'false'],
      id: ['18446744073709551615', '1'],
    });
  });
});

describe('what a body says of itself', () => {
  it.each<[string, unknown, unknown, string | null]>([
    ["Leeway's own key", { payloadId: 'p', rows: [] }, 'p', null],
    ["V2's id", { id: '42', inputs: [] }, undefined, '42'],
    ['nothing', { instances: [] }, undefined, null],
    ['an id that cannot be stored', { id: '\ud800', inputs: [] }, undefined, null],
    ['an id that is too long', { id: 'x'.repeat(201), inputs: [] }, undefined, null],
  ])('%s', (_, body, payloadId, inferenceId) => {
    expect(idsOf(readBody('json', utf8(JSON.stringify(body))))).toMatchObject({ payloadId, inferenceId });
  });

  it('rows take the time of their event where they have none', () => {
    const decoded = decode('json', { predictions: [1] }, { eventAt: AT - 1_000 });
    expect([...decoded.batch.timestamps]).toEqual([AT - 1_000]);
  });
});

describe('the form of records', () => {
  const good = { values: { distance: 1, origin: 'a' } };
  it.each<[string, readonly unknown[], [number, string, string | null][]]>([
    ['null before them', [null, good, good], [[0, 'not-an-object', null]]],
    ['an empty record before them', [{}, good], [[0, 'not-an-object', null]]],
    ['a record that has only an id before them', [{ inferenceId: 'q' }, good], [[0, 'not-an-object', null]]],
    [
      'flat records behind one without columns',
      [{ request_id: 'q' }, { distance: 1, origin: 'a' }],
      [[0, 'missing-column', 'distance']],
    ],
  ])('is that of the first which has one: %s', (_, records, refusals) => {
    const lines = records.map((record) => JSON.stringify(record)).join('\n');
    expect(refusalsOf(decode('ndjson', lines, { part: 'request' }))).toEqual(refusals);
    expect(refusalsOf(decode('json', records, { part: 'request' }))).toEqual(refusals);
  });

  it('of V1 instances is that of the first which is not null', () => {
    const decoded = decode('json', { instances: [null, rows[0], rows[1]] });
    expect(refusalsOf(decoded)).toEqual([[0, 'wrong-shape', null]]);
    expect(cellsOf(decoded)).toEqual({ distance: [571, NaN], origin: ['ATL', 'JFK'] });
  });
});

describe("Seldon's names", () => {
  const seldon = (names: unknown, ...ndarray: unknown[]): DecodedRows =>
    decode('json', { data: { names, ndarray } }, { part: 'request' });

  it('that the schema knows in part are not read by position', () => {
    expect(refusalsOf(seldon(['origin', 'age'], ['ATL', 7]))).toEqual([[0, 'missing-column', 'distance']]);
    const decoded = seldon(['distance', 'origin', 'extra'], [1, 'ATL', 7]);
    expect(cellsOf(decoded)).toEqual({ distance: [1], origin: ['ATL'] });
    expect([decoded.unexpectedColumns, decoded.unexpectedRowCount]).toEqual([['extra'], 1]);
  });

  it('are as many as the values of a row', () => {
    expect(refusalsOf(seldon(['distance', 'origin', 'extra'], [1, 'ATL']))).toEqual([
      [0, 'wrong-shape', null],
    ]);
  });

  it('that stand twice are refused, and what is no list of names is none', () => {
    expect(() => seldon(['distance', 'distance'], [1, 2])).toThrow(/"distance" twice/);
    for (const names of ['x', [], [{ toString: 1 }, [[1]]], ['t:0', 't:1']])
      expect(cellsOf(seldon(names, [1, 'ATL']))).toEqual({ distance: [1], origin: ['ATL'] });
  });
});

describe('tensors of several kinds in one body', () => {
  const json = { name: 'origin', shape: [2], datatype: 'BYTES', data: ['ATL', 'JFK'] };
  const named = (name: string, values: number[], shape: number[] = [values.length]): object => ({
    name,
    shape,
    datatype: 'FP64',
    data: values,
  });

  it('may have their values in the JSON and behind it', () => {
    const head = utf8(
      JSON.stringify({
        inputs: [
          { name: 'distance', shape: [2], datatype: 'FP64', parameters: { binary_data_size: 16 } },
          json,
        ],
      }),
    );
    const body = new Uint8Array([...head, ...f64(571, 90.5)]);
    expect(cellsOf(decode('v2-binary', body, {}, head.length))).toEqual({
      distance: [571, 90.5],
      origin: ['ATL', 'JFK'],
    });
    expect(cellsOf(decode('v2-binary', body))).toEqual(cellsOf(decode('v2-binary', body, {}, head.length)));
  });

  it.each<[string, string, Uint8Array]>([
    ['a line feed', '\n', f64(571, 90.5)],
    ['spaces, and tensors that look like them', '  ', new Uint8Array(16).fill(32)],
  ])('are found behind %s after the JSON', (_, space, tensor) => {
    const spec = { name: 'risk', shape: [2], datatype: 'FP64', parameters: { binary_data_size: 16 } };
    const body = new Uint8Array([...utf8(JSON.stringify({ outputs: [spec] }) + space), ...tensor]);
    const expected = [...new Float64Array(tensor.slice().buffer)];
    expect(cellsOf(decode('v2-binary', body))).toEqual({ risk: expected });
  });

  it('that the schema does not know are unexpected columns, whatever their shape', () => {
    const decoded = decode('json', {
      outputs: [named('risk', [1, 2]), named('probabilities', [1, 2, 3, 4, 5, 6], [2, 3]), named('cut', [9])],
    });
    expect(cellsOf(decoded)).toEqual({ risk: [1, 2] });
    expect([decoded.unexpectedColumns, decoded.unexpectedRowCount]).toEqual([['cut', 'probabilities'], 2]);
  });

  it('refuse their rows when a column has several values a row', () => {
    const decoded = decode('json', { inputs: [json, named('distance', [1, 2, 3, 4], [2, 2])] });
    expect(refusalsOf(decoded)).toEqual([
      [0, 'wrong-shape', null],
      [1, 'wrong-shape', null],
    ]);
  });

  it('are refused when two have one name', () => {
    expect(() => decode('json', { inputs: [json, json] })).toThrow(/two tensors have the name "origin"/);
  });

  it('refuse 64-bit categories that JSON rounds, and no numbers', () => {
    const long = (name: string) =>
      `{"name":"${name}","shape":[2],"datatype":"INT64","data":[9007199254740993,5]}`;
    const decoded = decode('json', `{"inputs":[${long('distance')},${long('origin')}]}`);
    expect(decoded.rejections.listed).toMatchObject([
      { row: 0, reason: 'wrong-type', column: 'origin', message: expect.stringContaining('beyond 2^53') },
    ]);
    expect(cellsOf(decoded)).toEqual({ distance: [5], origin: ['5'] });
  });

  it('refuse only the row of a text that is not UTF-8', () => {
    const texts = new Uint8Array([...bytesTensor(['ATL']), 1, 0, 0, 0, 255]);
    const [bytes, jsonLength] = binary('inputs', [
      { name: 'distance', datatype: 'FP64', shape: [2], bytes: f64(1, 2) },
      { name: 'origin', datatype: 'BYTES', shape: [2], bytes: texts },
    ]);
    const decoded = decode('v2-binary', bytes, {}, jsonLength);
    expect(decoded.rejections.listed).toMatchObject([
      { row: 1, reason: 'wrong-type', message: expect.stringContaining('bytes that are not UTF-8') },
    ]);
  });
});

describe('CSV as it comes', () => {
  it.each<[string, string, Record<string, unknown[]>]>([
    [
      'a quote inside a field',
      'distance,origin\n1,5" pipe\n2,b\n',
      { distance: [1, 2], origin: ['5" pipe', 'b'] },
    ],
    [
      'a header that ends otherwise than the lines',
      'distance,origin\r\n1,a\n2,b\n',
      { distance: [1, 2], origin: ['a', 'b'] },
    ],
    ['line ends in quotes', 'distance,origin\n1,"a\r\nb"\n', { distance: [1], origin: ['a\r\nb'] }],
  ])('%s', (_, body, cells) => {
    expect(cellsOf(decode('csv', body, { part: 'request' }))).toEqual(cells);
  });

  it.each(['0x10', '0b11', '0o7', ' 0X1', ' ', 'Infinity'])('%j is no number', (text) => {
    const decoded = decode('csv', `distance,origin\n"${text}",a\n`, { part: 'request' });
    expect(refusalsOf(decoded)).toEqual([[0, 'wrong-type', 'distance']]);
  });

  it.each(['0', '00', '-0.5', '1e3', '.5', '5.', '+7', ' 8 '])('%j is one', (text) => {
    const decoded = decode('csv', `distance,origin\n"${text}",a\n`, { part: 'request' });
    expect(cellsOf(decoded)['distance']).toEqual([Number(text)]);
  });
});

describe('names that the schema does not know', () => {
  it('are counted by the rows that bring them, in V1 as in flat records', () => {
    const instances = [{ ...rows[0], extra: 1 }, rows[1], { ...rows[2], more: 1 }];
    for (const body of [{ instances }, instances]) {
      const decoded = decode('json', body, { part: 'request' });
      expect([decoded.unexpectedColumns, decoded.unexpectedRowCount]).toEqual([['extra', 'more'], 2]);
    }
  });

  it('are given back cut when they are long', () => {
    const decoded = decode('json', [{ ...rows[0], ['x'.repeat(1_000_000)]: 1 }], { part: 'request' });
    expect(decoded.unexpectedColumns[0]?.length).toBeLessThan(300);
  });
});

describe("what Fluent Bit ships of BentoML's monitoring", () => {
  const record = {
    distance: 1,
    origin: 'a',
    timestamp: '2026-11-23T03:33:59.490137',
    request_id: '14642743634293743168',
  };
  it('is taken with its time, which has no zone, and its id', () => {
    const { batch } = decode('json', [record], { part: 'request' });
    expect([batch.inferenceIds, [...batch.timestamps]]).toEqual([
      ['14642743634293743168'],
      [Date.UTC(2026, 10, 23, 3, 33, 59, 490)],
    ]);
  });

  it.each<[string, unknown, [number, string, string | null][]]>([
    ['a record that is none', 7, [[1, 'not-an-object', null]]],
    ['a record in an array', [record], [[1, 'not-an-object', null]]],
    ['an empty record', {}, [[1, 'missing-column', 'distance']]],
    [
      'a time of another form',
      { ...record, request_id: 'q', timestamp: '23/Nov/2026' },
      [[1, 'bad-timestamp', null]],
    ],
    [
      'a time as a number, as Fluent Bit has its own',
      { ...record, request_id: 'q', timestamp: 1_795_406_400 },
      [[1, 'bad-timestamp', null]],
    ],
    ['an id that lost its quotes', { ...record, request_id: 14_642_743 }, [[1, 'bad-inference-id', null]]],
    ['the same id again', record, [[1, 'duplicate-inference-id', null]]],
    ['a column that is missing', { origin: 'a' }, [[1, 'missing-column', 'distance']]],
    [
      'a sequence for a number',
      { ...record, request_id: 'q', distance: [1, 2] },
      [[1, 'wrong-type', 'distance']],
    ],
    ['a number in quotes', { ...record, request_id: 'q', distance: '1' }, [[1, 'wrong-type', 'distance']]],
    [
      'a category that is an object',
      { ...record, request_id: 'q', origin: {} },
      [[1, 'wrong-type', 'origin']],
    ],
  ])('with %s refuses that record, as an array and as lines', (_, bad, refusals) => {
    const records = [record, bad];
    const lines = records.map((each) => JSON.stringify(each)).join('\n');
    expect(refusalsOf(decode('json', records, { part: 'request' }))).toEqual(refusals);
    expect(refusalsOf(decode('ndjson', lines, { part: 'request' }))).toEqual(refusals);
  });
});
