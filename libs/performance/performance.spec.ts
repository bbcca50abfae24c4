import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openTestDatabase, type TestDatabase } from '../../test/database.js';
import { connectRooms, send, START } from '../../test/rooms.js';
import type { GroundTruthReceipt } from '#ground-truth';
import { modelSchema, versionSchema } from '#registry';
import { signalTails } from '#signals';
import { fitInThread } from './fit-in-thread.js';
import type { PerformanceResult } from './performance-result.js';

const MINUTE = 60_000;
const DAY = 86_400_000;

interface Truth {
  readonly id: string;
  readonly value: string | number | boolean;
  readonly observedAt?: string;
}

describe('performance', () => {
  let test: TestDatabase;
  let rooms: ReturnType<typeof connectRooms>;
  beforeAll(async () => {
    test = await openTestDatabase();
    rooms = connectRooms(test.database, 0, fitInThread);
  }, 60_000);
  afterAll(() => test.close());

  async function register(
    name: string,
    {
      columns = CLASSIFIER,
      ...spec
    }: { columns?: readonly object[]; task?: string; capture?: object; performance?: object },
  ): Promise<void> {
    const model = {
      name,
      task: 'classification',
      grain: '1m',
      capture: { fraction: 1, maxRowsPerWindow: 10_000 },
      ...spec,
      performance: { window: '1m', minLabelledRows: 10, ...spec.performance },
    };
    await rooms.models.put(modelSchema.parse(model));
    await rooms.models.putVersion(name, versionSchema.parse({ name: 'v1', columns }));
  }
  const predict = (model: string, rows: Readonly<Record<string, object>>): Promise<unknown> =>
    send(rooms, model, 'v1', {
      rows: Object.entries(rows).map(([inferenceId, values]) => ({ inferenceId, values })),
    });
  const observe = (model: string, rows: readonly Truth[]): Promise<GroundTruthReceipt> =>
    rooms.groundTruthIntake.accept(model, { format: 'json', value: { rows } });
  async function evaluate(): Promise<void> {
    await rooms.compaction.run();
    await rooms.pairing.run();
    const failures: unknown[] = [];
    await rooms.performance.runDue((_window, error) => failures.push(error));
    expect(failures).toEqual([]);
  }
  const results = async (model: string): Promise<readonly PerformanceResult[]> =>
    (await rooms.performance.list(model, 'v1', { limit: 100 })).items;
  const specOf = async (name: string): Promise<object> => {
    const { id: _id, grainMs: _grainMs, createdAt: _createdAt, ...spec } = await rooms.models.get(name);
    return spec;
  };
  const newestSignal = async (model: string, name: string, segment = 'all'): Promise<number | null> => {
    const [tail] = await signalTails(test.database, { name, model, matchers: { segment } }, 0, 1);
    return tail?.samples[0]?.value ?? null;
  };

  const CLASSIFIER = [
    { name: 'x', role: 'feature', type: 'numeric' },
    { name: 'late', role: 'prediction', type: 'boolean' },
    { name: 'risk', role: 'score', type: 'numeric' },
  ];
  /** Rows 0 to 19: the odd ones are predicted to be late. */
  const rowsOf = (prefix: string, count = 20): Record<string, object> =>
    Object.fromEntries(
      Array.from({ length: count }, (_, i) => [
        `${prefix}${i}`,
        { x: i, late: i % 2 === 1, risk: i % 2 === 1 ? 0.8 : 0.2 },
      ]),
    );
  /** All predictions are right but those of rows 0 and 1. */
  const truthsOf = (prefix: string, count = 20): Truth[] =>
    Array.from({ length: count }, (_, i) => ({ id: `${prefix}${i}`, value: i < 2 ? i === 0 : i % 2 === 1 }));

  it('is that of captured predictions and what really happened, whichever comes first', async () => {
    for (const order of ['after', 'before']) {
      await register(order, {});
      if (order === 'before') await observe(order, truthsOf('a'));
      await predict(order, rowsOf('a'));
      rooms.clock.advance(2 * MINUTE);
      if (order === 'after') {
        await evaluate();
        expect(await results(order)).toMatchObject([
          { status: 'waiting', reason: 'too-few-labelled-rows', predictedCount: 20, labelledCount: 0 },
        ]);
        expect(await newestSignal(order, 'performance_accuracy')).toBeNull();
        expect(await newestSignal(order, 'labelled_row_ratio')).toBe(0);
        expect(await observe(order, truthsOf('a'))).toMatchObject({ receivedCount: 20, storedCount: 20 });
        rooms.clock.advance(MINUTE);
      }
      await evaluate();
      const [result] = await results(order);
      expect(result).toMatchObject({
        model: order,
        version: 'v1',
        segment: 'all',
        status: 'judged',
        reason: 'enough-labelled-rows',
        predictedCount: 20,
        labelledCount: 20,
        labelledShare: 1,
        performance: {
          kind: 'binary',
          positiveClass: 'true',
          confusion: { truePositives: 9, falsePositives: 1, falseNegatives: 1, trueNegatives: 9 },
          accuracy: { value: 0.9, rowCount: 20 },
          recall: { value: 0.9 },
        },
      });
      expect(await newestSignal(order, 'performance_accuracy')).toBe(0.9);
      expect(await newestSignal(order, 'performance_accuracy_lower')).toBeCloseTo(0.699, 3);
      expect(await newestSignal(order, 'labelled_row_count')).toBe(20);
    }
  });

  it('changes with a correction, and not with an observation from before it', async () => {
    await register('corrected', {});
    await predict('corrected', rowsOf('c'));
    const at = (offset: number): string => new Date(rooms.clock.now() + offset).toISOString();
    const observed = (rows: readonly Truth[], offset: number): Truth[] =>
      rows.map((row) => ({ ...row, observedAt: at(offset) }));
    await observe('corrected', observed(truthsOf('c'), 0));
    rooms.clock.advance(2 * MINUTE);
    await evaluate();
    expect((await results('corrected'))[0]).toMatchObject({ performance: { accuracy: { value: 0.9 } } });
    expect(await observe('corrected', observed([{ id: 'c5', value: false }], -10 * MINUTE))).toMatchObject({
      storedCount: 0,
      unchangedCount: 1,
    });
    expect(await observe('corrected', observed([{ id: 'c0', value: false }], -MINUTE))).toMatchObject({
      storedCount: 1,
      unchangedCount: 0,
    });
    expect(await observe('corrected', observed([{ id: 'c0', value: false }], -MINUTE))).toMatchObject({
      unchangedCount: 1,
    });
    rooms.clock.advance(MINUTE);
    await evaluate();
    const all = await results('corrected');
    expect(all).toHaveLength(1);
    expect(all[0]).toMatchObject({ performance: { accuracy: { value: 0.95 } } });
  });

  it('waits for enough labels or for the deadline, and says which', async () => {
    await register('patient', {
      performance: { minLabelledRows: 10, minLabelledShare: 0.8, deadline: '1d' },
    });
    await predict('patient', rowsOf('p'));
    await observe('patient', truthsOf('p', 12));
    rooms.clock.advance(2 * MINUTE);
    await evaluate();
    expect(await results('patient')).toMatchObject([
      { status: 'waiting', labelledCount: 12, labelledShare: 0.6, performance: { rowCount: 12 } },
    ]);
    rooms.clock.advance(DAY);
    await evaluate();
    expect(await results('patient')).toMatchObject([{ status: 'judged', reason: 'deadline-passed' }]);

    await predict('patient', rowsOf('never'));
    rooms.clock.advance(2 * MINUTE);
    await evaluate();
    rooms.clock.advance(DAY);
    await evaluate();
    expect((await results('patient'))[0]).toMatchObject({
      status: 'unlabelled',
      reason: 'no-ground-truth',
      performance: null,
      labelledShare: 0,
    });
  });

  it('is judged before its captured rows are dropped, and keeps its results afterwards', async () => {
    await register('long', { performance: { minLabelledRows: 100, deadline: '365d' } });
    await predict('long', rowsOf('q'));
    await observe('long', truthsOf('q', 12));
    rooms.clock.advance(2 * MINUTE);
    await evaluate();
    rooms.clock.advance(30 * DAY - 60 * MINUTE);
    await evaluate();
    expect(await results('long')).toMatchObject([{ status: 'judged', reason: 'deadline-passed' }]);
    const [before] = await results('long');
    await rooms.capturedRows.dropBefore(rooms.clock.now() + DAY);
    rooms.clock.advance(DAY);
    await test.database.query('update performance_window set due_at = now() where due_at is null');
    await evaluate();
    expect(await results('long')).toEqual([before]);
  });

  it('is of each segment, and of all', async () => {
    await register('segmented', {
      columns: [...CLASSIFIER, { name: 'region', role: 'segment', type: 'categorical' }],
    });
    await rooms.baselines.register('segmented', 'v1', {
      kind: 'rows',
      rows: Array.from({ length: 100 }, (_, i) => ({
        x: i,
        late: true,
        risk: 0.5,
        region: i % 2 === 0 ? 'north' : 'south',
      })),
    });
    rooms.clock.advance(MINUTE);
    const rows = Object.entries(rowsOf('s', 40)).map(([id, values], i) => [
      id,
      { ...values, region: i < 20 ? 'north' : 'south' },
    ]);
    await predict('segmented', Object.fromEntries(rows) as Record<string, object>);
    await observe('segmented', truthsOf('s', 40));
    rooms.clock.advance(2 * MINUTE);
    await evaluate();
    const found = (await results('segmented')).map((result) => [
      result.segment,
      result.labelledCount,
      result.performance?.kind === 'binary' ? result.performance.accuracy.value : null,
    ]);
    expect(found.sort()).toEqual([
      ['all', 40, 0.95],
      ['north', 20, 0.9],
      ['south', 20, 1],
    ]);
    expect(await newestSignal('segmented', 'performance_accuracy', 'south')).toBe(1);
  });

  it('of a regression is of numbers, with how long the truth took', async () => {
    await register('prices', {
      task: 'regression',
      columns: [
        { name: 'x', role: 'feature', type: 'numeric' },
        { name: 'price', role: 'prediction', type: 'numeric' },
        { name: 'paid', role: 'groundTruth', type: 'numeric' },
      ],
    });
    await send(rooms, 'prices', 'v1', {
      rows: Array.from({ length: 20 }, (_, i) => ({
        inferenceId: `r${i}`,
        values: { x: i, price: i, paid: null },
      })),
    });
    expect(await observe('prices', [{ id: 'r0', value: '1' }])).toMatchObject({ rejectedCount: 1 });
    rooms.clock.advance(2 * MINUTE);
    const observedAt = new Date(rooms.clock.now()).toISOString();
    await observe(
      'prices',
      Array.from({ length: 20 }, (_, i) => ({ id: `r${i}`, value: i + (i % 2), observedAt })),
    );
    rooms.clock.advance(MINUTE);
    await evaluate();
    expect((await results('prices'))[0]).toMatchObject({
      status: 'judged',
      delay: { medianSeconds: 120, maximumSeconds: 120 },
      performance: {
        kind: 'regression',
        meanAbsoluteError: { value: 0.5 },
        bias: { value: -0.5 },
        meanAbsolutePercentageError: { value: null, reason: 'zero-truth' },
      },
    });
    expect(await newestSignal('prices', 'performance_bias')).toBe(-0.5);
    const exported = await rooms.capturedExport.open(
      'prices',
      'v1',
      { format: 'ndjson' },
      new AbortController().signal,
    );
    let text = '';
    for await (const bytes of exported) text += bytes.toString();
    const lines = text.trim().split('\n');
    const first = JSON.parse(lines.find((line) => line.includes('"r1"')) ?? '') as { values: object };
    expect(first.values).toEqual({ x: 1, price: 1, paid: 2 });
  });

  it('takes rows whose truth they bring themselves, until another one comes', async () => {
    await register('backfilled', {
      columns: [
        { name: 'x', role: 'feature', type: 'numeric' },
        { name: 'class', role: 'prediction', type: 'categorical' },
        { name: 'truth', role: 'groundTruth', type: 'categorical' },
      ],
    });
    await predict(
      'backfilled',
      Object.fromEntries(
        Array.from({ length: 30 }, (_, i) => [
          `b${i}`,
          { x: i, class: 'abc'[i % 3], truth: i === 0 ? 'b' : 'abc'[i % 3] },
        ]),
      ),
    );
    rooms.clock.advance(2 * MINUTE);
    await evaluate();
    expect((await results('backfilled'))[0]).toMatchObject({
      status: 'judged',
      delay: null,
      performance: { kind: 'multi-class', accuracy: { value: 29 / 30 } },
    });
    await observe('backfilled', [{ id: 'b0', value: 'a' }]);
    rooms.clock.advance(MINUTE);
    await evaluate();
    expect((await results('backfilled'))[0]).toMatchObject({ performance: { accuracy: { value: 1 } } });
  });

  it('waits for requests and responses that are still being paired', async () => {
    await register('halved', {});
    const half = (part: string, i: number, values: object): Promise<unknown> =>
      send(rooms, 'halved', 'v1', { part, rows: [{ inferenceId: `h${i}`, values }] });
    for (let i = 0; i < 12; i += 1) await half('request', i, { x: i });
    await observe('halved', truthsOf('h', 12));
    rooms.clock.advance(2 * MINUTE);
    await evaluate();
    expect(await results('halved')).toEqual([]);
    for (let i = 0; i < 12; i += 1) await half('response', i, { late: i % 2 === 1, risk: 0.5 });
    rooms.clock.advance(MINUTE);
    await evaluate();
    expect((await results('halved'))[0]).toMatchObject({ status: 'judged', labelledCount: 12 });
  });

  it('has rows that came late', async () => {
    await register('late', {});
    const start = rooms.clock.now();
    await predict('late', rowsOf('l'));
    await observe('late', [...truthsOf('l'), ...truthsOf('m')]);
    rooms.clock.advance(2 * MINUTE);
    await evaluate();
    await send(rooms, 'late', 'v1', {
      rows: Object.entries(rowsOf('m')).map(([inferenceId, values]) => ({
        inferenceId,
        values,
        timestamp: new Date(start).toISOString(),
      })),
    });
    await evaluate();
    rooms.clock.advance(MINUTE);
    await evaluate();
    expect(await results('late')).toMatchObject([
      { labelledCount: 40, performance: { accuracy: { value: 0.9 } } },
    ]);
  });

  it('of a model with few captured rows is of these, and truths of others are not kept', async () => {
    await register('sampled', { capture: { fraction: 0.25, maxRowsPerWindow: 10_000 } });
    await predict('sampled', rowsOf('f', 400));
    const receipt = await observe('sampled', truthsOf('f', 400));
    expect(receipt.storedCount + receipt.notCapturedCount).toBe(400);
    expect(receipt.storedCount).toBeGreaterThan(60);
    expect(receipt.storedCount).toBeLessThan(140);
    rooms.clock.advance(2 * MINUTE);
    await evaluate();
    expect((await results('sampled'))[0]).toMatchObject({
      predictedCount: receipt.storedCount,
      labelledCount: receipt.storedCount,
    });
  });

  it('is found for all windows after the worker was away', async () => {
    await register('away', {});
    for (let minute = 0; minute < 5; minute += 1) {
      await predict('away', rowsOf(`w${minute}-`));
      await observe('away', truthsOf(`w${minute}-`));
      rooms.clock.advance(MINUTE);
    }
    rooms.clock.advance(2 * MINUTE);
    await evaluate();
    expect((await results('away')).map(({ status }) => status)).toEqual(Array(5).fill('judged'));
  });

  it('is stored once when two workers evaluate at the same time, and again when a truth came in between', async () => {
    await register('two', {});
    await predict('two', rowsOf('t'));
    rooms.clock.advance(2 * MINUTE);
    await rooms.compaction.run();
    const other = connectRooms(test.database);
    other.clock.advance(rooms.clock.now() - START);
    await Promise.all([evaluate(), other.performance.runDue(() => undefined)]);
    expect(await results('two')).toMatchObject([{ status: 'waiting', labelledCount: 0 }]);

    await observe('two', truthsOf('t'));
    rooms.clock.advance(MINUTE);
    const [claimed] = await rooms.dueWindows.claim();
    if (claimed === undefined) throw new Error('nothing was due');
    await observe('two', [{ id: 't0', value: false }]);
    const options = { nextDueAt: null, readIn: null };
    expect(await rooms.dueWindows.finish(test.database, claimed, options)).toBe(true);
    rooms.clock.advance(MINUTE);
    const [again] = await rooms.dueWindows.claim();
    expect(again?.start).toBe(claimed.start);
    rooms.clock.advance(6 * MINUTE);
    const [takenOver] = await rooms.dueWindows.claim();
    expect(takenOver?.start).toBe(claimed.start);
    if (again !== undefined) expect(await rooms.dueWindows.finish(test.database, again, options)).toBe(false);
    rooms.clock.advance(6 * MINUTE);
    await evaluate();
    expect(await results('two')).toMatchObject([
      { labelledCount: 20, performance: { accuracy: { value: 0.95 } } },
    ]);
  });

  it('is nothing of a version without a prediction, or whose prediction is redacted', async () => {
    await register('blind', { columns: [{ name: 'x', role: 'feature', type: 'numeric' }] });
    await register('secret', {
      capture: { fraction: 1, maxRowsPerWindow: 100, redactedColumns: ['late', 'risk'] },
    });
    for (const model of ['blind', 'secret']) {
      await predict(model, model === 'blind' ? { a: { x: 1 } } : rowsOf('h'));
      await observe(model, truthsOf('h'));
      rooms.clock.advance(2 * MINUTE);
      await evaluate();
      expect(await results(model)).toEqual([]);
    }
  });

  it('is deleted with an inference as far as it is kept of it', async () => {
    await register('forgotten', {});
    await predict('forgotten', rowsOf('g'));
    await observe('forgotten', truthsOf('g'));
    expect(await rooms.capturedRows.deleteInference('forgotten', 'g3')).toEqual({
      rowCount: 1,
      hadGroundTruth: true,
    });
    expect(await rooms.capturedRows.deleteInference('forgotten', 'g3')).toEqual({
      rowCount: 0,
      hadGroundTruth: false,
    });
    rooms.clock.advance(2 * MINUTE);
    await evaluate();
    expect((await results('forgotten'))[0]).toMatchObject({ predictedCount: 19, labelledCount: 19 });
  });

  it('of a classifier is estimated from its scores before ground truth comes', async () => {
    await register('estimated', {
      columns: [...CLASSIFIER, { name: 'was_late', role: 'groundTruth', type: 'boolean' }],
    });
    // Of ten rows with the score s/10, s were late: the scores are calibrated.
    const calibrated = (from: number, to: number) =>
      Array.from({ length: 2_000 }, (_, i) => {
        const tenths = from + (Math.floor(i / 10) % (to - from + 1));
        return { x: i, late: tenths >= 5, risk: tenths / 10, was_late: i % 10 < tenths };
      });
    await rooms.baselines.register('estimated', 'v1', { kind: 'rows', rows: calibrated(0, 10) });
    rooms.clock.advance(2 * MINUTE);
    const served = calibrated(3, 7);
    await send(rooms, 'estimated', 'v1', {
      rows: served.map((values, i) => ({ inferenceId: `e${i}`, values: { ...values, was_late: null } })),
    });
    rooms.clock.advance(2 * MINUTE);
    await evaluate();
    const [waiting] = await results('estimated');
    expect(waiting).toMatchObject({ status: 'waiting', performance: null, estimateReason: null });
    const truth = served.filter(({ late, was_late: wasLate }) => late === wasLate).length / served.length;
    expect(Math.abs(((await newestSignal('estimated', 'estimated_accuracy')) ?? 0) - truth)).toBeLessThan(
      0.02,
    );
    await observe(
      'estimated',
      served.map(({ was_late: value }, i) => ({ id: `e${i}`, value })),
    );
    rooms.clock.advance(MINUTE);
    await evaluate();
    const [judged] = await results('estimated');
    if (judged?.performance?.kind !== 'binary' || judged.estimate?.kind !== 'binary')
      throw new Error('neither');
    expect(judged.performance.accuracy.value).toBeCloseTo(truth, 10);
    expect(
      Math.abs((judged.estimate.rocAuc.value ?? 0) - (judged.performance.rocAuc.value ?? 1)),
    ).toBeLessThan(0.02);

    await rooms.models.put(
      modelSchema.parse({
        ...(await specOf('estimated')),
        performance: { window: '1m', positiveClass: 'false' },
      }),
    );
    await observe('estimated', [{ id: 'e0', value: true }]);
    rooms.clock.advance(MINUTE);
    await evaluate();
    expect((await results('estimated'))[0]).toMatchObject({ estimate: null, estimateReason: 'task-changed' });
  });

  it('of a regression is estimated from its features', async () => {
    await register('loss', {
      task: 'regression',
      columns: [
        { name: 'x', role: 'feature', type: 'numeric' },
        { name: 'y', role: 'prediction', type: 'numeric' },
        { name: 'truth', role: 'groundTruth', type: 'numeric' },
      ],
    });
    // The error grows with x.
    const rowsAt = (x: (i: number) => number) =>
      Array.from({ length: 3_000 }, (_, i) => {
        const error = x(i) * (i % 2 === 0 ? 1 : -1) * (0.5 + ((i * 7_919) % 1_000) / 1_000);
        return { x: x(i), y: x(i), truth: x(i) + error };
      });
    await rooms.baselines.register('loss', 'v1', { kind: 'rows', rows: rowsAt((i) => (i % 100) / 10) });
    rooms.clock.advance(2 * MINUTE);
    const served = rowsAt((i) => 5 + (i % 40) / 10);
    await send(rooms, 'loss', 'v1', { rows: served.map((row) => ({ values: { ...row, truth: null } })) });
    rooms.clock.advance(2 * MINUTE);
    await evaluate();
    const [result] = await results('loss');
    if (result?.estimate?.kind !== 'regression') throw new Error('no estimate');
    const mae = served.reduce((sum, { y, truth }) => sum + Math.abs(y - truth), 0) / served.length;
    expect(result.estimate.absoluteSkill.beatsConstant).toBe(true);
    expect(Math.abs((result.estimate.meanAbsoluteError.value ?? 0) / mae - 1)).toBeLessThan(0.1);
  });

  it('says why it cannot be estimated', async () => {
    await register('blank', {});
    await predict('blank', rowsOf('k'));
    rooms.clock.advance(2 * MINUTE);
    await evaluate();
    expect((await results('blank'))[0]).toMatchObject({ estimate: null, estimateReason: 'no-baseline' });
  });

  it('forgets what is older than it is to be kept', async () => {
    await rooms.performance.deleteBefore(rooms.clock.now() + DAY);
    await rooms.groundTruth.deleteBefore(Date.now() + DAY);
    expect(await results('after')).toEqual([]);
    expect(
      await test.database.query('select 1 from ground_truth union all select 1 from performance_window'),
    ).toEqual([]);
  });
});
