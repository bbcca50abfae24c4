import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openTestDatabase, type TestDatabase } from '../../test/database.js';
import { connectRooms, evenRows, registerVersion, send as sendPayload } from '../../test/rooms.js';
import { signalTails } from '#signals';
import type { Reference } from '#stats';
import { DriftResults } from './drift-results.js';
import { monitorSchema } from './schemas.js';

const MINUTE = 60_000;

describe('drift', () => {
  let test: TestDatabase;
  let rooms: ReturnType<typeof connectRooms>;
  let payloads = 0;
  beforeAll(async () => {
    test = await openTestDatabase();
    rooms = connectRooms(test.database);
  }, 60_000);
  afterAll(() => test.close());

  const send = (model: string, rows: Record<string, unknown>[]): Promise<unknown> =>
    sendPayload(rooms, model, 'v1', {
      payloadId: `p${(payloads += 1)}`,
      rows: rows.map((values) => ({ values })),
    });
  const evaluate = async (model: string, minutes: number, reference: Reference = 'baseline') => {
    const to = Math.floor(rooms.clock.now() / MINUTE) * MINUTE + MINUTE;
    return rooms.drift.evaluate(model, 'v1', {
      from: new Date(to - minutes * MINUTE).toISOString(),
      to: new Date(to).toISOString(),
      reference,
      thresholds: {},
    });
  };
  const failures: unknown[] = [];
  const runDue = (): Promise<void> => rooms.drift.runDue((_monitor, error) => failures.push(error));

  it("is ok on rows like the baseline's and drifted on others, whatever the number of windows", async () => {
    await registerVersion(rooms.models, 'scores');
    await rooms.baselines.register('scores', 'v1', { kind: 'rows', rows: evenRows(5_000) });
    await send('scores', evenRows(1_000));
    expect(await evaluate('scores', 1)).toMatchObject({ verdict: 'ok', rowCount: 1_000, driftedShare: 0 });
    rooms.clock.advance(MINUTE);
    for (let each = 0; each < 3; each += 1) {
      await send('scores', evenRows(500, 0.6));
      rooms.clock.advance(MINUTE);
    }
    rooms.clock.advance(-MINUTE);
    const drifted = await evaluate('scores', 3);
    expect(drifted).toMatchObject({ verdict: 'drifted', rowCount: 1_500, driftedShare: 0.5 });
    expect(drifted.columns.find(({ column }) => column === 'x')).toMatchObject({ verdict: 'drifted' });
    expect(drifted.columns.find(({ column }) => column === 'c')).toMatchObject({ verdict: 'ok' });
  });

  it('says why it cannot tell', async () => {
    await registerVersion(rooms.models, 'cannot');
    expect(await evaluate('cannot', 1)).toMatchObject({
      verdict: 'insufficient',
      reason: 'no-baseline',
      driftedShare: null,
    });
    await rooms.baselines.register('cannot', 'v1', { kind: 'rows', rows: evenRows(1_000) });
    expect(await evaluate('cannot', 1)).toMatchObject({ verdict: 'insufficient', reason: 'no-rows' });
    await send('cannot', evenRows(1_000));
    await rooms.baselines.register('cannot', 'v1', { kind: 'rows', rows: evenRows(1_000, 0.2) });
    rooms.clock.advance(2 * MINUTE);
    await send('cannot', evenRows(1_000, 0.2));
    expect(await evaluate('cannot', 3)).toMatchObject({
      verdict: 'insufficient',
      reason: 'baseline-changed',
    });
    expect(await evaluate('cannot', 1)).toMatchObject({ verdict: 'ok' });
  });

  it('compares with the same hours of the week before, and with the seven days before', async () => {
    const week = 7 * 24 * 60;
    await registerVersion(rooms.models, 'weekly');
    await rooms.baselines.register('weekly', 'v1', { kind: 'rows', rows: evenRows(2_000) });
    await send('weekly', evenRows(1_000, 0.6));
    expect(await evaluate('weekly', 1, 'week-before')).toMatchObject({
      verdict: 'insufficient',
      reason: 'no-reference-rows',
      reference: 'week-before',
    });
    rooms.clock.advance(week * MINUTE);
    await send('weekly', evenRows(1_000, 0.6));
    expect(await evaluate('weekly', 1)).toMatchObject({ verdict: 'drifted', reference: 'baseline' });
    expect(await evaluate('weekly', 1, 'week-before')).toMatchObject({ verdict: 'ok' });
    expect(await evaluate('weekly', 1, 'trailing-7-days')).toMatchObject({ verdict: 'ok' });
    rooms.clock.advance(-week * MINUTE);
  });

  it('judges a span by its roll-ups as it does by its windows', async () => {
    await registerVersion(rooms.models, 'rolled');
    await rooms.baselines.register('rolled', 'v1', { kind: 'rows', rows: evenRows(2_000) });
    const until = Math.floor(rooms.clock.now() / (60 * MINUTE)) * 60 * MINUTE;
    for (let hour = 1; hour <= 30; hour += 1) {
      const timestamp = new Date(until - hour * 60 * MINUTE).toISOString();
      const rows = evenRows(100, hour > 20 ? 0.4 : 0).map((values) => ({ timestamp, values }));
      await sendPayload(rooms, 'rolled', 'v1', { rows });
    }
    const range = {
      from: new Date(until - 30 * 60 * MINUTE).toISOString(),
      to: new Date(until).toISOString(),
    };
    const judge = async () => {
      const spec = { ...range, reference: 'baseline' as const, thresholds: {} };
      const { verdict, rowCount, columns } = await rooms.drift.evaluate('rolled', 'v1', spec);
      const measures = columns.map(({ psi, ks, effectiveWindowCount }) => [psi, ks, effectiveWindowCount]);
      return { verdict, rowCount, measures };
    };
    const byWindows = await judge();
    await rooms.compaction.run();
    await rooms.rollups.run();
    expect(
      await test.database.query(
        `select count(*)::int as hours from profile_rollup r join version v on v.id = r.version_id join model m on m.id = v.model_id
          where m.name = 'rolled' and r.grain = 'hour'`,
      ),
    ).toEqual([{ hours: 30 }]);
    expect(await judge()).toEqual(byWindows);
    expect(byWindows).toMatchObject({ rowCount: 3_000, verdict: 'drifted' });
  });

  it('runs a monitor once per due time however many workers ask, and writes its signals', async () => {
    await registerVersion(rooms.models, 'due');
    await rooms.baselines.register('due', 'v1', { kind: 'rows', rows: evenRows(2_000) });
    await rooms.monitors.put('due', monitorSchema.parse({ name: 'hourly', span: '5m', every: '5m' }));
    await send('due', evenRows(1_000, 0.7));
    rooms.clock.advance(MINUTE);
    await Promise.all([runDue(), runDue(), runDue()]);
    await runDue();
    const results = await rooms.drift.list('due', { limit: 10 });
    expect(results.items).toHaveLength(1);
    expect(results.items[0]).toMatchObject({ monitor: 'hourly', verdict: 'drifted', version: 'v1' });
    const [tail] = await signalTails(
      test.database,
      { name: 'model_drift_verdict', model: 'due', matchers: { monitor: 'hourly' } },
      0,
      5,
    );
    expect(tail?.samples.map(({ value }) => value)).toEqual([2]);
    rooms.clock.advance(10 * MINUTE);
    await runDue();
    // The span is empty now: nobody knows, and the signal does not say "fine".
    expect((await rooms.drift.list('due', { limit: 10 })).items).toHaveLength(1);
    expect(failures).toEqual([]);
  });

  it('judges a window once it had its time for late rows: one grain where nothing else is said', async () => {
    const { clock, drift, ingest, monitors, windows } = connectRooms(test.database, null);
    await registerVersion(rooms.models, 'watermark');
    await rooms.baselines.register('watermark', 'v1', { kind: 'rows', rows: evenRows(2_000) });
    await monitors.put('watermark', monitorSchema.parse({ name: 'live', span: '1m', every: '1m' }));
    await sendPayload({ ingest }, 'watermark', 'v1', {
      rows: evenRows(1_000).map((values) => ({ values })),
    });
    const begin = windows.lastClosedEnd(MINUTE, 0);
    clock.advance(2 * MINUTE - 1);
    expect([null, MINUTE / 2, 0].map((lateness) => windows.lastClosedEnd(MINUTE, lateness) - begin)).toEqual([
      0,
      MINUTE,
      MINUTE,
    ]);
    await drift.runDue(() => undefined);
    expect((await drift.list('watermark', { limit: 10 })).items).toMatchObject([
      { reason: 'no-rows', to: new Date(begin).toISOString() },
    ]);
    clock.advance(1);
    await drift.runDue(() => undefined);
    expect((await drift.list('watermark', { limit: 1 })).items).toMatchObject([
      { verdict: 'ok', rowCount: 1_000, to: new Date(begin + MINUTE).toISOString() },
    ]);
  });

  describe('rows that come late', () => {
    const sendAt = (at: number, count = 10): Promise<unknown> =>
      sendPayload(rooms, 'late', 'v1', {
        rows: evenRows(count).map((values) => ({ timestamp: new Date(at).toISOString(), values })),
      });
    const results = async () => (await rooms.drift.list('late', { limit: 10 })).items;
    const outdated = async () =>
      (await results())
        .filter(({ outdatedAt }) => outdatedAt !== null)
        .map(({ monitor, rowCount }) => `${monitor} of ${rowCount}`)
        .sort();
    let first: number;

    it('outdate the results that were read without them, and no result that was read with them', async () => {
      first = rooms.clock.now();
      await registerVersion(rooms.models, 'late');
      await rooms.baselines.register('late', 'v1', { kind: 'rows', rows: evenRows(2_000) });
      await rooms.monitors.put('late', monitorSchema.parse({ name: 'live', span: '2m', every: '1m' }));
      await sendAt(first, 500);
      rooms.clock.advance(MINUTE);
      await runDue();
      await sendAt(first, 7);
      rooms.clock.advance(MINUTE);
      await runDue();
      expect((await results()).map(({ rowCount }) => rowCount)).toEqual([507, 500]);
      expect(await outdated()).toEqual([]);
      await rooms.compaction.run();
      await rooms.drift.markOutdated();
      expect(await outdated()).toEqual(['live of 500']);
      expect((await results())[1]).toMatchObject({ outdatedAt: new Date(rooms.clock.now()).toISOString() });
    });

    it('leave results of other windows as they are, and find those whose reference holds theirs', async () => {
      const put = (name: string, reference: Reference) =>
        rooms.monitors.put('late', monitorSchema.parse({ name, span: '1m', every: '1m', reference }));
      await put('against-training', 'baseline');
      await put('against-week', 'trailing-7-days');
      rooms.clock.advance(MINUTE);
      await sendAt(rooms.clock.now());
      rooms.clock.advance(MINUTE);
      await runDue();
      await sendAt(first - 24 * 60 * MINUTE);
      await rooms.compaction.run();
      await rooms.drift.markOutdated();
      expect(await outdated()).toEqual(['against-week of 10', 'live of 500']);
    });

    it('are never lacked by a result that was read long before it was to be stored', async () => {
      const results = new DriftResults(test.database, rooms.signals);
      const version = await rooms.models.getVersion('late', 'v1');
      const [result] = (await rooms.drift.list('late', { limit: 1 })).items;
      if (result === undefined) throw new Error('there is no result');
      const readIn = await results.snapshot();
      const before = await rooms.drift.list('late', { limit: 100 });
      const paused = { ...readIn, at: new Date(Date.now() - 10 * MINUTE).toISOString() };
      expect(await results.store(version.model, version, result, paused)).toBe(false);
      expect(await rooms.drift.list('late', { limit: 100 })).toEqual(before);
    });

    it('are known for a while, since a result may be stored after they were looked at', async () => {
      await test.database.query('update drift_result set outdated_at = null');
      await rooms.drift.markOutdated();
      expect(await outdated()).toEqual(['against-week of 10', 'live of 500']);
      await test.database.query(`update late_window set marked_at = marked_at - interval '11 minutes'`);
      await rooms.drift.markOutdated();
      expect(await test.database.query('select 1 from late_window')).toEqual([]);
    });

    it('that are refused outdate nothing', async () => {
      await sendPayload(rooms, 'late', 'v1', { rows: [{ values: {} }] });
      rooms.clock.advance(2 * MINUTE);
      await rooms.compaction.run();
      expect(await test.database.query('select 1 from late_window')).toEqual([]);
    });
  });

  it('watches texts: blank ones, and words that the baseline never had', async () => {
    await registerVersion(rooms.models, 'texts', 'v1', undefined, [
      { name: 'prompt', role: 'feature', type: 'text' },
    ]);
    const prompts = (count: number, words: readonly string[]) =>
      Array.from({ length: count }, (_, i) => ({
        prompt: Array.from({ length: 3 + (i % 4) }, (__, k) => words[(i * 7 + k * 13) % words.length]).join(
          ' ',
        ),
      }));
    const english = Array.from({ length: 97 }, (_, i) => `word${i}`);
    await rooms.baselines.register('texts', 'v1', { kind: 'rows', rows: prompts(3_000, english) });
    await send('texts', prompts(1_000, english));
    expect(await evaluate('texts', 1)).toMatchObject({ verdict: 'ok', columns: [{ kind: 'text' }] });
    rooms.clock.advance(MINUTE);
    await send('texts', [...prompts(600, english), ...prompts(200, ['mot', 'neuf']), ...blanks(200)]);
    const { verdict, columns } = await evaluate('texts', 1);
    expect(verdict).toBe('drifted');
    expect(columns[0]).toMatchObject({ column: 'prompt', qualityVerdict: 'drifted' });
    expect(columns[0]?.explanation).toContain('empty values of `prompt` went from 0% to 20% of rows');
    expect(columns[0]?.explanation).toContain('of the words of `prompt` are new, 0% expected: "');
  });

  const blanks = (count: number) => Array.from({ length: count }, () => ({ prompt: '' }));

  it('recognises a unit mistake in the newest windows of a span that is still a mixture', async () => {
    await registerVersion(rooms.models, 'mixture');
    const miles = (count: number, factor: number) =>
      Array.from({ length: count }, (_, index) => ({
        x: factor * (100 + 2_000 * (((index * 7_919) % count) / count) ** 2),
        c: index % 3 === 0 ? 'a' : 'b',
      }));
    await rooms.baselines.register('mixture', 'v1', { kind: 'rows', rows: miles(20_000, 1) });
    for (const factor of [1, 1, 1, 1.609344, 1.609344]) {
      await send('mixture', miles(3_000, factor));
      rooms.clock.advance(MINUTE);
    }
    rooms.clock.advance(-MINUTE);
    const result = await evaluate('mixture', 5);
    const x = result.columns.find(({ column }) => column === 'x');
    expect(x?.verdict).not.toBe('ok');
    expect(x?.scale).toMatchObject({ knownUnit: expect.stringContaining('kilomet') as unknown });
  });

  it("compares what it finds of a monitor's columns, and tells a question of its own what there is not", async () => {
    await registerVersion(rooms.models, 'columns');
    await rooms.baselines.register('columns', 'v1', { kind: 'rows', rows: evenRows(1_000) });
    await rooms.monitors.put(
      'columns',
      monitorSchema.parse({ name: 'some', span: '1m', every: '1m', columns: ['x', 'gone'] }),
    );
    await rooms.monitors.put(
      'columns',
      monitorSchema.parse({ name: 'none', span: '1m', every: '1m', columns: ['gone'] }),
    );
    await send('columns', evenRows(500));
    rooms.clock.advance(MINUTE);
    await runDue();
    const { items } = await rooms.drift.list('columns', { limit: 10 });
    expect(
      items.map(({ monitor, verdict, reason, columns }) => [monitor, verdict, reason, columns.length]).sort(),
    ).toEqual([
      ['none', 'insufficient', 'no-columns', 0],
      ['some', 'ok', expect.any(String), 1],
    ]);
    const range = {
      from: '2026-11-01T00:00:00Z',
      to: '2026-12-01T00:00:00Z',
      thresholds: {},
      reference: 'baseline' as const,
    };
    await expect(
      rooms.drift.evaluate('columns', 'v1', { ...range, columns: ['gone'] }),
    ).rejects.toMatchObject({ code: 'column-unknown' });
    expect(failures).toEqual([]);
  });
});
