import { describe, expect, it } from '@jest/globals';
import { cellsOf, contextOf, refusalsOf, utf8 } from '../context-for-tests.js';
import type { DecodedRows } from '../decoding.js';
import { decodeBody, readBody, type BodyFormat } from './body.js';

function decode(format: BodyFormat, body: unknown, maxRows = 10_000): DecodedRows {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return decodeBody(readBody(format, utf8(text)), contextOf({ maxRows, part: 'request' }));
}

/** Every one of these ended the process, or held it up for a minute, while rows were built before they were counted. */
describe('a body whose rows would be far larger than itself', () => {
  it('of instances whose keys occur nowhere else is decoded, and names only some of the keys', () => {
    const instances = Array.from({ length: 10_000 }, (_, row) =>
      Object.fromEntries(Array.from({ length: 10 }, (_, key) => [`k${row}_${key}`, 1])),
    );
    const decoded = decode('json', { instances });
    expect(decoded.rejections.tallies).toEqual({
      'missing-column': 10_000,
      'missing-column/distance': 10_000,
    });
    expect(decoded.unexpectedColumns).toHaveLength(20);
    expect(decoded.unexpectedRowCount).toBe(0);
  });

  it.each<[string, unknown]>([
    ['flat records', new Array(1_000_000).fill({})],
    ['instances', { instances: new Array(2_000_000).fill(1) }],
    ["Seldon's ndarray", { data: { ndarray: new Array(2_000_000).fill(1) } }],
    [
      "Seldon's tensor",
      { data: { tensor: { shape: [2_000_000, 1], values: new Array(2_000_000).fill(1) } } },
    ],
    [
      'a V2 tensor',
      {
        inputs: [{ name: 'x', shape: [1_000_000, 2], datatype: 'FP64', data: new Array(2_000_000).fill(1) }],
      },
    ],
  ])('of millions of %s is refused before a row is built', (_, body) => {
    expect(() => decode('json', body)).toThrow(/rows; send at most 10000/);
  });
});

/** As deep as a call stack is not: what recursed threw a RangeError, which is a bug to everyone. */
const DEEP = 20_000;
const nested = (inner: string, depth = DEEP): string => `${'['.repeat(depth)}${inner}${']'.repeat(depth)}`;

describe('a value that is nested deeper than the call stack', () => {
  it.each<[string, string, [number, string, string | null][]]>([
    ['a cell of an instance', `{"instances":[[${nested('1')},"x"]]}`, [[0, 'wrong-type', 'distance']]],
    ["a cell of Seldon's", `{"data":{"ndarray":[[${nested('1')},"x"]]}}`, [[0, 'wrong-type', 'distance']]],
    [
      'a cell of a named instance',
      `{"instances":[{"distance":${nested('1')},"origin":"x"}]}`,
      [[0, 'wrong-type', 'distance']],
    ],
    [
      'a cell of a row',
      `{"rows":[{"values":{"distance":${nested('1')},"origin":"x"}}]}`,
      [[0, 'wrong-type', 'distance']],
    ],
    ['a row', `{"rows":[${nested('1')}]}`, [[0, 'not-an-object', null]]],
    ['a flat record', `[${nested('1')}]`, [[0, 'not-an-object', null]]],
    [
      'the data of a V2 tensor',
      `{"inputs":[{"name":"distance","shape":[1],"datatype":"FP64","data":${nested('1')}},{"name":"origin","shape":[1],"datatype":"BYTES","data":["x"]}]}`,
      [[0, 'wrong-type', 'distance']],
    ],
  ])('is a wrong one as %s', (_, body, refusals) => {
    expect(refusalsOf(decode('json', body))).toEqual(refusals);
  });

  it('is unwrapped as far as any model nests its values', () => {
    const decoded = decode('json', `{"instances":[[${nested('1', 8)},${nested('"x"', 8)}]]}`);
    expect(cellsOf(decoded)).toEqual({ distance: [1], origin: ['x'] });
  });
});

describe('a CSV header that is far wider than its lines', () => {
  const wide = (count: number): string => Array.from({ length: count }, (_, index) => `c${index}`).join(',');

  it('costs what its bytes cost, and has no place for columns that nobody asked for', () => {
    const decoded = decode('csv', `${wide(10_000)}\n${'1,2,3\n'.repeat(9_000)}`);
    expect(decoded.rejections.tallies).toEqual({ 'wrong-shape': 9_000 });
  });

  it('is refused beyond a number of names that no model has', () => {
    expect(() => decode('csv', `${wide(150_000)}\n${'1,2,3\n'.repeat(9_000)}`)).toThrow(
      /150000 columns; .* at most 10000/,
    );
  });
});
