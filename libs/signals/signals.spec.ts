import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openTestDatabase, type TestDatabase } from '../../test/database.js';
import type { Sql } from '#platform';
import type { SignalSample } from './schemas.js';
import { parseMatchers } from './label-matchers.js';
import {
  MAX_COLLECTED_SIGNALS_PER_MODEL,
  MAX_SIGNALS_PER_COLLECTOR,
  MAX_SIGNALS_PER_MODEL,
  type SignalRefusal,
} from './signal-limits.js';
import { Signals, signalTails } from './signals.js';

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
    const { items } = await signals.list({ limit: 10, name: 'latency' }, AT);
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
        source: 'test',
        samples: [
          [new Date(AT).toISOString(), 7],
          [new Date(AT + 1_000).toISOString(), null],
        ],
      },
    ]);
  });

  const MINUTE = 60_000;
  const countOf = async (model: string): Promise<number> => {
    const [row] = await test.database.query<{ count: string }>(
      'select count(*) as count from signal where model = $1',
      [model],
    );
    return Number(row?.count);
  };
  const wide = (model: string, count: number, over: Partial<SignalSample> = {}): SignalSample[] =>
    Array.from({ length: count }, (_, id) =>
      sample({ model, labels: { id: String(id), pod: 'a' }, ...over }),
    );

  describe('limits', () => {
    it('refuse the name whose labels explode, name the label, and take what is beside it', async () => {
      const refused: SignalRefusal[] = [];
      const told = new Signals(test.database, (refusal) => refused.push(refusal));
      const explosion = wide('wide', MAX_SIGNALS_PER_MODEL);
      const batch = [...explosion, sample({ model: 'wide', name: 'drift' })];
      expect(await told.write(test.database, batch)).toMatchObject([
        { code: 'signal-limit-reached', name: 'latency', refusedCount: MAX_SIGNALS_PER_MODEL },
      ]);
      expect(await countOf('wide')).toBe(1);
      await told.write(test.database, batch);
      expect(refused).toHaveLength(1);
      expect(refused[0]?.detail).toMatch(
        /of the 10000 that the model "wide" may have; the label "id" has the most values \(10000\)/,
      );
      expect(await signals.problems('wide')).toMatchObject([
        { source: 'test', model: 'wide', name: 'latency', detail: refused[0]?.detail },
      ]);
    });

    it('go on writing signals that exist, and leave room for what Leeway finds out itself', async () => {
      const collected = { source: 'collector:a' };
      await signals.write(test.database, wide('busy', MAX_SIGNALS_PER_COLLECTOR, collected));
      const more = [
        sample({ ...collected, model: 'busy', name: 'new' }),
        ...wide('busy', 3, { ...collected, at: AT + 1, value: 9 }),
      ];
      expect(await signals.write(test.database, more)).toMatchObject([
        { name: 'new', source: 'collector:a' },
      ]);
      const [series] = await signals.query(
        { name: 'latency', model: 'busy', matchers: { id: '2' } },
        AT,
        AT + 10,
      );
      expect(series?.samples.map(([, value]) => value)).toEqual([1, 9]);

      await signals.write(
        test.database,
        wide('busy', MAX_SIGNALS_PER_COLLECTOR, { source: 'collector:b', name: 'b' }),
      );
      expect(await countOf('busy')).toBe(MAX_COLLECTED_SIGNALS_PER_MODEL);
      expect(
        await signals.write(test.database, wide('busy', 1, { source: 'collector:c', name: 'c' })),
      ).toHaveLength(1);
      expect(
        await signals.write(test.database, wide('busy', 1_000, { source: 'drift', name: 'psi' })),
      ).toEqual([]);
    });

    it('free the place of signals that nobody has written for as long as samples are kept', async () => {
      const other = await openTestDatabase();
      try {
        const store = new Signals(other.database);
        await store.prepare([AT, AT + 86_400_000]);
        await store.write(other.database, [
          sample({ name: 'old' }),
          sample({ name: 'kept', at: AT + 86_400_000 }),
        ]);
        await store.reportProblems(
          other.database,
          { source: 'test', model: 'm' },
          [{ name: 'x', detail: 'y' }],
          AT,
        );
        await store.dropBefore(AT + 86_400_000);
        expect((await store.list({ limit: 10 }, AT)).items.map(({ name }) => name)).toEqual(['kept']);
        expect(await store.problems(null)).toEqual([]);
      } finally {
        await other.close();
      }
    });
  });

  describe('problems', () => {
    const of = { source: 'collector:p', model: 'p' };
    const p = (over: Partial<SignalSample> = {}) => sample({ model: 'p', source: 'collector:p', ...over });
    const lastErrors = async () =>
      (await signals.list({ limit: 10, model: 'p' }, AT)).items
        .map(({ name, lastError }) => [name, lastError?.detail ?? null])
        .sort();

    it('are of one signal or of all that a source writes, and end with what is reported next', async () => {
      await signals.write(test.database, [p(), p({ name: 'errors' })]);
      await signals.reportProblems(
        test.database,
        of,
        [
          { name: 'latency', detail: 'no data' },
          { name: 'latency', detail: 'NaN' },
        ],
        AT,
      );
      expect(await lastErrors()).toEqual([
        ['errors', null],
        ['latency', 'no data; NaN'],
      ]);
      await signals.reportProblems(test.database, of, [{ name: null, detail: 'refused' }], AT + 1);
      expect(await lastErrors()).toEqual([
        ['errors', 'refused'],
        ['latency', 'refused'],
      ]);
      await signals.reportProblems(test.database, of, [], AT + 2);
      expect(await signals.problems('p')).toEqual([]);
    });

    it('keep since when they are there while they say the same, and hold any text', async () => {
      const detail = `a NUL \0 and half a pair \ud800 ${'x'.repeat(5_000)}`;
      await signals.reportProblems(test.database, of, [{ name: 'latency', detail }], AT);
      await signals.reportProblems(test.database, of, [{ name: 'latency', detail }], AT + MINUTE);
      expect(await signals.problems('p')).toMatchObject([
        { since: new Date(AT).toISOString(), at: new Date(AT + MINUTE).toISOString() },
      ]);
    });

    it('end with a later sample that was measured, not with one of the same time or without a value', async () => {
      await signals.reportProblems(
        test.database,
        of,
        [
          { name: 'latency', detail: 'no data' },
          { name: 'errors', detail: 'no data' },
        ],
        AT + MINUTE,
      );
      await signals.write(test.database, [p({ at: AT + MINUTE }), p({ at: AT + 2 * MINUTE, value: null })]);
      expect(await lastErrors()).toEqual([
        ['errors', 'no data'],
        ['latency', 'no data'],
      ]);
      await signals.write(test.database, [p({ at: AT + 3 * MINUTE })]);
      expect(await lastErrors()).toEqual([
        ['errors', 'no data'],
        ['latency', null],
      ]);
    });
  });

  describe('queries', () => {
    const series = (version: string, endpoint: string, at: number, value: number | null, isAtLeast = false) =>
      sample({ model: 'q', labels: { version, endpoint }, at, value, isAtLeast });
    const ask = (match: string, span = { from: AT, to: AT + 10 * MINUTE, stepMs: MINUTE }) =>
      signals.queryRange(
        { name: 'latency', model: null, matchers: {}, conditions: parseMatchers(`model="q",${match}`) },
        span,
      );
    const minutes = (samples: readonly (readonly [string, number | null])[] = []) =>
      samples.map(([at, value]) => [(Date.parse(at) - AT) / MINUTE, value]);

    beforeAll(() =>
      signals.write(test.database, [
        ...[0, 1, 2, 8].map((at) => series('v1', '/a', AT + at * MINUTE, at)),
        series('v1', '/a', AT + 1.5 * MINUTE, 1.5),
        series('v2', '/b', AT, 5),
        series('v2', '/b', AT + 2 * MINUTE, null),
        series('v2', '/b', AT + 4 * MINUTE, 1, true),
      ]),
    );

    it('give the newest sample of each step, carry it until it is stale, and leave a gap then', async () => {
      const [a] = await ask('version="v1"');
      expect(minutes(a?.samples)).toEqual([
        ...[
          [0, 0],
          [1, 1],
          [2, 2],
          [3, 2],
          [4, 2],
          [5, 2],
          [6, 2],
          [8, 8],
          [9, 8],
          [10, 8],
        ],
      ]);
    });

    it('keep what could not be measured as null, and say what is at least', async () => {
      const [b] = await ask('version="v2"');
      expect(minutes(b?.samples).slice(0, 6)).toEqual([
        [0, 5],
        [1, 5],
        [2, null],
        [3, null],
        [4, 1],
        [5, 1],
      ]);
      expect(b?.atLeastAt?.[0]).toBe(new Date(AT + 4 * MINUTE).toISOString());
    });

    it('start with what was known before the range, and look back a whole step', async () => {
      expect(
        minutes(
          (await ask('version="v1"', { from: AT + 5 * MINUTE, to: AT + 5 * MINUTE, stepMs: 1_000 }))[0]
            ?.samples,
        ),
      ).toEqual([[5, 2]]);
      expect(
        minutes(
          (
            await ask('version="v1"', { from: AT + 60 * MINUTE, to: AT + 60 * MINUTE, stepMs: 60 * MINUTE })
          )[0]?.samples,
        ),
      ).toEqual([[60, 8]]);
    });

    it.each<[string, string[]]>([
      ['version="v1"', ['/a']],
      ['version!="v1"', ['/b']],
      ['endpoint=~"/[ab]"', ['/a', '/b']],
      ['endpoint=~"[ab]"', []],
      ['endpoint!~"/a|/x"', ['/b']],
      ['missing=""', ['/a', '/b']],
      ['missing!=""', []],
    ])('find %s', async (match, expected) => {
      expect((await ask(match)).map(({ labels }) => labels['endpoint'])).toEqual(expected);
      const { items } = await signals.list({ limit: 10, model: 'q', conditions: parseMatchers(match) }, AT);
      expect(items.map(({ labels }) => labels['endpoint'])).toEqual(expected);
    });

    it('refuse more values than an answer holds', async () => {
      await expect(
        ask('version="v1"', { from: AT, to: AT + 11_000_000, stepMs: 1_000 }),
      ).rejects.toMatchObject({ code: 'range-too-wide' });
      const many = { name: 'latency', model: 'busy', matchers: {} };
      await expect(
        signals.queryRange(many, { from: AT, to: AT + 100_000, stepMs: 1_000 }),
      ).rejects.toMatchObject({ code: 'range-too-wide' });
    });

    it('go through the pages of a list that is filtered', async () => {
      const conditions = parseMatchers('id=~"1.*"');
      const ids: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await signals.list(
          { limit: 300, model: 'busy', name: 'latency', conditions, cursor },
          AT,
        );
        ids.push(...page.items.map(({ labels }) => labels['id'] ?? ''));
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      const expected = Array.from({ length: MAX_SIGNALS_PER_COLLECTOR }, (_, id) => String(id));
      expect(ids.sort()).toEqual(expected.filter((id) => id.startsWith('1')).sort());
    });
  });

  it('knows from the spacing of its samples when a signal is stale', async () => {
    const isStale = async (now: number): Promise<boolean | undefined> =>
      (await signals.list({ limit: 1, model: 's' }, now)).items[0]?.stale;
    const write = (at: number) => signals.write(test.database, [sample({ model: 's', at })]);
    await write(AT);
    expect([await isStale(AT + 119 * MINUTE), await isStale(AT + 121 * MINUTE)]).toEqual([false, true]);
    await write(AT + 10 * MINUTE);
    expect([await isStale(AT + 40 * MINUTE), await isStale(AT + 41 * MINUTE)]).toEqual([false, true]);
    await write(AT + 10 * MINUTE + 1_000);
    await write(AT + 600 * MINUTE);
    expect([await isStale(AT + 605 * MINUTE), await isStale(AT + 606 * MINUTE)]).toEqual([false, true]);
  });

  it('writes ten thousand samples in a few statements', async () => {
    let statements = 0;
    const counting: Sql = {
      query: (text, values) => {
        statements += 1;
        return test.database.query(text, values);
      },
    };
    await signals.write(counting, wide('many', 10_000, { source: 'drift' }));
    expect(statements).toBeLessThanOrEqual(3);
  });
});
