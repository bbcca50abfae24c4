import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openTestDatabase, type TestDatabase } from '../../test/database.js';
import { connectRooms, evenRows, registerVersion, send, START } from '../../test/rooms.js';
import { NO_BASELINE_GRID, type Baseline } from '#registry';

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
