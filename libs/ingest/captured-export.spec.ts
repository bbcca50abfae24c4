import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ParquetFile, toRfc3339 } from '#platform';
import { openTestDatabase, type TestDatabase } from '../../test/database.js';
import { connectRooms, registerVersion, send, START } from '../../test/rooms.js';
import type { ExportFormat } from './captured-export.js';

const DAY = 86_400_000;
const COLUMNS = [
  { name: 'x', role: 'feature', type: 'numeric' },
  { name: 'c', role: 'feature', type: 'categorical' },
  { name: 'flag', role: 'feature', type: 'boolean' },
  { name: 't', role: 'feature', type: 'text' },
  { name: 'y', role: 'prediction', type: 'numeric' },
  { name: 'late', role: 'groundTruth', type: 'categorical' },
];

describe('the export of captured rows', () => {
  let test: TestDatabase;
  let rooms: ReturnType<typeof connectRooms>;
  beforeAll(async () => {
    test = await openTestDatabase();
    rooms = connectRooms(test.database);
  }, 60_000);
  afterAll(() => test.close());

  const values = (i: number) => ({
    x: i % 7 === 0 ? null : i / 3,
    c: i % 5 === 0 ? null : ['a', 'b "quoted"', 'ü,\n'][i % 3],
    flag: i % 4 === 0 ? null : i % 2 === 0,
    t: `text ${i}`,
    y: i,
    late: i % 2 === 0 ? 'yes' : null,
  });
  const everything = { fraction: 1, maxRowsPerWindow: 100_000 };

  /** Registers a model with `count` rows over the windows of three days. */
  async function prepare(model: string, count: number, columns: readonly object[] = COLUMNS): Promise<void> {
    await registerVersion(rooms.models, model, 'v1', everything, columns);
    await registerVersion(rooms.models, `${model}-other`, 'v1', everything, columns);
    for (const name of [model, `${model}-other`])
      await send(rooms, name, 'v1', { payloadId: 'p', rows: rowsOf(name, count) });
  }
  const rowsOf = (prefix: string, count: number, make: (i: number) => object = values) =>
    Array.from({ length: count }, (_, i) => ({
      inferenceId: `${prefix}-${i}`,
      timestamp: toRfc3339(START - (i % 40) * (DAY / 20)),
      values: make(i),
    }));

  async function exported(
    model: string,
    format: ExportFormat,
    range: { from?: number; to?: number } = {},
  ): Promise<Buffer> {
    return readAll(await rooms.capturedExport.open(model, 'v1', { format, ...range }, never));
  }
  async function readAll(bytes: AsyncIterable<string | Buffer>): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of bytes) pieces.push(Buffer.from(piece));
    return Buffer.concat(pieces);
  }
  const never = new AbortController().signal;
  interface Line {
    inferenceId: string;
    timestamp: string;
    values: Record<string, unknown>;
  }
  const linesOf = (bytes: Buffer): Line[] =>
    bytes
      .toString('utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Line);
  const parquetOf = (bytes: Buffer): Promise<{ columns: object[]; rows: unknown[][] }> =>
    ParquetFile.use(Readable.from([bytes]), async (file) => {
      const columns = await file.columns();
      const rows: unknown[][] = [];
      for await (const chunk of file.chunks(['*'])) rows.push(...chunk.getRows());
      return { columns, rows };
    });
  const compare = (a: string, b: string): number => (a < b ? -1 : 1);

  it('holds every row of the version, and no other, as it was sent', async () => {
    await prepare('whole', 2_500);
    const sent = rowsOf('whole', 2_500).toSorted((a, b) => compare(a.inferenceId, b.inferenceId));
    const lines = linesOf(await exported('whole', 'ndjson'));
    expect(lines.toSorted((a, b) => compare(a.inferenceId, b.inferenceId))).toEqual(sent);
    const { columns, rows } = await parquetOf(await exported('whole', 'parquet'));
    expect(columns).toEqual([
      { name: 'inference_id', type: 'VARCHAR' },
      { name: 'timestamp', type: 'TIMESTAMP WITH TIME ZONE' },
      { name: 'x', type: 'DOUBLE' },
      { name: 'c', type: 'VARCHAR' },
      { name: 'flag', type: 'BOOLEAN' },
      { name: 't', type: 'VARCHAR' },
      { name: 'y', type: 'DOUBLE' },
      { name: 'late', type: 'VARCHAR' },
    ]);
    const asLines = rows.map(([inferenceId, at, ...cells]) => ({
      inferenceId,
      timestamp: toRfc3339(Number((at as { micros: bigint }).micros / 1_000n)),
      values: Object.fromEntries(COLUMNS.map(({ name }, index) => [name, cells[index]])),
    }));
    expect(asLines).toEqual(lines);
  });

  it('takes the rows whose windows start in the range', async () => {
    await prepare('range', 400);
    const range = { from: START - DAY, to: START };
    const lines = linesOf(await exported('range', 'ndjson', range));
    expect(lines.map(({ inferenceId }) => inferenceId).sort()).toEqual(
      rowsOf('range', 400)
        .filter(({ timestamp }) => Date.parse(timestamp) >= range.from && Date.parse(timestamp) < range.to)
        .map(({ inferenceId }) => inferenceId)
        .sort(),
    );
    expect((await parquetOf(await exported('range', 'parquet', range))).rows).toHaveLength(lines.length);
  });

  it('becomes the baseline of another version, the same from either format', async () => {
    await prepare('again', 1_000);
    const baselines = [];
    for (const format of ['ndjson', 'parquet'] as const) {
      await registerVersion(rooms.models, 'again', format, everything, COLUMNS);
      const stream = Readable.from([await exported('again', format)]);
      baselines.push(await rooms.baselines.register('again', format, { kind: format, stream }));
    }
    const [lines, parquet] = baselines;
    expect(lines).toMatchObject({ rowCount: 1_000 });
    expect(
      lines?.columns.map(({ name, count, missingCount, invalidCount }) => [
        name,
        count,
        missingCount,
        invalidCount,
      ]),
    ).toEqual(
      COLUMNS.map(({ name }) => {
        const missing = rowsOf('', 1_000).filter(({ values }) => values[name as never] === null).length;
        return [name, 1_000 - missing, missing, 0];
      }),
    );
    expect(parquet?.columns).toEqual(lines?.columns);
    expect(parquet?.gridHash).toBe(lines?.gridHash);
  });

  it('is a file with columns and no rows where nothing was captured', async () => {
    await registerVersion(rooms.models, 'empty', 'v1', everything, COLUMNS);
    expect(await exported('empty', 'ndjson')).toHaveLength(0);
    expect((await parquetOf(await exported('empty', 'parquet'))).columns).toHaveLength(COLUMNS.length + 2);
  });

  it('leaves redacted columns out, also of rows that were captured before', async () => {
    await prepare('redacted', 10);
    const { id: _id, grainMs: _grain, createdAt: _at, ...spec } = await rooms.models.get('redacted');
    await rooms.models.put({ ...spec, capture: { ...spec.capture, redactedColumns: ['t', 'late'] } });
    const kept = ['x', 'c', 'flag', 'y'];
    for (const { values } of linesOf(await exported('redacted', 'ndjson')))
      expect(Object.keys(values)).toEqual(kept);
    const { columns } = await parquetOf(await exported('redacted', 'parquet'));
    expect(columns).toMatchObject(['inference_id', 'timestamp', ...kept].map((name) => ({ name })));
  });

  it('gives a half of an inference null for what it lacks', async () => {
    await registerVersion(rooms.models, 'halved', 'v1', everything, COLUMNS);
    const { y: _y, late: _late, ...request } = values(1);
    await send(rooms, 'halved', 'v1', { rows: [{ inferenceId: 'half', values: request }] }, 'request');
    await test.database.query(`update captured_half set arrived_at = arrived_at - interval '1 hour'`);
    await rooms.pairing.run();
    expect(linesOf(await exported('halved', 'ndjson'))).toMatchObject([
      { inferenceId: 'half', values: { ...request, y: null, late: null } },
    ]);
  });

  describe('names in Parquet', () => {
    const named = async (model: string, names: readonly string[], redactedColumns: string[] = []) => {
      const columns = names.map((name) => ({ name, role: 'feature', type: 'numeric' }));
      await prepare(
        model,
        1,
        columns.map((column) => ({ ...column, role: 'groundTruth' })),
      );
      const { id: _id, grainMs: _grain, createdAt: _at, ...spec } = await rooms.models.get(model);
      await rooms.models.put({ ...spec, capture: { ...spec.capture, redactedColumns } });
      return (await parquetOf(await exported(model, 'parquet'))).columns.map(
        (column) => (column as { name: string }).name,
      );
    };

    it.each<[string, string[], string[], string[]]>([
      [
        'a column called timestamp keeps its name',
        ['timestamp'],
        [],
        ['inference_id', 'leeway_timestamp', 'timestamp'],
      ],
      ['in any case', ['Inference_ID'], [], ['leeway_inference_id', 'timestamp', 'Inference_ID']],
      [
        'however far it goes',
        ['timestamp', 'leeway_timestamp'],
        [],
        ['inference_id', 'leeway_leeway_timestamp', 'timestamp', 'leeway_timestamp'],
      ],
      [
        'a redacted one keeps it too',
        ['x', 'timestamp'],
        ['timestamp'],
        ['inference_id', 'leeway_timestamp', 'x'],
      ],
      [
        'quotes are nothing special',
        [`a"b'c`, 'select'],
        [],
        ['inference_id', 'timestamp', `a"b'c`, 'select'],
      ],
    ])('%s', async (name, names, redacted, expected) => {
      expect(await named(`named-${name.replaceAll(' ', '-')}`, names, redacted)).toEqual(expected);
    });

    it('that differ only in case are refused, since readers do not tell them apart; NDJSON has them', async () => {
      await expect(named('cased', ['Age', 'age'])).rejects.toMatchObject({
        code: 'invalid-query',
        message: expect.stringMatching(/"Age" and "age".*format=ndjson/) as unknown,
      });
      expect(Object.keys(linesOf(await exported('cased', 'ndjson'))[0]?.values ?? {})).toEqual([
        'Age',
        'age',
      ]);
    });
  });

  it('holds each row that was there once, whatever is captured and deleted meanwhile', async () => {
    await prepare('moving', 3_000);
    const lines: Line[] = [];
    const bytes = await rooms.capturedExport.open('moving', 'v1', { format: 'ndjson' }, never);
    let round = 0;
    for await (const piece of bytes) {
      lines.push(...linesOf(Buffer.from(piece)));
      // Some in windows that were exported already, some in windows that are still to come.
      const rows = rowsOf(`new-${round}`, 200);
      await send(rooms, 'moving', 'v1', { payloadId: `round-${round}`, rows });
      rooms.clock.advance(60_000);
      await rooms.compaction.run();
      round += 1;
    }
    expect(round).toBeGreaterThan(3);
    const ids = lines.map(({ inferenceId }) => inferenceId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => id.startsWith('moving-'))).toHaveLength(3_000);
  });

  it.each(['ndjson', 'parquet'] as const)(
    'fails as %s when the version goes away meanwhile, and does not just end',
    async (format) => {
      await prepare(`gone-${format}`, 2_500);
      const bytes = await rooms.capturedExport.open(`gone-${format}`, 'v1', { format }, never);
      if (format === 'ndjson') await bytes.next();
      const version = await rooms.models.getVersion(`gone-${format}`, 'v1');
      await test.database.query('delete from captured_row where version_id = $1', [version.id]);
      await test.database.query('delete from version where id = $1', [version.id]);
      await expect(readAll(bytes)).rejects.toMatchObject({ code: 'not-found' });
    },
  );

  it.each(['ndjson', 'parquet'] as const)('stops as %s when nobody wants it any more', async (format) => {
    await prepare(`unwanted-${format}`, 10);
    const controller = new AbortController();
    const bytes = await rooms.capturedExport.open(`unwanted-${format}`, 'v1', { format }, controller.signal);
    controller.abort();
    await expect(bytes.next()).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('run four at once; a fifth is told to come back, and comes when one has ended or is not wanted any more', async () => {
    await prepare('busy', 10);
    const open = (signal: AbortSignal) =>
      rooms.capturedExport.open('busy', 'v1', { format: 'ndjson' }, signal);
    const controllers = Array.from({ length: 4 }, () => new AbortController());
    const [first, second] = await Promise.all(controllers.map(({ signal }) => open(signal)));
    await expect(open(never)).rejects.toMatchObject({ code: 'exports-busy', retryAfterSeconds: 5 });
    await readAll(first as AsyncIterable<string>);
    const next = await open(never);
    // Read and then closed, as every answer is: its slot is given back once.
    controllers[0]?.abort();
    await expect(open(never)).rejects.toMatchObject({ code: 'exports-busy' });
    await second?.next();
    await second?.return(undefined);
    controllers[2]?.abort();
    const others = [await open(never), await open(never)];
    await expect(open(never)).rejects.toMatchObject({ code: 'exports-busy' });
    controllers[3]?.abort();
    for (const each of [next, ...others]) await readAll(each);
  });
});
