import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { InferenceEvent } from '#payloads';
import { serializeProfile } from '#stats';
import { openTestDatabase, type TestDatabase } from '../../test/database.js';
import { connectRooms, registerVersion, send, sendEvents } from '../../test/rooms.js';
import { ParquetIngest } from './parquet-ingest.js';
import { sampleRank } from './sampling.js';

const COLUMNS = [
  { name: 'x', role: 'feature', type: 'numeric' },
  { name: 'country', role: 'segment', type: 'categorical' },
  { name: 'risk', role: 'prediction', type: 'numeric' },
];

describe('requests and responses that come apart', () => {
  let test: TestDatabase;
  let rooms: ReturnType<typeof connectRooms>;
  /** A second ingest node and a second worker on the same database. */
  let others: ReturnType<typeof connectRooms>;

  beforeAll(async () => {
    test = await openTestDatabase();
    rooms = connectRooms(test.database);
    others = connectRooms(test.database);
  }, 60_000);
  afterAll(() => test.close());

  async function prepare(model: string, capture = { fraction: 1, maxRowsPerWindow: 500 }): Promise<void> {
    await registerVersion(rooms.models, model, 'v1', capture, COLUMNS);
    await rooms.baselines.register(model, 'v1', {
      kind: 'rows',
      rows: Array.from({ length: 100 }, (_, i) => ({
        x: i,
        country: i % 2 === 0 ? 'DE' : 'FR',
        risk: i / 100,
      })),
    });
  }

  function event(
    part: 'request' | 'response',
    call: number,
    rows = 1,
    callScope = 'predictor',
  ): InferenceEvent {
    const value =
      part === 'request'
        ? { instances: Array.from({ length: rows }, (_, row) => [call + row, 'DE']) }
        : { predictions: Array.from({ length: rows }, () => call / 1_000) };
    return {
      part,
      key: `${callScope}/${part}/${call}`,
      callId: `call-${call}`,
      callScope,
      at: rooms.clock.now(),
      body: { format: 'json', value },
    };
  }

  const list = async (model: string) => (await rooms.capturedRows.list(model, 'v1', { limit: 1_000 })).items;
  const waiting = async (): Promise<number> =>
    Number(
      (await test.database.query<{ count: string }>('select count(*) as count from captured_half'))[0]?.count,
    );

  it('fold each half its own columns, in any order, on any node', async () => {
    await prepare('apart');
    for (let call = 0; call < 20; call += 1) {
      const [first, second] =
        call % 2 === 0 ? (['request', 'response'] as const) : (['response', 'request'] as const);
      await sendEvents(rooms, 'apart', 'v1', [event(first, call)]);
      await sendEvents(others, 'apart', 'v1', [event(second, call)]);
    }
    const version = await rooms.models.getVersion('apart', 'v1');
    const windows = await rooms.windows.profiles(version, { from: 0, to: rooms.clock.now() + 60_000 });
    const counts = (segment: string): unknown =>
      windows
        .find((window) => window.segment === segment)
        ?.profile.columns.map(({ count, missingCount }) => [count, missingCount]);
    expect(counts('DE')).toEqual([
      [20, 0],
      [20, 0],
      [0, 0],
    ]);
    expect(counts('unknown')).toEqual([
      [0, 0],
      [0, 0],
      [20, 0],
    ]);
    expect(windows.find(({ segment }) => segment === 'DE')?.profile.rowCount).toBe(20);
    const [summary] = await rooms.windows.counts(version.model.id, {
      from: 0,
      to: rooms.clock.now() + 60_000,
    });
    expect(summary).toMatchObject({ rowCount: 20, receivedCount: 20, rejectedCount: 0 });
  });

  it('are paired once however many workers pair, with the time of the request', async () => {
    await prepare('paired');
    for (let call = 0; call < 30; call += 1)
      await sendEvents(rooms, 'paired', 'v1', [event('response', call)]);
    await Promise.all([rooms.pairing.run(), others.pairing.run()]);
    expect(await list('paired')).toEqual([]);
    const requestedAt = rooms.clock.now();
    for (let call = 0; call < 30; call += 1)
      await sendEvents(others, 'paired', 'v1', [event('request', call)]);
    await Promise.all([rooms.pairing.run(), others.pairing.run(), rooms.pairing.run()]);
    const rows = await list('paired');
    expect(rows).toHaveLength(30);
    expect(rows.find(({ inferenceId }) => inferenceId === 'call-7')).toMatchObject({
      timestamp: new Date(requestedAt).toISOString(),
      values: { x: 7, country: 'DE', risk: 0.007 },
    });
  });

  it('are paired row by row when a call has several', async () => {
    await prepare('batched');
    await sendEvents(rooms, 'batched', 'v1', [event('request', 1, 3), event('response', 1, 3)]);
    await rooms.pairing.run();
    expect(
      (await list('batched')).map(({ inferenceId, values }) => [inferenceId, values['x']]).sort(),
    ).toEqual([
      ['call-1-item-0', 1],
      ['call-1-item-1', 2],
      ['call-1-item-2', 3],
    ]);
  });

  it('are paired within the component that logged them, where several log a call under one id', async () => {
    await prepare('components');
    // In one batch, and in an order in which the first request is not of the first response's component.
    await sendEvents(rooms, 'components', 'v1', [
      { ...event('request', 1, 1, 'transformer'), callId: 'shared' },
      { ...event('response', 2), callId: 'shared' },
      { ...event('request', 2), callId: 'shared' },
      { ...event('response', 1, 1, 'transformer'), callId: 'shared' },
      { ...event('request', 3, 1, 'explainer'), callId: 'shared' },
    ]);
    await rooms.pairing.run();
    expect((await list('components')).map(({ values }) => [values['x'], values['risk']]).sort()).toEqual([
      [1, 0.001],
      [2, 0.002],
    ]);
    expect(await waiting()).toBe(1);
    await test.database.query('delete from captured_half');
  });

  it('stay as rows of their own part when the other half does not come in time', async () => {
    await prepare('orphan');
    await sendEvents(rooms, 'orphan', 'v1', [event('request', 5)]);
    const before = await waiting();
    await rooms.pairing.run();
    expect(await waiting()).toBe(before);
    await test.database.query(`update captured_half set arrived_at = arrived_at - interval '11 minutes'`);
    await Promise.all([rooms.pairing.run(), others.pairing.run()]);
    expect(await waiting()).toBe(0);
    expect((await list('orphan')).map(({ values }) => values)).toEqual([{ x: 5, country: 'DE' }]);
    expect(await rooms.registry.metrics()).toMatch(
      /leeway_ingest_unpaired_halves_total\{part="request"\} [01]/,
    );
  });

  it('count an event once, however often it is delivered, and a request and its response with one id as two', async () => {
    await prepare('repeated');
    for (let time = 0; time < 3; time += 1)
      await Promise.all([
        sendEvents(rooms, 'repeated', 'v1', [event('request', 1)]),
        sendEvents(others, 'repeated', 'v1', [event('response', 1)]),
      ]);
    await rooms.pairing.run();
    expect(await list('repeated')).toHaveLength(1);
    const { model } = await rooms.models.getVersion('repeated', 'v1');
    const counts = await rooms.windows.counts(model.id, { from: 0, to: rooms.clock.now() + 60_000 });
    expect(counts[0]).toMatchObject({
      rowCount: 1,
      tallies: { duplicate: 4, 'request-half': 1, 'response-half': 1 },
    });
  });

  it('are paired in one pass beside an id that comes ever again', async () => {
    await prepare('one-id', { fraction: 1, maxRowsPerWindow: 1_000 });
    const half = (part: 'request' | 'response', ids: readonly string[]) =>
      send(rooms, 'one-id', 'v1', {
        part,
        rows: ids.map((inferenceId) => ({
          inferenceId,
          values: part === 'request' ? { x: 1, country: 'DE' } : { risk: 1 },
        })),
      });
    for (const part of ['request', 'response'] as const) {
      for (let each = 0; each < 75; each += 1) await half(part, ['0']);
      await half(
        part,
        Array.from({ length: 50 }, (_, i) => `good-${i}`),
      );
    }
    expect(await waiting()).toBe(250);
    await rooms.pairing.run();
    expect(await waiting()).toBe(0);
    const rows = await list('one-id');
    expect(rows).toHaveLength(125);
    expect(rows.filter(({ inferenceId }) => inferenceId.startsWith('good-'))).toHaveLength(50);
  });

  it('keep the captured rows of a window below its bound', async () => {
    await prepare('bounded', { fraction: 1, maxRowsPerWindow: 10 });
    for (let call = 0; call < 60; call += 1)
      await sendEvents(rooms, 'bounded', 'v1', [event('request', call), event('response', call)]);
    await rooms.pairing.run();
    const ranks = (await list('bounded')).map(({ inferenceId }) => sampleRank(inferenceId));
    expect(ranks.length).toBeLessThanOrEqual(10);
    expect(ranks.length).toBeGreaterThan(5);
    const all = Array.from({ length: 60 }, (_, call) => sampleRank(`call-${call}`)).sort((a, b) => a - b);
    expect(Math.max(...ranks)).toBeLessThanOrEqual(all[10] ?? 0);
  });

  it('are enough to compare predictions where a logger sends responses only', async () => {
    await prepare('responses');
    const calls = Array.from({ length: 60 }, (_, call) => event('response', call * 16));
    await sendEvents(rooms, 'responses', 'v1', calls);
    const from = Math.floor(rooms.clock.now() / 60_000) * 60_000;
    const result = await rooms.drift.evaluate('responses', 'v1', {
      from: new Date(from).toISOString(),
      to: new Date(from + 60_000).toISOString(),
      reference: 'baseline',
      columns: ['risk'],
      thresholds: {},
    });
    expect(result).toMatchObject({
      rowCount: 60,
      receivedCount: 60,
      reason: expect.not.stringContaining('no-rows'),
    });
    expect(result.columns[0]).toMatchObject({ column: 'risk', windowCount: 60, missingShare: 0 });
  });

  it('say which event of a batch cannot be read, and count the others', async () => {
    await prepare('batch');
    const broken: InferenceEvent = { ...event('request', 2), body: { format: 'json', value: { hello: 1 } } };
    const { receipts, failures } = await sendEvents(rooms, 'batch', 'v1', [event('request', 1), broken]);
    expect(receipts).toMatchObject([{ status: 'accepted', acceptedCount: 1 }]);
    expect(failures).toEqual([{ event: 1, detail: expect.stringContaining('"hello"') }]);
    await expect(sendEvents(rooms, 'batch', 'v1', [broken])).rejects.toMatchObject({
      code: 'invalid-body',
    });
  });
});

describe('segments of several columns', () => {
  let test: TestDatabase;
  let rooms: ReturnType<typeof connectRooms>;

  beforeAll(async () => {
    test = await openTestDatabase();
    rooms = connectRooms(test.database);
  }, 60_000);
  afterAll(() => test.close());

  it('are the combinations that the baseline knows; others are counted together, so that a client invents no windows', async () => {
    const columns = [
      { name: 'x', role: 'feature', type: 'numeric' },
      { name: 'country', role: 'segment', type: 'categorical' },
      { name: 'device', role: 'segment', type: 'categorical' },
    ];
    await registerVersion(rooms.models, 'cut', 'v1', { fraction: 0, maxRowsPerWindow: 0 }, columns);
    const baseline = [
      { x: 1, country: 'DE', device: 'a|b' },
      { x: 2, country: 'FR', device: null },
    ];
    await rooms.baselines.register('cut', 'v1', { kind: 'rows', rows: baseline });
    const values = [
      ...baseline,
      { x: 3, country: 'DE', device: null },
      ...Array.from({ length: 150 }, (_, i) => ({ x: i, country: `c${i}`, device: 'd' })),
    ];
    await send(rooms, 'cut', 'v1', { rows: values.map((each) => ({ values: each })) });
    const version = await rooms.models.getVersion('cut', 'v1');
    const windows = await rooms.windows.profiles(version, { from: 0, to: rooms.clock.now() + 60_000 });
    const counts = Object.fromEntries(windows.map(({ segment, profile }) => [segment, profile.rowCount]));
    expect(counts).toEqual({ 'DE|a\\|b': 1, 'FR|missing': 1, other: 151 });
  });
});

describe('a Parquet file', () => {
  let test: TestDatabase;
  let rooms: ReturnType<typeof connectRooms>;

  beforeAll(async () => {
    test = await openTestDatabase();
    rooms = connectRooms(test.database);
  }, 60_000);
  afterAll(() => test.close());

  it('gives the same profile as its rows in JSON, byte for byte, with the same refusals', async () => {
    const columns = [
      { name: 'x', role: 'feature', type: 'numeric' },
      { name: 'c', role: 'feature', type: 'categorical' },
      { name: 'b', role: 'feature', type: 'boolean' },
      { name: 't', role: 'feature', type: 'text' },
    ];
    const rows = Array.from({ length: 3_000 }, (_, i) => ({
      x: i % 7 === 0 ? null : Math.sin(i) * 1e3,
      c: i % 11 === 0 ? null : `c${i % 13}`,
      b: i % 5 === 0 ? null : i % 2 === 0,
      t: i % 3 === 0 ? null : `text ${i % 17}`,
    }));
    const profiles: string[] = [];
    for (const model of ['json', 'parquet']) {
      await registerVersion(rooms.models, model, 'v1', { fraction: 0, maxRowsPerWindow: 0 }, columns);
      await rooms.baselines.register(model, 'v1', { kind: 'rows', rows });
    }
    await send(rooms, 'json', 'v1', { rows: rows.map((values) => ({ values })) });
    const lines = rows.map((row) => JSON.stringify(row)).join('\n');
    const receipt = await new ParquetIngest(rooms.ingest).accept('parquet', 'v1', {
      stream: Readable.from(await parquetOf(lines)),
      payloadId: undefined,
      part: undefined,
    });
    expect(receipt).toMatchObject({ receivedCount: 3_000, acceptedCount: 3_000, ignoredColumns: [] });
    for (const model of ['json', 'parquet']) {
      const version = await rooms.models.getVersion(model, 'v1');
      const [window] = await rooms.windows.profiles(version, { from: 0, to: rooms.clock.now() + 60_000 });
      if (window !== undefined) profiles.push(Buffer.from(serializeProfile(window.profile)).toString('hex'));
    }
    expect(profiles[1]).toBe(profiles[0]);
    expect(profiles).toHaveLength(2);
  });
});

/** NDJSON as a Parquet file. */
async function parquetOf(lines: string): Promise<Buffer[]> {
  const folder = mkdtempSync(join(tmpdir(), 'leeway-test-'));
  const [source, target] = [join(folder, 'rows.ndjson'), join(folder, 'rows.parquet')];
  writeFileSync(source, lines);
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run(`copy (select * from read_json_auto('${source}')) to '${target}' (format parquet)`);
  connection.closeSync();
  const bytes = readFileSync(target);
  rmSync(folder, { recursive: true });
  return [bytes];
}

describe('sampling', () => {
  let test: TestDatabase;
  let rooms: ReturnType<typeof connectRooms>;

  beforeAll(async () => {
    test = await openTestDatabase();
    rooms = connectRooms(test.database);
  }, 60_000);
  afterAll(() => test.close());

  async function prepare(model: string, sampling: object): Promise<void> {
    await registerVersion(
      rooms.models,
      model,
      'v1',
      { fraction: 1, maxRowsPerWindow: 1_000 },
      COLUMNS.slice(0, 1),
    );
    const { id, createdAt, grainMs, ...spec } = await rooms.models.get(model);
    expect([id, createdAt, grainMs]).toHaveLength(3);
    await rooms.models.put({ ...spec, sampling: { fraction: 1, ...sampling } });
  }
  const rows = (from: number, count: number): object[] =>
    Array.from({ length: count }, (_, i) => ({ inferenceId: `id-${from + i}`, values: { x: i } }));
  const countsOf = async (model: string) => {
    const { model: known } = await rooms.models.getVersion(model, 'v1');
    const all = await rooms.windows.counts(known.id, { from: 0, to: rooms.clock.now() + 3_600_000 });
    return {
      rowCount: all.reduce((sum, window) => sum + window.rowCount, 0),
      receivedCount: all.reduce((sum, window) => sum + window.receivedCount, 0),
    };
  };

  it('counts the rows whose hash is below the fraction, and how many arrived', async () => {
    await prepare('half', { fraction: 0.5 });
    const receipt = await send(rooms, 'half', 'v1', { rows: rows(0, 2_000) });
    const expected = Array.from({ length: 2_000 }, (_, i) => sampleRank(`id-${i}`)).filter(
      (rank) => rank < 0.5,
    ).length;
    expect(receipt).toMatchObject({ acceptedCount: 2_000, sampledOutCount: 2_000 - expected });
    expect(await countsOf('half')).toEqual({ rowCount: expected, receivedCount: 2_000 });
    expect(expected).toBeGreaterThan(900);
    expect(expected).toBeLessThan(1_100);
  });

  it('says how many inferences arrived where a logger sends responses only, or requests only', async () => {
    const model = 'halves-sampled';
    await registerVersion(rooms.models, model, 'v1', { fraction: 0, maxRowsPerWindow: 0 }, COLUMNS);
    const { id, createdAt, grainMs, ...spec } = await rooms.models.get(model);
    expect([id, createdAt, grainMs]).toHaveLength(3);
    await rooms.models.put({ ...spec, sampling: { fraction: 0.5 } });
    const sendHalves = (part: 'request' | 'response') =>
      sendEvents(
        rooms,
        model,
        'v1',
        Array.from({ length: 100 }, (_, call): InferenceEvent => ({
          part,
          key: `${part}-${call}`,
          callId: `call-${call}`,
          callScope: '',
          at: rooms.clock.now(),
          body: {
            format: 'json',
            value: part === 'request' ? { instances: [[1, 'DE']] } : { predictions: [1] },
          },
        })),
      );
    await sendHalves('response');
    const responses = await countsOf(model);
    expect(responses.receivedCount).toBe(100);
    expect(responses.rowCount).toBeGreaterThan(30);
    expect(responses.rowCount).toBeLessThan(70);
    await sendHalves('request');
    expect(await countsOf(model)).toEqual(responses);
  });

  it('takes nothing at 0, and says so', async () => {
    await prepare('none', { fraction: 0 });
    await send(rooms, 'none', 'v1', { rows: rows(0, 10) });
    expect(await countsOf('none')).toEqual({ rowCount: 0, receivedCount: 10 });
  });

  it('lowers the fraction while more rows arrive than the ceiling, and raises it again', async () => {
    await prepare('ceiling', { maxRowsPerSecond: 100 });
    for (let payload = 0; payload < 40; payload += 1) {
      await send(rooms, 'ceiling', 'v1', { rows: rows(payload * 100, 100) });
      rooms.clock.advance(100);
    }
    const busy = await countsOf('ceiling');
    expect(busy.receivedCount).toBe(4_000);
    // 4 s at 1,000 rows a second: at most the ceiling, and at least half of it, since steps are of two.
    expect(busy.rowCount).toBeLessThan(4 * 100 * 2.2);
    expect(busy.rowCount).toBeGreaterThan(4 * 100 * 0.4);
    rooms.clock.advance(5_000);
    const receipt = await send(rooms, 'ceiling', 'v1', { rows: rows(10_000, 50) });
    expect(receipt.sampledOutCount).toBe(0);
  });
});
