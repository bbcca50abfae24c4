import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildGrid, emptyProfile, foldColumns, serializeProfile } from '#stats';
import { bytesTensor, contextOf, utf8, v2Binary } from './context-for-tests.js';
import type { DecodedRows } from './decoding.js';
import { decodeBody, readBody, type BodyFormat, type ReadBody } from './formats/body.js';
import { readBinaryEvent, readStructuredEvents, type ReadEvent } from './formats/cloud-events.js';
import type { PayloadColumn } from './column-batch.js';

const COLUMNS: readonly PayloadColumn[] = [
  { name: 'x', type: 'numeric', side: 'request' },
  { name: 'y', type: 'numeric', side: 'request' },
  { name: 'c', type: 'categorical', side: 'request' },
  { name: 'b', type: 'boolean', side: 'request' },
  { name: 't', type: 'text', side: 'request' },
  { name: 'risk', type: 'numeric', side: 'response' },
];
const REQUEST = COLUMNS.filter(({ side }) => side === 'request');
const NAMES = COLUMNS.map(({ name }) => name);

type Value = number | string | boolean | null;
type Row = Readonly<Record<string, Value>>;

/** No form but JSON tells zero from minus zero. */
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0);
// CSV takes an empty field for a missing value, and a form that trims lines must not see spaces at an end.
const text = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 20 })
  .filter((each) => !each.includes('\0') && each.isWellFormed());
/** Binary tensors have no missing texts and booleans. */
const row = fc.record({
  x: fc.option(number),
  y: fc.option(fc.integer({ min: -1_000, max: 1_000 })),
  c: fc.constantFrom('a', 'b', 'Zürich', '"quoted", with a comma', '12', 'true'),
  b: fc.boolean(),
  t: text,
  risk: fc.option(number),
});

interface Encoding {
  readonly name: string;
  readonly format: BodyFormat;
  readonly body: (rows: readonly Row[]) => Uint8Array;
}

const json = (value: unknown): Uint8Array => utf8(JSON.stringify(value));
const cells = (rows: readonly Row[], name: string): Value[] => rows.map((each) => each[name] ?? null);
const columnsOf = (rows: readonly Row[], names: readonly string[]): Record<string, Value[]> =>
  Object.fromEntries(names.map((name) => [name, cells(rows, name)]));
const byPosition = (rows: readonly Row[]): Value[][] =>
  rows.map((each) => REQUEST.map(({ name }) => each[name] ?? null));
const risks = (rows: readonly Row[]): Value[] => cells(rows, 'risk');

function csvField(value: Value): string {
  return value === null ? '' : `"${String(value).replaceAll('"', '""')}"`;
}

function tensor(rows: readonly Row[], { name, type }: PayloadColumn) {
  const data = cells(rows, name);
  const datatype = type === 'numeric' ? 'FP64' : type === 'boolean' ? 'BOOL' : 'BYTES';
  return { name, shape: [rows.length], datatype, data };
}

function tensorBytes(rows: readonly Row[], { name, type }: PayloadColumn): Uint8Array {
  const data = cells(rows, name);
  if (type === 'numeric')
    return new Uint8Array(Float64Array.from(data, (value) => (value === null ? NaN : Number(value))).buffer);
  return type === 'boolean' ? Uint8Array.from(data, Number) : bytesTensor(data.map(String));
}

const ENCODINGS: readonly Encoding[] = [
  { name: 'columns', format: 'json', body: (rows) => json({ columns: columnsOf(rows, NAMES) }) },
  { name: 'flat records', format: 'json', body: (rows) => json(rows) },
  {
    name: 'rows with their keys in another order',
    format: 'json',
    body: (rows) =>
      json({ rows: rows.map((each) => ({ values: Object.fromEntries(Object.entries(each).reverse()) })) }),
  },
  {
    name: 'lines',
    format: 'ndjson',
    body: (rows) => utf8(rows.map((each) => JSON.stringify({ values: each })).join('\n')),
  },
  {
    name: 'CSV',
    format: 'csv',
    body: (rows) =>
      utf8(
        [
          NAMES.join(','),
          ...rows.map((each) => NAMES.map((name) => csvField(each[name] ?? null)).join(',')),
        ].join('\n'),
      ),
  },
  {
    name: 'V1 by position',
    format: 'json',
    body: (rows) => json({ instances: byPosition(rows), predictions: risks(rows) }),
  },
  {
    name: 'V1 by name',
    format: 'json',
    body: (rows) =>
      json({
        instances: rows.map((each) => Object.fromEntries(REQUEST.map(({ name }) => [name, each[name]]))),
        predictions: risks(rows).map((risk) => ({ risk })),
      }),
  },
  {
    name: 'V2 with a tensor a column',
    format: 'json',
    body: (rows) =>
      json({
        inputs: REQUEST.map((column) => tensor(rows, column)),
        outputs: [
          {
            name: 'output-0',
            shape: [rows.length, 1],
            datatype: 'FP64',
            data: risks(rows).map((risk) => [risk]),
          },
        ],
      }),
  },
  {
    name: 'V2 with one tensor for all',
    format: 'json',
    body: (rows) =>
      json({
        inputs: [
          {
            name: 'all',
            shape: [rows.length, REQUEST.length],
            datatype: 'BYTES',
            data: byPosition(rows).flat(),
          },
        ],
        outputs: [tensor(rows, COLUMNS[5] as PayloadColumn)],
      }),
  },
];

const context = contextOf({ columns: COLUMNS });

function profileOf({ batch, rejections }: DecodedRows, grid: ReturnType<typeof buildGrid>): string {
  if (rejections.count > 0) throw new Error(rejections.listed[0]?.message);
  const profile = emptyProfile(grid);
  foldColumns(profile, batch.rowCount, batch.columns);
  return Buffer.from(serializeProfile(profile)).toString('hex');
}

/** The bodies of an event with this data, however it is sent. */
function eventBodies(data: unknown, part: 'request' | 'response'): [string, ReadBody][] {
  const event = { specversion: '1.0', id: 'e', source: 's', type: `x.inference.${part}` };
  const text = JSON.stringify(data);
  const base64 = Buffer.from(text).toString('base64');
  const headers = Object.fromEntries(Object.entries(event).map(([name, value]) => [`ce-${name}`, value]));
  const events: [string, ReadEvent][] = [
    ['binary', readBinaryEvent(headers, utf8(text))],
    ...readStructuredEvents({ ...event, data }, 9).map((each): [string, ReadEvent] => ['structured', each]),
    ...readStructuredEvents(
      [
        { ...event, data: text },
        { ...event, data_base64: base64 },
      ],
      9,
    ).map((each): [string, ReadEvent] => ['batch', each]),
  ];
  return events.map(([mode, each]) => {
    if (each.part === null) throw new Error('no event of an inference');
    return [mode, each.body];
  });
}

describe('the same rows in every encoding', () => {
  it('give the same profile, byte for byte', () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 30 }), (rows) => {
        const reference = decodeBody(
          readBody('json', json({ rows: rows.map((values) => ({ values })) })),
          context,
        );
        const grid = buildGrid(reference.batch.columns);
        const expected = profileOf(reference, grid);
        for (const { name, format, body } of ENCODINGS)
          expect([name, profileOf(decodeBody(readBody(format, body(rows)), context), grid)]).toEqual([
            name,
            expected,
          ]);
      }),
      { numRuns: 500 },
    );
  });

  const byPart = (rows: readonly Row[], part: 'request' | 'response'): Value[][] =>
    part === 'request' ? byPosition(rows) : risks(rows).map((risk) => [risk]);
  const namesOfPart = (part: 'request' | 'response'): string[] =>
    part === 'request' ? REQUEST.map(({ name }) => name) : ['risk'];
  /** Bodies that hold one half of their rows, and do not say which. */
  const HALF_BODIES: readonly [string, (rows: readonly Row[], part: 'request' | 'response') => unknown][] = [
    ["Seldon's ndarray", (rows, part) => ({ data: { ndarray: byPart(rows, part) } })],
    [
      "Seldon's ndarray by name, with others and in another order",
      (rows, part) => ({
        data: {
          names: ['other', ...namesOfPart(part).reverse()],
          ndarray: byPart(rows, part).map((values) => [0, ...values.reverse()]),
        },
      }),
    ],
    [
      "Seldon's tensor",
      (rows, part) => ({
        data: {
          names: ['t:0'],
          tensor: { shape: [rows.length, namesOfPart(part).length], values: byPart(rows, part).flat() },
        },
      }),
    ],
    ['V1', (rows, part) => ({ [part === 'request' ? 'instances' : 'predictions']: byPart(rows, part) })],
    ['columns', (rows, part) => ({ columns: columnsOf(rows, namesOfPart(part)) })],
  ];

  it('give the same halves in Seldon and in CloudEvents, structured, in base64, in a batch and in binary mode', () => {
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 30 }),
        fc.constantFrom('request' as const, 'response' as const),
        (rows, part) => {
          const half = contextOf({ columns: COLUMNS, part });
          const values = rows.map((each) => ({
            values: Object.fromEntries(namesOfPart(part).map((name) => [name, (each as Row)[name]])),
          }));
          const reference = decodeBody(readBody('json', json({ rows: values })), half);
          const grid = buildGrid(reference.batch.columns);
          const expected = profileOf(reference, grid);
          for (const [name, bodyOf] of HALF_BODIES) {
            const data = bodyOf(rows, part);
            for (const [mode, body] of eventBodies(data, part))
              expect([name, mode, profileOf(decodeBody(body, half), grid)]).toEqual([name, mode, expected]);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('give the same numbers in one binary tensor for all columns as in one for each', () => {
    const numbers = COLUMNS.slice(0, 2);
    const numeric = contextOf({ columns: numbers });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 30 }), (rows) => {
        const cellsOfRow = (each: Row): Value[] => [each['x'] ?? null, each['y'] ?? null];
        const reference = decodeBody(readBody('json', json({ instances: rows.map(cellsOfRow) })), numeric);
        const grid = buildGrid(reference.batch.columns);
        const flat = rows.flatMap(cellsOfRow).map((value) => (value === null ? NaN : Number(value)));
        const spec = { name: 'all', datatype: 'FP64', shape: [rows.length, 2] };
        const { bytes, jsonLength } = v2Binary('inputs', [
          { ...spec, bytes: new Uint8Array(Float64Array.from(flat).buffer) },
        ]);
        const decoded = decodeBody(readBody('v2-binary', bytes, jsonLength), numeric);
        expect(profileOf(decoded, grid)).toBe(profileOf(reference, grid));
      }),
      { numRuns: 200 },
    );
  });

  it('give the same halves as V2 with binary tensors and as halves of their own', () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 30 }), (rows) => {
        const half = contextOf({ columns: COLUMNS, part: 'request' });
        const values = rows.map((each) => ({
          values: Object.fromEntries(REQUEST.map(({ name }) => [name, (each as Row)[name]])),
        }));
        const reference = decodeBody(readBody('json', json({ rows: values })), half);
        const grid = buildGrid(reference.batch.columns);
        const tensors = REQUEST.map((column) => {
          const { data: _, ...spec } = tensor(rows, column);
          return { ...spec, bytes: tensorBytes(rows, column) };
        });
        const { bytes, jsonLength } = v2Binary('inputs', tensors);
        const decoded = decodeBody(readBody('v2-binary', bytes, jsonLength), contextOf({ columns: COLUMNS }));
        expect(profileOf(decoded, grid)).toBe(profileOf(reference, grid));
      }),
      { numRuns: 500 },
    );
  });

  const spoilt = fc.oneof(
    { weight: 8, arbitrary: row },
    row.map((each) => ({ ...each, x: 'far' })),
    row.map((each) => ({ ...each, b: 1 })),
    row.map((each) => ({ ...each, t: 7 })),
    row.map((each) => ({ ...each, c: {} })),
    row.map(({ y: _, ...each }) => each),
    row.map((each) => ({ ...each, x: 'far', c: [] })),
  );

  it('have the same rows refused, with the same reasons, by row and by column', () => {
    fc.assert(
      fc.property(fc.array(spoilt, { minLength: 1, maxLength: 30 }), (rows) => {
        const reference = decodeBody(
          readBody('json', json({ rows: rows.map((values) => ({ values })) })),
          context,
        );
        const byName = decodeBody(
          readBody(
            'json',
            json({
              instances: rows.map(({ risk: _, ...each }) => each),
              predictions: rows.map(({ risk }) => risk),
            }),
          ),
          context,
        );
        expect(byName.rejections.tallies).toEqual(reference.rejections.tallies);
        expect(byName.rejections.listed.map(({ row: at, reason, column }) => [at, reason, column])).toEqual(
          reference.rejections.listed.map(({ row: at, reason, column }) => [at, reason, column]),
        );
        expect(byName.batch.inferenceIds).toEqual(reference.batch.inferenceIds);
      }),
      { numRuns: 500 },
    );
  });
});
