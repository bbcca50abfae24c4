import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openTestDatabase, type TestDatabase } from '../../test/database.js';
import type { SignalSample } from './schemas.js';
import { MAX_SIGNALS_PER_MODEL, Signals, signalTails } from './signals.js';

const AT = Date.UTC(2026, 10, 23, 4);

describe('signals', () => {
  let test: TestDatabase;
  let signals: Signals;
  beforeAll(async () => {
    test = await openTestDatabase();
    signals = new Signals(test.database);
    await signals.prepare([AT]);
  }, 60_000);
  afterAll(() => test.close());

  const sample = (over: Partial<SignalSample> = {}): SignalSample => ({
    name: 'latency',
    model: 'm',
    labels: { version: 'v1' },
    unit: 'seconds',
    source: 'test',
    at: AT,
    value: 1,
    ...over,
  });
  const tails = (count = 10, since = AT - 60_000) =>
    signalTails(test.database, { name: 'latency', model: 'm', matchers: {} }, since, count);

  it('keeps one series per label set, newest first, and an unmeasured sample as null', async () => {
    await signals.write(test.database, [
      sample(),
      sample({ at: AT + 1_000, value: null }),
      sample({ labels: { version: 'v2' }, value: NaN }),
    ]);
    expect(await tails()).toEqual([
      {
        name: 'latency',
        model: 'm',
        labels: { version: 'v1' },
        samples: [
          { at: AT + 1_000, value: null },
          { at: AT, value: 1 },
        ],
      },
      { name: 'latency', model: 'm', labels: { version: 'v2' }, samples: [{ at: AT, value: null }] },
    ]);
    expect((await tails(1))[0]?.samples).toHaveLength(1);
    expect((await tails(10, AT + 60_000))[0]?.samples).toEqual([]);
  });

  it('replaces a sample that is written again, and does not let a late one become the newest', async () => {
    await signals.write(test.database, [sample({ value: 7 })]);
    expect((await tails())[0]?.samples).toEqual([
      { at: AT + 1_000, value: null },
      { at: AT, value: 7 },
    ]);
    const { items } = await signals.list({ limit: 10, name: 'latency' });
    expect(items[0]).toMatchObject({ lastValue: null, lastAt: new Date(AT + 1_000).toISOString() });
  });

  it('answers history per label set, oldest first', async () => {
    const series = await signals.query(
      { name: 'latency', model: 'm', matchers: { version: 'v1' } },
      AT,
      AT + 10_000,
    );
    expect(series).toEqual([
      {
        name: 'latency',
        labels: { model: 'm', version: 'v1' },
        unit: 'seconds',
        samples: [
          [new Date(AT).toISOString(), 7],
          [new Date(AT + 1_000).toISOString(), null],
        ],
      },
    ]);
  });

  it("refuses a model's label explosion whole, and still takes the signals that it knows", async () => {
    const many = Array.from({ length: MAX_SIGNALS_PER_MODEL + 1 }, (_, id) =>
      sample({ model: 'wide', labels: { id: String(id) } }),
    );
    await expect(signals.write(test.database, many)).rejects.toMatchObject({ code: 'signal-limit-reached' });
    expect((await signals.list({ limit: 10, model: 'wide' })).items).toEqual([]);
    await signals.write(test.database, many.slice(1));
    await expect(signals.write(test.database, many.slice(0, 1))).rejects.toMatchObject({
      code: 'signal-limit-reached',
    });
    await signals.write(test.database, many.slice(1, 3));
  });
});
