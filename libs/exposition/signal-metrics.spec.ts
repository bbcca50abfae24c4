import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { deleteSignalsOf, Signals, type SignalSample } from '#signals';
import { openTestDatabase, type TestDatabase } from '../../test/database.js';
import { SignalMetrics } from './signal-metrics.js';

const AT = Date.UTC(2026, 10, 23, 4);
const MINUTE = 60_000;

describe('SignalMetrics', () => {
  let test: TestDatabase;
  let signals: Signals;
  let now = AT;
  const registry = new Registry();
  beforeAll(async () => {
    test = await openTestDatabase();
    signals = new Signals(test.database);
    await signals.prepare([AT]);
    new SignalMetrics(registry, signals, { now: () => now });
  }, 60_000);
  afterAll(() => test.close());

  type Written = Pick<SignalSample, 'name' | 'value'> & Partial<SignalSample>;
  const write = async (...samples: Written[]): Promise<void> => {
    const filled = samples.map((sample) => ({
      ...{ model: 'm', labels: {}, unit: 'x', source: 'drift', at: AT },
      ...sample,
    }));
    await test.database.transaction((tx) => signals.write(tx, filled));
  };
  const shown = async (at: number): Promise<string[]> => {
    now = at;
    return (await registry.metrics()).split('\n').filter((line) => line.startsWith('leeway_signal{'));
  };

  it('shows the newest value with the labels of the signal, quoted; what was not measured has none', async () => {
    await write(
      { name: 'psi', value: 0.25, labels: { column: 'a "quoted" one', version: 'v1' } },
      { name: 'psi', value: 0.5, labels: { column: 'b' } },
      { name: 'ks', value: null },
    );
    await write({ name: 'psi', value: 0.75, labels: { column: 'b' }, at: AT + MINUTE });
    expect(await shown(AT + MINUTE)).toEqual([
      'leeway_signal{column="a \\"quoted\\" one",version="v1",model="m",signal="psi"} 0.25',
      'leeway_signal{column="b",model="m",signal="psi"} 0.75',
    ]);
  });

  it('writes names of labels that this format does not know as ones that it does', async () => {
    await write({
      name: 'odd',
      value: 1,
      model: 'odd',
      labels: { 'http.status-code': '200', '9th': 'x' },
      at: AT + MINUTE,
    });
    expect(await shown(AT + MINUTE + 10_000)).toContainEqual(
      'leeway_signal{_9th="x",http_status_code="200",model="odd",signal="odd"} 1',
    );
    await test.database.transaction((tx) => deleteSignalsOf(tx, 'odd'));
  });

  it('ends a series when its signal is stale: when as many samples are missing as its spacing says', async () => {
    // Written every minute: stale after five. Written once: after two hours.
    expect(await shown(AT + 6 * MINUTE)).toHaveLength(2);
    expect(await shown(AT + 7 * MINUTE)).toEqual([expect.stringContaining('column="a')]);
    expect(await shown(AT + 121 * MINUTE)).toEqual([]);
  });

  it('and when its model is deleted', async () => {
    await write({ name: 'latency', value: 1, model: 'gone' }, { name: 'latency', value: 2, model: 'kept' });
    expect(await shown(AT + 2 * MINUTE)).toHaveLength(4);
    await test.database.transaction((tx) => deleteSignalsOf(tx, 'gone'));
    expect(await shown(AT + 3 * MINUTE)).not.toContainEqual(expect.stringContaining('gone'));
  });

  it('says nothing of signals while the database cannot be read, and the page is there', async () => {
    const away = new Registry();
    const newest = (): Promise<never> => Promise.reject(new Error('away'));
    new SignalMetrics(away, { newest }, { now: () => now });
    const page = await away.metrics();
    expect(page).toContain('# TYPE leeway_signal gauge');
    expect(page).toContain('leeway_signals_not_shown 0');
  });

  it('asks once for scrapes at the same time, and shows no more than Prometheus can take', async () => {
    let asked = 0;
    const many = Array.from({ length: 20_003 }, (_, index) => ({
      ...{ name: 's', model: 'm', value: 1 },
      labels: { i: String(index) },
    }));
    const full = new Registry();
    const newest = (): Promise<typeof many> => {
      asked += 1;
      return Promise.resolve(many);
    };
    new SignalMetrics(full, { newest }, { now: () => now });
    const page = await full.metrics();
    expect(page.match(/^leeway_signal\{/gm)).toHaveLength(20_000);
    expect(page).toContain('leeway_signals_not_shown 3');
    await full.metrics();
    expect(asked).toBe(1);
  });
});
