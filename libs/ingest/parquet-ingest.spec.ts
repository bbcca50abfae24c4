import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeRecords, decodeTable, joinBatches, type DecodedRows, type PayloadColumn } from '#payloads';
import { LeewayError, ParquetFile, UnreadableParquet, UploadSpace } from '#platform';
import { buildGrid, emptyProfile, foldColumns, serializeProfile } from '#stats';
import { parquetTables } from './parquet-rows.js';

const AT = Date.UTC(2026, 10, 25);
const COLUMNS: readonly PayloadColumn[] = [
  { name: 'n', type: 'numeric', side: 'request' },
  { name: 'c', type: 'categorical', side: 'request' },
  { name: 'b', type: 'boolean', side: 'request' },
  { name: 't', type: 'text', side: 'request' },
];
const CONTEXT = {
  columns: COLUMNS,
  part: null,
  inferenceIdOf: (row: number) => `p-${row}`,
  receivedAt: AT,
  eventAt: AT,
  maxFutureMs: 300_000,
  maxAgeMs: 86_400_000,
  maxRows: 10_000,
};
const LIMITS = { maxRows: 10_000, maxTextUnits: 1_000_000 };
/** One good cell of each column. */
const GOOD = { n: '1::double', c: `'a'`, b: 'true', t: `'words'` };

let folder: string;
let instance: DuckDBInstance;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'leeway-test-'));
  instance = await DuckDBInstance.create(':memory:');
});
afterAll(() => {
  instance.closeSync();
  rmSync(folder, { recursive: true });
});

async function parquetOf(select: string, options = ''): Promise<Buffer> {
  const path = join(folder, 'rows.parquet');
  const connection = await instance.connect();
  await connection.run(`copy (${select}) to '${path}' (format parquet${options})`);
  connection.closeSync();
  return readFileSync(path);
}

/** A file of one row, with these expressions in place of good ones, and of any other columns. */
const rowOf = (changes: Record<string, string>): Promise<Buffer> =>
  parquetOf(
    `select ${Object.entries({ ...GOOD, ...changes })
      .map(([name, value]) => `${value} as ${name}`)
      .join(', ')}`,
  );

async function decode(bytes: Buffer, changes: Partial<typeof LIMITS> = {}): Promise<DecodedRows[]> {
  const decoded: DecodedRows[] = [];
  await ParquetFile.use(Readable.from([bytes]), async (file) => {
    for await (const table of parquetTables(file, COLUMNS, { ...LIMITS, ...changes }))
      decoded.push(decodeTable(table, CONTEXT));
  });
  return decoded;
}

async function only(bytes: Buffer): Promise<DecodedRows> {
  const [decoded, ...others] = await decode(bytes);
  if (decoded === undefined || others.length > 0) throw new Error('expected one table');
  return decoded;
}

const cellsOf = ({ batch }: DecodedRows, name: string): unknown[] => [
  ...(batch.columns.find((column) => column.name === name)?.values.values ?? []),
];

describe('the cells of a Parquet file', () => {
  it.each<[string, Record<string, string>, Record<string, unknown>]>([
    ['whole doubles as categories have the text of JSON', { c: '1::double' }, { c: '1' }],
    ['large ones too', { c: '1e21::double' }, { c: '1e+21' }],
    ['and small ones', { c: '1e-7::double' }, { c: '1e-7' }],
    ['decimals as categories drop their zeros', { c: '1.50::decimal(10,2)' }, { c: '1.5' }],
    [
      '64-bit ids as categories keep their digits',
      { c: '9007199254740993::bigint' },
      { c: '9007199254740993' },
    ],
    ['booleans as categories', { c: 'true' }, { c: 'true' }],
    ['dates as categories', { c: `date '2026-11-25'` }, { c: '2026-11-25' }],
    ['whole numbers of any width are numeric', { n: '5::utinyint' }, { n: 5 }],
    ['decimals are numeric', { n: '1.50::decimal(30,2)' }, { n: 1.5 }],
    ['NaN is a missing number', { n: `'nan'::double` }, { n: NaN }],
    [
      'NULL is missing everywhere',
      { n: 'null::double', c: 'null::int', b: 'null::boolean', t: 'null::varchar' },
      { n: NaN, c: null, b: null, t: null },
    ],
    ['a NULL of a type that nothing is made of is missing', { n: 'null::int[]' }, { n: NaN }],
  ])('%s', async (_, changes, expected) => {
    const decoded = await only(await rowOf(changes));
    expect(decoded.rejections.listed).toEqual([]);
    for (const [name, value] of Object.entries(expected)) expect(cellsOf(decoded, name)).toEqual([value]);
  });

  it.each<[string, Record<string, string>, string, RegExp]>([
    ['a text of digits in a numeric column', { n: `'5'` }, 'wrong-type', /row 0: "n" is the string "5"/],
    ['a boolean in a numeric column', { n: 'true' }, 'wrong-type', /"n" is the boolean true/],
    ['an infinite number', { n: `'infinity'::double` }, 'wrong-type', /"n" is the number Infinity/],
    [
      'a date in a numeric column',
      { n: `date '2026-11-25'` },
      'wrong-type',
      /"n" is the string "2026-11-25"/,
    ],
    ['a list in a numeric column', { n: '[1]' }, 'wrong-type', /a value of the type INTEGER\[\]/],
    ['a list in a categorical column', { c: '[1, 2]' }, 'wrong-type', /a value of the type INTEGER\[\]/],
    ['a structure in a categorical column', { c: `{'x': 1}` }, 'wrong-type', /of the type STRUCT/],
    ['bytes in a categorical column', { c: `'ab'::blob` }, 'wrong-type', /of the type BLOB/],
    ['a category that is too long', { c: `repeat('x', 1001)` }, 'wrong-type', /"c" is the string "xxx/],
    ['a text "true" in a boolean column', { b: `'true'` }, 'wrong-type', /the string "true"/],
    ['a number in a boolean column', { b: '1' }, 'wrong-type', /the number 1/],
    ['a number in a text column', { t: '5' }, 'wrong-type', /"t" is the number 5/],
    ['a text beyond the limit', { t: `repeat('x', 100001)` }, 'wrong-type', /"t" is the string "xxx/],
    [
      'an instant that no date has',
      { timestamp: 'make_timestamp(9223372036854775000)' },
      'bad-timestamp',
      /RFC 3339/,
    ],
    ['an endless one', { timestamp: `'infinity'::timestamp` }, 'bad-timestamp', /the number Infinity/],
    ['a number as time', { timestamp: '1' }, 'bad-timestamp', /the number 1/],
    ['a text as time that is none', { timestamp: `'noon'` }, 'bad-timestamp', /"noon"/],
    ['an id that is no text', { inference_id: '1.5::double' }, 'bad-inference-id', /the number 1.5/],
    ['an id that is too long', { inference_id: `repeat('x', 257)` }, 'bad-inference-id', /the string "xxx/],
  ])('%s is refused for its row', async (_, changes, reason, message) => {
    const { rejections } = await only(await rowOf(changes));
    expect(rejections.listed).toMatchObject([{ row: 0, reason, message: expect.stringMatching(message) }]);
  });

  it.each<[string, Record<string, string>, number, string]>([
    ['of a day', { timestamp: `date '2026-11-25'` }, AT, 'p-0'],
    ['in nanoseconds', { timestamp: `timestamp_ns '2026-11-25 00:00:00.123'` }, AT + 123, 'p-0'],
    ['with a zone', { timestamp: `timestamptz '2026-11-25 01:00:00+01'` }, AT, 'p-0'],
    ['as text without a zone', { timestamp: `'2026-11-25T00:00:01'` }, AT + 1_000, 'p-0'],
    ['that is NULL, and an id that is a number', { timestamp: 'null::timestamp', request_id: '7' }, AT, '7'],
  ])('a time %s', async (_, changes, at, id) => {
    const { batch, rejections } = await only(await rowOf(changes));
    expect([rejections.count, batch.timestamps[0], batch.inferenceIds[0]]).toEqual([0, at, id]);
  });

  it('of columns that the schema does not know are not read, and the columns are named', async () => {
    const decoded = await only(await rowOf({ extra: `repeat('x', 1000000)`, more: '[1]' }));
    expect(decoded).toMatchObject({ unexpectedColumns: ['extra', 'more'], unexpectedRowCount: 1 });
    const none = await only(await parquetOf('select 1 as extra from range(3)'));
    expect([none.receivedCount, none.rejections.tallies]).toEqual([
      3,
      { 'missing-column': 3, 'missing-column/n': 3 },
    ]);
  });

  it('of small files that hold gigabytes of text are cut, and come in tables that fit memory', async () => {
    const select = `select 1::double as n, repeat('x', 1000000) as c, true as b, repeat('y', 100000) as t from range(3000)`;
    const bytes = await parquetOf(select, ', compression zstd');
    expect(bytes.length).toBeLessThan(10_000);
    const tables = await decode(bytes);
    expect(tables.reduce((sum, { receivedCount }) => sum + receivedCount, 0)).toBe(3_000);
    expect(Math.max(...tables.map(({ receivedCount }) => receivedCount))).toBeLessThan(100);
    expect(
      tables.every(({ rejections, receivedCount }) => rejections.tallies['wrong-type/c'] === receivedCount),
    ).toBe(true);
  }, 60_000);

  it('are refused by their place in the file, in the message too', async () => {
    const bytes = await parquetOf(
      `select case when i = 15005 then 'infinity'::double else i end as n, 'a' as c, true as b, 't' as t from range(16000) r(i)`,
    );
    const tables = await decode(bytes);
    expect(tables.map(({ receivedCount }) => receivedCount)).toEqual([10_000, 6_000]);
    expect(tables.flatMap(({ rejections }) => rejections.listed)).toMatchObject([
      { row: 15_005, message: expect.stringContaining('row 15005:') },
    ]);
    expect(tables[1]?.batch.inferenceIds[0]).toBe('p-10000');
  });
});

describe('rows in a Parquet file and in JSON', () => {
  const arbitrary = fc.record({
    n: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0)),
    c: fc.oneof(
      fc.constantFrom('a', 'Zürich', '12', null),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0),
    ),
    b: fc.option(fc.boolean()),
    t: fc.option(
      fc
        .string({ unit: 'binary', maxLength: 20 })
        .filter((each) => !each.includes('\0') && each.isWellFormed()),
    ),
  });
  const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
  /** As text: a literal would be a decimal first, whose cast loses the last bit of some numbers. */
  const bits = (x: number | null): string => (x === null ? 'null' : `'${x}'::double`);

  function profileOf(parts: readonly DecodedRows[], grid: ReturnType<typeof buildGrid>): string {
    const batch = joinBatches(parts.map((part) => part.batch));
    const profile = emptyProfile(grid);
    foldColumns(profile, batch.rowCount, batch.columns);
    return Buffer.from(serializeProfile(profile)).toString('hex');
  }

  it('give the same profile, byte for byte, whatever their types', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(arbitrary, { minLength: 1, maxLength: 30 }), async (drawn) => {
        // A column has one type: categories are texts, or numbers where the first one is.
        const isNumber = typeof drawn[0]?.c === 'number';
        const rows = drawn.map((row) => ({
          ...row,
          c: isNumber === (typeof row.c === 'number') ? row.c : null,
        }));
        const values = rows.map(({ n, c, b, t }) => {
          const category = typeof c === 'number' ? bits(c) : c === null ? 'null' : quoted(c);
          return `(${bits(n)}, ${category}, ${b ?? 'null'}, ${t === null ? 'null' : quoted(t)})`;
        });
        const select = `select n::double as n, c::${isNumber ? 'double' : 'varchar'} as c, b::boolean as b, t::varchar as t from (values ${values.join(', ')}) as r (n, c, b, t)`;
        const reference = decodeRecords(
          rows.map((row) => ({ values: row })),
          'row',
          CONTEXT,
        );
        const grid = buildGrid(reference.batch.columns);
        const decoded = await decode(await parquetOf(select));
        expect(decoded.flatMap(({ rejections }) => rejections.listed)).toEqual([]);
        expect(profileOf(decoded, grid)).toBe(profileOf([reference], grid));
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});

describe('a file that is no Parquet file, or a broken one', () => {
  const good = (): Promise<Buffer> =>
    parquetOf(
      `select i::double as n, 'c' || i as c, i % 2 = 0 as b, 'text ' || i as t from range(5000) r(i)`,
      ', compression uncompressed',
    );
  const damaged = async (from: number, to: number): Promise<Buffer> => {
    const bytes = Buffer.from(await good());
    for (let at = from; at < to; at += 1) bytes[at] = (bytes[at] ?? 0) ^ 0x5a;
    return bytes;
  };
  it.each<[string, () => Promise<Buffer> | Buffer]>([
    ['no bytes', () => Buffer.alloc(0)],
    ['something else', () => Buffer.from('PAR1 no parquet')],
    ['one cut in the middle', async () => (await good()).subarray(0, 1_000)],
    ['one without its last byte', async () => (await good()).subarray(0, -1)],
    ['a good footer over damaged pages', () => damaged(8, 60)],
    [
      'a footer of a length that lies',
      async () => {
        const bytes = Buffer.from(await good());
        bytes.writeUInt32LE(0x7fffffff, bytes.length - 8);
        return bytes;
      },
    ],
    [
      'texts that are not UTF-8',
      async () => {
        const bytes = Buffer.from(await good());
        const at = bytes.indexOf('text 1');
        bytes[at] = 0xff;
        return bytes;
      },
    ],
  ])('of %s is unreadable, and nothing else', async (_, make) => {
    await expect(decode(await make())).rejects.toThrow(UnreadableParquet);
  });

  it('whatever byte is another one: it is read, or unreadable', async () => {
    const bytes = await good();
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ mask;
        await decode(changed).catch((error: unknown) => {
          if (!(error instanceof UnreadableParquet)) throw error;
        });
      }),
      { numRuns: 150 },
    );
  }, 120_000);
});

describe('uploads', () => {
  const bytes = Buffer.alloc(1_000);
  const use = (stream: Readable, space: UploadSpace): Promise<void> =>
    ParquetFile.use(stream, () => Promise.resolve(), space);
  const spaceOf = (changes: object): UploadSpace =>
    new UploadSpace({ maxFiles: 2, maxFileBytes: 2_000, maxBytes: 3_000, ...changes });

  it('beyond the number of files are told to come back, before a byte is read', async () => {
    const space = spaceOf({ maxFiles: 1 });
    let end: () => void = () => undefined;
    const slow = new Readable({
      read() {
        end = () => this.push(null);
      },
    });
    const first = use(slow, space);
    await expect(use(Readable.from([bytes]), space)).rejects.toMatchObject({
      code: 'ingest-overloaded',
      retryAfterSeconds: 5,
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    end();
    await first;
    await use(Readable.from([bytes]), space);
  });

  it.each<[string, object, string]>([
    ['of one file', { maxFileBytes: 1_500 }, 'payload-too-large'],
    ['of all files', { maxFileBytes: 1e6, maxBytes: 1_500 }, 'ingest-overloaded'],
  ])('beyond the bytes %s are refused, and give back what they took', async (_, changes, code) => {
    const space = spaceOf(changes);
    const stream = new Readable({ read: () => void setImmediate(() => stream.push(bytes)) });
    await expect(use(stream, space)).rejects.toMatchObject({ code });
    // Its socket has to carry the answer.
    expect(stream.destroyed).toBe(false);
    stream.destroy();
    await use(Readable.from([bytes]), space);
  });

  it('that end in the middle are refused', async () => {
    const stream = new Readable({
      read() {
        this.destroy(new Error('gone'));
      },
    });
    await expect(use(stream, spaceOf({}))).rejects.toThrow(LeewayError);
  });

  it('leave no file', async () => {
    const own = readdirSync(tmpdir()).filter((name) => name.startsWith('leeway-temp-'));
    const files = own.flatMap((name) => readdirSync(join(tmpdir(), name), { recursive: true }).map(String));
    expect(files.filter((name) => name.includes('upload'))).toEqual([]);
  });
});
