import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openTestDatabase, type TestDatabase } from '../../test/database.js';
import { connectRooms, evenRows, registerVersion, send, START } from '../../test/rooms.js';
import { NO_BASELINE_GRID, type Baseline } from '#registry';
import type { Reference } from '#stats';

const MINUTE = 60_000;
const NO_CAPTURE = { fraction: 0, maxRowsPerWindow: 0 };

describe('a new baseline', () => {
  let test: TestDatabase;
  let rooms: ReturnType<typeof connectRooms>;
  beforeAll(async () => {
    test = await openTestDatabase();
    rooms = connectRooms(test.database);
  }, 60_000);
  afterAll(() => test.close());

  const register = (model: string, shift = 0): Promise<Baseline> =>
    rooms.baselines.register(model, 'v1', { kind: 'rows', rows: evenRows(2_000, shift) });
  const sendAt = (model: string, at: number, count = 300): Promise<unknown> =>
    send(rooms, model, 'v1', {
      rows: evenRows(count).map((values) => ({ timestamp: new Date(at).toISOString(), values })),
    });
  const evaluate = (model: string, from: number, to: number) =>
    rooms.drift.evaluate(model, 'v1', {
      from: new Date(from).toISOString(),
      to: new Date(to).toISOString(),
      reference: 'baseline',
      thresholds: {},
    });
  /** The grid and rows of each window, oldest first. */
  const windowsOf = async (model: string): Promise<[gridHash: string, rowCount: number][]> =>
    (await rooms.windows.list(model, 'v1', { limit: 100 })).items.map(({ gridHash, rowCount }) => [
      gridHash,
      rowCount,
    ]);

  describe('in the middle of a window', () => {
    const model = 'window';
    let first: Baseline;
    let second: Baseline;

    it('takes effect at the next window boundary, so that no window is counted on two grids', async () => {
      await registerVersion(rooms.models, model, 'v1', NO_CAPTURE);
      first = await register(model);
      rooms.clock.advance(MINUTE / 2);
      await sendAt(model, rooms.clock.now());
      second = await register(model, 0.5);
      expect(second.effectiveFrom).toBe(new Date(START + MINUTE).toISOString());
      rooms.clock.advance(MINUTE / 3);
      await sendAt(model, rooms.clock.now());
      rooms.clock.advance(MINUTE);
      await sendAt(model, rooms.clock.now());
      expect(await windowsOf(model)).toEqual([
        [first.gridHash, 600],
        [second.gridHash, 300],
      ]);
    });

    it('leaves late rows of the windows before it on the grid that they began on', async () => {
      await sendAt(model, START, 7);
      expect((await windowsOf(model))[0]).toEqual([first.gridHash, 607]);
    });

    it('makes a span that reaches behind it insufficient, until it has passed', async () => {
      expect(await evaluate(model, START, START + 2 * MINUTE)).toMatchObject({
        verdict: 'insufficient',
        reason: 'baseline-changed',
        baselineId: second.id,
      });
      expect(await evaluate(model, START + MINUTE, START + 2 * MINUTE)).toMatchObject({
        verdict: 'drifted',
        baselineId: second.id,
      });
    });

    it('leaves spans that end before it compared with the one that counted then', async () => {
      expect(await evaluate(model, START, START + MINUTE)).toMatchObject({
        verdict: 'ok',
        baselineId: first.id,
        rowCount: 607,
      });
    });

    it('takes effect behind the rows that are ahead of the clock, so that their window is not split', async () => {
      await registerVersion(rooms.models, 'ahead', 'v1', NO_CAPTURE);
      const old = await register('ahead');
      const ahead = rooms.clock.now() + 130_000;
      await sendAt('ahead', ahead, 1);
      const next = await register('ahead', 0.5);
      // A node that has not noticed yet counts the next window on the old grid.
      expect(Date.parse(next.effectiveFrom ?? '')).toBeGreaterThan(ahead + MINUTE);
      rooms.clock.advance(130_000);
      await sendAt('ahead', rooms.clock.now());
      expect(await windowsOf('ahead')).toEqual([[old.gridHash, 301]]);
      rooms.clock.advance(2 * MINUTE);
      await sendAt('ahead', rooms.clock.now());
      expect((await windowsOf('ahead')).at(-1)).toEqual([next.gridHash, 300]);
    });

    it('waits for the window after the next one where the boundary is too near for every process to know it', async () => {
      await registerVersion(rooms.models, 'near', 'v1', NO_CAPTURE);
      await register('near');
      const boundary = Math.ceil((rooms.clock.now() + 1) / MINUTE) * MINUTE;
      rooms.clock.advance(boundary - rooms.clock.now() - 1_000);
      expect(await register('near', 0.5)).toMatchObject({
        effectiveFrom: new Date(boundary + MINUTE).toISOString(),
      });
    });
  });

  describe('in the middle of the traffic, the first of its version', () => {
    const model = 'traffic';
    let from: number;
    let baseline: Baseline;

    it('leaves the rows before it counted, and not compared', async () => {
      from = Math.ceil(rooms.clock.now() / MINUTE) * MINUTE;
      rooms.clock.advance(from - rooms.clock.now());
      await registerVersion(rooms.models, model, 'v1', NO_CAPTURE);
      await sendAt(model, from);
      expect(await evaluate(model, from, from + MINUTE)).toMatchObject({
        verdict: 'insufficient',
        reason: 'no-baseline',
        rowCount: 300,
      });
      rooms.clock.advance(MINUTE);
      baseline = await register(model);
      expect(baseline.effectiveFrom).toBeNull();
      rooms.clock.advance(1_000);
      await sendAt(model, rooms.clock.now());
      expect(await windowsOf(model)).toEqual([
        [NO_BASELINE_GRID.hash, 300],
        [baseline.gridHash, 300],
      ]);
      expect(await evaluate(model, from, from + 2 * MINUTE)).toMatchObject({
        verdict: 'insufficient',
        reason: 'baseline-changed',
      });
      expect(await evaluate(model, from + MINUTE, from + 2 * MINUTE)).toMatchObject({ verdict: 'ok' });
    });
  });
});

/** Windows that were counted before a baseline, or on the grid of one before it, counted on its grid from captured rows. */
describe('windows that are rebuilt', () => {
  let test: TestDatabase;
  let rooms: ReturnType<typeof connectRooms>;
  beforeAll(async () => {
    test = await openTestDatabase();
    rooms = connectRooms(test.database);
  }, 60_000);
  afterAll(() => test.close());
  beforeEach(() => {
    rooms.clock.advance(Math.ceil(rooms.clock.now() / MINUTE) * MINUTE - rooms.clock.now());
  });

  const CAPTURE_50 = { fraction: 1, maxRowsPerWindow: 50 };
  const register = (model: string, shift = 0, extra: object = {}): Promise<Baseline> =>
    rooms.baselines.register(model, 'v1', {
      kind: 'rows',
      rows: evenRows(2_000, shift).map((row) => ({ ...row, ...extra })),
    });
  const sendNow = (model: string, count: number, extra: object = {}): Promise<unknown> =>
    send(rooms, model, 'v1', { rows: evenRows(count).map((row) => ({ values: { ...row, ...extra } })) });
  /** The answer for the span of so many minutes that ends now. */
  const evaluate = (model: string, minutes: number, reference: Reference = 'baseline') =>
    rooms.drift.evaluate(model, 'v1', {
      from: new Date(rooms.clock.now() - minutes * MINUTE).toISOString(),
      to: new Date(rooms.clock.now()).toISOString(),
      reference,
      thresholds: {},
    });
  const work = async (): Promise<void> => {
    await rooms.compaction.run();
    await Promise.all([rooms.rebuilding.run(), rooms.rebuilding.run(), rooms.rollups.run()]);
  };
  const rebuilt = async (model: string): Promise<object[]> =>
    test.database.query(
      `select segment, row_count::int as captured, received_count::int as received, left_out
         from rebuilt_window r join version v on v.id = r.version_id join model m on m.id = v.model_id
        where m.name = $1 order by window_start, segment`,
      [model],
    );

  it('make rows from before the first baseline comparable, based on n of N', async () => {
    await registerVersion(rooms.models, 'first', 'v1', CAPTURE_50);
    await sendNow('first', 400);
    rooms.clock.advance(MINUTE);
    await work();
    await register('first');
    rooms.clock.advance(2_000);
    await sendNow('first', 300);
    rooms.clock.advance(MINUTE - 2_000);
    expect(await evaluate('first', 2)).toMatchObject({ reason: 'baseline-changed', basis: 'all' });
    await work();
    expect(await rebuilt('first')).toEqual([{ segment: 'all', captured: 50, received: 400, left_out: [] }]);
    expect(await evaluate('first', 2)).toMatchObject({
      verdict: 'ok',
      basis: 'sampled',
      rowCount: 350,
      receivedCount: 700,
      leftOutColumns: [],
    });
    expect(await evaluate('first', 1)).toMatchObject({ basis: 'all', rowCount: 300, receivedCount: 300 });
  });

  it('hold all rows of a window in whose middle the first baseline came', async () => {
    await registerVersion(rooms.models, 'middle', 'v1', { fraction: 1, maxRowsPerWindow: 1_000 });
    await sendNow('middle', 200);
    rooms.clock.advance(MINUTE / 2);
    await register('middle');
    rooms.clock.advance(2_000);
    await sendNow('middle', 100);
    rooms.clock.advance(MINUTE / 2 - 2_000);
    expect(await evaluate('middle', 1)).toMatchObject({ reason: 'baseline-changed', rowCount: 300 });
    await work();
    expect(await evaluate('middle', 1)).toMatchObject({
      basis: 'sampled',
      rowCount: 300,
      receivedCount: 300,
    });
  });

  it('let a span reach behind a later baseline, and its reference too, and hold what the rows of it are', async () => {
    await registerVersion(rooms.models, 'later', 'v1', { fraction: 1, maxRowsPerWindow: 1_000 });
    await register('later');
    for (let each = 0; each < 3; each += 1) {
      await sendNow('later', 500);
      rooms.clock.advance(MINUTE);
    }
    await work();
    const before = await evaluate('later', 3);
    await register('later', 0.001);
    rooms.clock.advance(MINUTE);
    await sendNow('later', 500);
    rooms.clock.advance(MINUTE);
    expect(await evaluate('later', 5)).toMatchObject({ reason: 'baseline-changed' });
    expect(await evaluate('later', 1, 'trailing-7-days')).toMatchObject({ reason: 'baseline-changed' });
    await work();
    // Every row was captured, so the rebuilt windows are exact: 0.001 is what the second baseline is shifted by.
    const after = await evaluate('later', 5);
    expect(after).toMatchObject({ verdict: 'ok', basis: 'sampled', rowCount: 2_000, receivedCount: 2_000 });
    const psiOf = ({ columns }: typeof after) => columns.find(({ column }) => column === 'x')?.psi ?? NaN;
    expect(Math.abs(psiOf(after) - psiOf(before))).toBeLessThan(0.05);
    expect(await evaluate('later', 1, 'trailing-7-days')).toMatchObject({
      verdict: 'ok',
      basis: 'sampled',
      rowCount: 500,
    });
  });

  it('are made once for a grid, and anew when a late row has come', async () => {
    const stamp = (): Promise<object[]> =>
      test.database.query('select xmin::text, ctid::text from rebuilt_window order by 1, 2');
    const first = await stamp();
    await work();
    expect(await stamp()).toEqual(first);
    await send(rooms, 'middle', 'v1', {
      rows: [{ timestamp: new Date(START + 2 * MINUTE).toISOString(), values: evenRows(1)[0] }],
    });
    await rooms.compaction.run();
    expect(await rebuilt('middle')).toEqual([]);
    await work();
    expect(await rebuilt('middle')).toEqual([{ segment: 'all', captured: 301, received: 301, left_out: [] }]);
  });

  it('are not made of windows without captured rows or older than eight days', async () => {
    await registerVersion(rooms.models, 'none', 'v1', NO_CAPTURE);
    await registerVersion(rooms.models, 'old', 'v1', CAPTURE_50);
    for (const model of ['none', 'old'])
      await send(rooms, model, 'v1', {
        rows: [9, 7].map((days) => ({
          timestamp: new Date(rooms.clock.now() - days * 24 * 60 * MINUTE).toISOString(),
          values: evenRows(1)[0],
        })),
      });
    await work();
    for (const model of ['none', 'old']) await register(model);
    rooms.clock.advance(2_000);
    await work();
    expect(await rebuilt('none')).toEqual([]);
    expect(await rebuilt('old')).toHaveLength(1);
  });

  it('leave out what captured rows do not have: redacted columns and texts that were cut', async () => {
    const columns = [
      { name: 'x', role: 'feature', type: 'numeric' },
      { name: 'secret', role: 'feature', type: 'categorical' },
      { name: 'short', role: 'feature', type: 'text' },
      { name: 'long', role: 'feature', type: 'text' },
    ];
    await registerVersion(rooms.models, 'partly', 'v1', CAPTURE_50, columns);
    const texts = { secret: 's', short: 'a few words', long: 'word '.repeat(600) };
    await sendNow('partly', 200, texts);
    rooms.clock.advance(MINUTE);
    await work();
    await register('partly', 0, texts);
    rooms.clock.advance(2_000);
    await work();
    rooms.clock.advance(-2_000);
    const result = await evaluate('partly', 1);
    expect(result).toMatchObject({ basis: 'sampled', rowCount: 50, leftOutColumns: ['secret', 'long'] });
    expect(result.columns.map(({ column, missingShare }) => [column, missingShare])).toEqual([
      ['x', 0],
      ['short', 0],
    ]);
  });

  it('are split into the segments of the baseline, as ingest splits rows, with the rows that arrived apportioned', async () => {
    const columns = [
      { name: 'x', role: 'feature', type: 'numeric' },
      { name: 'c', role: 'segment', type: 'categorical' },
    ];
    await registerVersion(rooms.models, 'split', 'v1', { fraction: 1, maxRowsPerWindow: 1_000 }, columns);
    await sendNow('split', 300);
    await send(rooms, 'split', 'v1', { rows: [{ values: { x: 1, c: 'z' } }, { values: { x: 1, c: null } }] });
    rooms.clock.advance(MINUTE);
    await work();
    await register('split');
    rooms.clock.advance(2_000);
    await work();
    rooms.clock.advance(-2_000);
    expect(await rebuilt('split')).toMatchObject([
      { segment: 'a', captured: 100, received: 100 },
      { segment: 'b', captured: 200, received: 200 },
      { segment: 'other', captured: 2, received: 2 },
    ]);
    const answer = await rooms.drift.evaluate('split', 'v1', {
      from: new Date(rooms.clock.now() - MINUTE).toISOString(),
      to: new Date(rooms.clock.now()).toISOString(),
      segment: 'b',
      reference: 'baseline',
      thresholds: {},
    });
    expect(answer).toMatchObject({ segment: 'b', basis: 'sampled', rowCount: 200, receivedCount: 200 });
  });

  it('stand for a window that an hour was added up from', async () => {
    await registerVersion(rooms.models, 'hours', 'v1', CAPTURE_50);
    await register('hours');
    const HOUR = 60 * MINUTE;
    const to = Math.floor(rooms.clock.now() / HOUR) * HOUR;
    const range = { from: to - 24 * HOUR, to };
    for (let hour = 1; hour <= 24; hour += 1)
      for (const minute of [0, 1])
        await send(rooms, 'hours', 'v1', {
          rows: evenRows(10).map((values) => ({
            timestamp: new Date(to - hour * HOUR + minute * MINUTE).toISOString(),
            values,
          })),
        });
    await work();
    const version = await rooms.models.getVersion('hours', 'v1');
    const second = await register('hours', 0.5);
    rooms.clock.advance(2 * MINUTE);
    const piecesOf = async () =>
      (await rooms.windows.profiles(version, range, { minPieces: 24, rebuiltOn: second.gridHash })).map(
        ({ profile, leftOut }) => [profile.rowCount, leftOut === null ? 'all' : 'sampled'],
      );
    expect(await piecesOf()).toEqual(Array.from({ length: 24 }, () => [20, 'all']));
    await rooms.rebuilding.run();
    expect(await piecesOf()).toEqual(Array.from({ length: 48 }, () => [10, 'sampled']));
  });
});
