import { crc32 as zlibCrc32 } from 'node:zlib';
import { expect, it } from '@jest/globals';
import { crc32, fnv1a64 } from './checksums.js';

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

it('crc32 gives the check value that its catalogue prints', () => {
  expect(crc32(ascii('123456789'))).toBe(0xcbf43926);
});
it('crc32 takes any number of bytes, whole turns and the rest, as one byte at a time does', () => {
  const bytes = Uint8Array.from({ length: 100 }, (_, i) => (i * 197 + 13) & 0xff);
  for (let length = 0; length <= bytes.length; length++)
    expect(crc32(bytes.subarray(0, length))).toBe(zlibCrc32(bytes.subarray(0, length)));
});
it('fnv1a64 gives the values that its authors print', () => {
  expect(['', 'a', 'foobar'].map((text) => fnv1a64(ascii(text)))).toEqual([
    'cbf29ce484222325',
    'af63dc4c8601ec8c',
    '85944171f73967e8',
  ]);
});
