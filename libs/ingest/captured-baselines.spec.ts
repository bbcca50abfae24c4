import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { toRfc3339 } from '#platform';
import { modelSchema, versionSchema } from '#registry';
import { openTestDatabase, type TestDatabase } from '../../test/database.js';
import { connectRooms, evenRows, registerVersion, send } from '../../test/rooms.js';

const MINUTE = 60_000;
const COLUMNS = [
  { name: 'x', role: 'feature', type: 'numeric' },
  { name: 'c', role: 'feature', type: 'categorical' },
  { name: 'b', role: 'feature', type: 'boolean' },
  { name: 't', role: 'feature', type: 'text' },
  { name: 'secret', role: 'feature', type: 'categorical' },
];
const ALL = { fraction: 1, maxRowsPerWindow: 100_000 };

describe('baselines of captured rows', () => {
  let test: TestDatabase;
  let rooms: ReturnType<typeof connectRooms>;
  beforeAll(async () => {
    test = await openTestDatabase();
    rooms = connectRooms(test.database);
  }, 60_000);
  afterAll(() => test.close());

  const rows = (count: number, text = 'some words') =>
    evenRows(count).map((row, index) => ({ ...row, b: index % 2 === 0, t: text, secret: 's' }));
  async function capture(model: string, values: readonly object[], version = 'v1'): Promise<number> {
    const at = rooms.clock.now();
    const timestamp = toRfc3339(at);
    await send(rooms, model, version, { rows: values.map((each) => ({ timestamp, values: each })) });
    return at;
  }
  const minute = (from: number) => ({ from, to: from + MINUTE });
  async function baselineCount(): Promise<number> {
    const [row] = await test.database.query<{ count: string }>('select count(*) as count from baseline');
    return Number(row?.count);
  }

  it('are those of the same rows as training data, without what is not captured', async () => {
    await registerVersion(rooms.models, 'whole', 'v1', ALL, COLUMNS);
    const at = await capture('whole', rows(3_000));
    const made = await rooms.capturedBaselines.register('whole', 'v1', { range: minute(at) });
    expect(made).toMatchObject({
      ...{ source: 'captured-rows', rowCount: 3_000, status: 'current', leftOutColumns: ['secret'] },
    });
    const columns = COLUMNS.filter(({ name }) => name !== 'secret');
    await registerVersion(rooms.models, 'whole', 'direct', ALL, columns);
    const direct = await rooms.baselines.register('whole', 'direct', { kind: 'rows', rows: rows(3_000) });
    expect(made.columns.map(({ name }) => name)).toEqual(['x', 'c', 'b', 't']);
    expect(made.gridHash).toBe(direct.gridHash);
  });

  it('are without texts that capturing has cut, and without halves', async () => {
    await registerVersion(rooms.models, 'cut', 'v1', ALL, COLUMNS);
    const at = await capture('cut', [...rows(10), ...rows(1, 'long '.repeat(1_000))]);
    const half = { inferenceId: 'half', timestamp: toRfc3339(at), values: { x: 1 } };
    await send(rooms, 'cut', 'v1', { rows: [half] }, 'request');
    const made = await rooms.capturedBaselines.register('cut', 'v1', { range: minute(at) });
    expect(made).toMatchObject({ rowCount: 11, leftOutColumns: ['t', 'secret'] });
  });

  it('are refused where nothing was captured, with the reason', async () => {
    await registerVersion(rooms.models, 'none', 'v1', { fraction: 0, maxRowsPerWindow: 10 }, COLUMNS);
    const at = await capture('none', rows(10));
    const before = await baselineCount();
    await expect(rooms.capturedBaselines.register('none', 'v1', { range: minute(at) })).rejects.toMatchObject(
      {
        code: 'baseline-empty',
        message: expect.stringContaining('its capture is switched off') as unknown,
      },
    );
    expect(await baselineCount()).toBe(before);
  });

  it('may be of another version of the model, if its columns are the same', async () => {
    await registerVersion(rooms.models, 'versions', 'v1', ALL, COLUMNS);
    await registerVersion(rooms.models, 'versions', 'v2', ALL, COLUMNS);
    const other = COLUMNS.map((column) =>
      column.name === 'x' ? { ...column, type: 'categorical' } : column,
    );
    await registerVersion(rooms.models, 'versions', 'v3', ALL, other);
    const at = await capture('versions', rows(50));
    const from = { version: 'v1', range: minute(at) };
    expect(await rooms.capturedBaselines.register('versions', 'v2', from)).toMatchObject({ rowCount: 50 });
    await expect(rooms.capturedBaselines.register('versions', 'v3', from)).rejects.toMatchObject({
      code: 'baseline-columns-differ',
      message: expect.stringContaining('"x" is numeric in "v1" and categorical in "v3"') as unknown,
    });
  });

  describe('of the first rows of production', () => {
    const never = (model: string, error: unknown): never => {
      throw new Error(model, { cause: error });
    };
    async function start(name: string, minRows: number): Promise<void> {
      await rooms.models.put(
        modelSchema.parse({ name, grain: '1m', capture: ALL, baselineFromFirst: { span: '3m', minRows } }),
      );
      await rooms.models.putVersion(name, versionSchema.parse({ name: 'v1', columns: COLUMNS }));
    }
    const reasonOf = async (name: string): Promise<string> =>
      (await rooms.firstBaselines.status(name, 'v1')).reason;

    it('are made once, when the span is over and the rows suffice, and say what they wait for', async () => {
      await start('first', 100);
      expect(await reasonOf('first')).toBe('no-rows');
      const at = await capture('first', rows(60));
      rooms.clock.advance(MINUTE);
      await capture('first', rows(50));
      expect(await rooms.firstBaselines.status('first', 'v1')).toEqual({
        ...{ model: 'first', version: 'v1', reason: 'span-not-over', rowCount: 60, minRows: 100 },
        ...{ firstRowAt: toRfc3339(at), dueAt: toRfc3339(at + 3 * MINUTE) },
      });
      await rooms.firstBaselines.run(never);
      expect((await rooms.baselines.list('first', 'v1', { limit: 5 })).items).toEqual([]);
      rooms.clock.advance(3 * MINUTE);
      expect(await reasonOf('first')).toBe('due');
      await Promise.all([rooms.firstBaselines.run(never), rooms.firstBaselines.run(never)]);
      expect((await rooms.baselines.list('first', 'v1', { limit: 5 })).items).toMatchObject([
        { source: 'captured-rows', rowCount: 110, status: 'current', effectiveFrom: null },
      ]);
      expect(await reasonOf('first')).toBe('has-baseline');
    });

    it('take longer where rows are few', async () => {
      await start('few', 100);
      await capture('few', rows(60));
      rooms.clock.advance(5 * MINUTE);
      expect(await reasonOf('few')).toBe('too-few-rows');
      await capture('few', rows(60));
      rooms.clock.advance(MINUTE);
      await rooms.firstBaselines.run(never);
      expect((await rooms.baselines.list('few', 'v1', { limit: 5 })).items).toMatchObject([
        { rowCount: 120 },
      ]);
    });

    it('are not made of models that do not ask for it', async () => {
      await registerVersion(rooms.models, 'unasked', 'v1', ALL, COLUMNS);
      await capture('unasked', rows(60));
      rooms.clock.advance(10 * MINUTE);
      await rooms.firstBaselines.run(never);
      expect(await reasonOf('unasked')).toBe('not-configured');
    });
  });

  it('can be promoted away, and a span is then judged by the one that counts', async () => {
    await registerVersion(rooms.models, 'swapped', 'v1', ALL, COLUMNS);
    const plain = rows(2_000).map(({ secret: _, ...row }) => ({ ...row, secret: 's' }));
    const first = await rooms.baselines.register('swapped', 'v1', { kind: 'rows', rows: plain });
    const second = await rooms.baselines.register(
      'swapped',
      'v1',
      { kind: 'rows', rows: plain.map((row) => ({ ...row, x: row.x + 5 })) },
      { importances: { x: 1, c: 0, b: 0, t: 0, secret: 0 } },
    );
    const judge = async () => {
      rooms.clock.advance(2 * MINUTE);
      await new Promise((resolve) => setTimeout(resolve, 0));
      const at = await capture('swapped', plain);
      const { baselineId, verdict, driftedShare } = await rooms.drift.evaluate('swapped', 'v1', {
        ...{ from: toRfc3339(at), to: toRfc3339(at + MINUTE), reference: 'baseline' },
      } as never);
      return { baselineId, verdict, driftedShare };
    };
    expect(await judge()).toEqual({ baselineId: second.id, verdict: 'drifted', driftedShare: 1 });
    await rooms.baselines.promote(first.id);
    expect(await judge()).toEqual({ baselineId: first.id, verdict: 'ok', driftedShare: 0 });
    await rooms.baselines.promote(second.id);
    expect((await judge()).baselineId).toBe(second.id);
  });
});
