import { describe, expect, it } from '@jest/globals';
import { CsvError, parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { LeewayError } from '#platform';
import { csvRecords } from './csv-records.js';

/** The text as a socket may hand it over: in pieces that end anywhere, also inside of a character. */
async function* piecesOf(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = await Promise.resolve(Buffer.from(text));
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function recordsOf(text: string, size = 7): Promise<string[][]> {
  const records: string[][] = [];
  for await (const some of csvRecords(piecesOf(text, size)))
    records.push(...some.map(({ fields }) => [...fields]));
  return records;
}

/** What csv-parse, which reads payloads, makes of the whole text. */
function expected(text: string): string[][] | 'refused' {
  try {
    return parse(text, { bom: true });
  } catch (error) {
    if (error instanceof CsvError) return 'refused';
    throw error;
  }
}

const field = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', '1', '.', ' ', 'é', '😀'), maxLength: 4 }),
  fc
    .string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r\n', ' ', '😀'), maxLength: 5 })
    .map((text) => `"${text.replaceAll('"', '""')}"`),
);
const wellFormed = fc
  .tuple(
    fc
      .integer({ min: 1, max: 4 })
      .chain((width) =>
        fc.array(fc.array(field, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 8 }),
      ),
    fc.constantFrom('\n', '\r\n', '\r'),
    fc.boolean(),
    fc.boolean(),
  )
  .map(
    ([rows, lineEnd, hasLast, hasBom]) =>
      (hasBom ? '\ufeff' : '') + rows.map((row) => row.join(',')).join(lineEnd) + (hasLast ? lineEnd : ''),
  );
const anything = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', 'é'), maxLength: 40 });

describe('records of CSV', () => {
  it.each([
    ['well-formed text', wellFormed],
    ['any text', anything],
  ])('are those of csv-parse, of %s in pieces of any size', async (_name, texts) => {
    await fc.assert(
      fc.asyncProperty(texts, fc.integer({ min: 1, max: 20 }), async (text, size) => {
        const records = await recordsOf(text, size).catch((error: unknown) => {
          if (error instanceof LeewayError && error.code === 'baseline-unreadable') return 'refused' as const;
          throw error;
        });
        expect(records).toEqual(expected(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it.each<[string, string, string]>([
    ['a field too many', 'x,c\n1,a\n2,b,c\n', 'line 3: Invalid Record Length: expect 2, got 3'],
    ['a blank line', 'x,c\n1,a\n\n', 'line 3: Invalid Record Length: expect 2, got 1'],
    [
      'a quote inside',
      'x,c\n"1\n2",a\n3,b"c"\n',
      'line 4: Invalid Opening Quote: a quote is found on field 1',
    ],
    ['text behind a quote', 'x,c\n"1"2,a\n', 'line 2: Invalid Closing Quote: got "2"'],
    ['a quote that is never closed', 'x,c\n1,"a\n2,b\n', 'line 2: Quote Not Closed'],
    ['a line without an end', `x,c\n1,${'a'.repeat(1_000_001)}`, 'line 2: the record is longer than 1000000'],
    ['a quote that swallows the rest', `x\n1\n"${'a\n'.repeat(600_000)}`, 'line 3: the record is longer'],
    ['a quote inside before much', `x\na"b\n${'a\n'.repeat(600_000)}`, 'line 2: Invalid Opening Quote'],
  ])('name the line of %s', async (_name, text, message) => {
    await expect(recordsOf(text, 65_536)).rejects.toMatchObject({
      code: 'baseline-unreadable',
      message: expect.stringContaining(message) as unknown,
      places: [{ pointer: `/lines/${/line (\d+)/.exec(message)?.[1]}` }],
    });
  });
});
