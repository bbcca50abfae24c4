import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LeewayError, toRfc3339 } from '#platform';
import { categoryKey } from '#stats';
import { openTestDatabase, type TestDatabase } from '../../test/database.js';
import { connectRooms, registerVersion, send, START } from '../../test/rooms.js';
import type { ExampleQuery } from './captured-examples.js';
import { shownReason, type ColumnReference, type ExampleKind, type ExampleReason } from './example-kinds.js';
import { sampleRank } from './sampling.js';

describe('why a captured value is shown', () => {
  const range: ColumnReference = { kind: 'range', minimum: 0, maximum: 10 };
  const long = 'x'.repeat(300);
  const listed = new Set(['a', '', categoryKey(long)]);
  const categories: ColumnReference = { kind: 'categories', listed, isTruncated: false };
  const truncated: ColumnReference = { ...categories, isTruncated: true };
  const none: ColumnReference = { kind: 'none' };

  it.each<[string, string | null, ColumnReference, ExampleKind, string | undefined, ExampleReason | null]>([
    ['a missing value', null, range, 'missing', undefined, 'missing'],
    ['a missing value among any', null, none, 'any', undefined, 'missing'],
    ['a missing value is not out of range', null, range, 'out-of-range', undefined, null],
    ['a missing value is no category', null, categories, 'category', '', null],
    ['the smallest value of the baseline', '0', range, 'out-of-range', undefined, null],
    ['the largest value of the baseline', '10', range, 'any', undefined, 'any'],
    ['just below', '-5e-324', range, 'out-of-range', undefined, 'out-of-range'],
    ['just above', '10.000000000000002', range, 'any', undefined, 'out-of-range'],
    ['a listed category', 'a', categories, 'unseen', undefined, null],
    ['the empty category', '', categories, 'any', undefined, 'any'],
    ['a new category', 'b', categories, 'unseen', undefined, 'unseen'],
    ['a new category is no missing value', 'b', categories, 'missing', undefined, null],
    ['what only the case tells apart', 'A', categories, 'any', undefined, 'unseen'],
    ['a category that is known by its key', long, categories, 'unseen', undefined, null],
    ['a category that may have been rare', 'b', truncated, 'unseen', undefined, 'unlisted'],
    ['the category that is asked for', 'b', categories, 'category', 'b', 'category'],
    ['a long category by its key', long, categories, 'category', categoryKey(long), 'category'],
    ['another category', 'a', categories, 'category', 'b', null],
    ['without a baseline nothing stands out', '1e300', none, 'any', undefined, 'any'],
  ])('%s', (_name, text, reference, kind, value, expected) => {
    expect(shownReason(text, reference, { kind, value })).toBe(expected);
  });
});

describe('examples of a window', () => {
  let test: TestDatabase;
  let rooms: ReturnType<typeof connectRooms>;
  beforeAll(async () => {
    test = await openTestDatabase();
    rooms = connectRooms(test.database);
    await registerVersion(rooms.models, 'm', 'v1', undefined, COLUMNS);
    const baseline = Array.from({ length: 100 }, (_, i) => ({ ...typical, age: 20 + (i % 50) }));
    await rooms.baselines.register('m', 'v1', { kind: 'rows', rows: baseline });
    await send(rooms, 'm', 'v1', { payloadId: 'p', rows });
    await send(rooms, 'm', 'v1', {
      payloadId: 'other-window',
      rows: [{ timestamp: toRfc3339(START - 60_000), values: { ...typical, age: 999 } }],
    });
  }, 60_000);
  afterAll(() => test.close());

  const COLUMNS = [
    { name: 'age', role: 'feature', type: 'numeric' },
    { name: 'country', role: 'feature', type: 'categorical' },
    { name: 'member', role: 'feature', type: 'boolean' },
    { name: 'note', role: 'feature', type: 'text' },
    { name: 'secret', role: 'feature', type: 'categorical' },
  ];
  const typical = { age: 30, country: 'DE', member: true, note: 'a note', secret: 's' };
  const odd = {
    old: { age: 150 },
    negative: { age: -1 },
    ageless: { age: null },
    foreign: { country: 'FR' },
    homeless: { country: null },
    guest: { member: false },
    silent: { note: null },
  };
  const rows = [
    ...Array.from({ length: 10 }, (_, i) => ({ inferenceId: `typical-${i}`, values: typical })),
    ...Object.entries(odd).map(([inferenceId, values]) => ({
      inferenceId,
      values: { ...typical, ...values },
    })),
  ];

  const find = (query: Partial<ExampleQuery> & { column: string }, start = START) =>
    rooms.capturedExamples.find('m', 'v1', start, { kind: 'any', value: undefined, limit: 20, ...query });
  const shown = async (query: Partial<ExampleQuery> & { column: string }) =>
    (await find(query)).examples.map(({ inferenceId, kind, value }) => [inferenceId, kind, value]);
  const byRank = (ids: string[]): string[] => ids.toSorted((a, b) => sampleRank(a) - sampleRank(b));

  it('are whole captured rows, with the value and why each is shown', async () => {
    const [baseline] = (await rooms.baselines.list('m', 'v1', { limit: 1 })).items;
    const { secret: _secret, ...captured } = typical;
    expect(await find({ column: 'country', kind: 'unseen' })).toEqual({
      model: 'm',
      version: 'v1',
      start: toRfc3339(START),
      column: 'country',
      baselineId: baseline?.id,
      examples: [
        {
          inferenceId: 'foreign',
          timestamp: toRfc3339(START),
          kind: 'unseen',
          value: 'FR',
          values: { ...captured, member: 'true', country: 'FR' },
        },
      ],
    });
  });

  it.each<[string, Partial<ExampleQuery> & { column: string }, [string, string, unknown][]]>([
    [
      'values beyond the minimum and maximum of the baseline',
      { column: 'age', kind: 'out-of-range' },
      byRank(['old', 'negative']).map((id) => [id, 'out-of-range', id === 'old' ? 150 : -1]),
    ],
    ['missing numbers', { column: 'age', kind: 'missing' }, [['ageless', 'missing', null]]],
    ['missing texts', { column: 'note', kind: 'missing' }, [['silent', 'missing', null]]],
    [
      'a boolean that was always the same',
      { column: 'member', kind: 'unseen' },
      [['guest', 'unseen', 'false']],
    ],
    ['one category', { column: 'country', kind: 'category', value: 'FR' }, [['foreign', 'category', 'FR']]],
  ])('of one kind: %s', async (_name, query, expected) => {
    expect(await shown(query)).toEqual(expected);
  });

  it('of any kind: what stands out first, then the others by sample rank', async () => {
    const others = byRank(rows.map(({ inferenceId }) => inferenceId)).filter(
      (id) => !['foreign', 'homeless'].includes(id),
    );
    expect(await shown({ column: 'country', limit: 5 })).toEqual([
      ['foreign', 'unseen', 'FR'],
      ['homeless', 'missing', null],
      ...others.slice(0, 3).map((id) => [id, 'any', 'DE']),
    ]);
    expect(await shown({ column: 'country', limit: 1 })).toEqual([['foreign', 'unseen', 'FR']]);
  });

  it('leave a column out that was redacted after its rows were captured, and refuse to look at it', async () => {
    const { id: _id, grainMs: _grain, createdAt: _at, ...spec } = await rooms.models.get('m');
    await rooms.models.put({ ...spec, capture: { ...spec.capture, redactedColumns: ['secret', 'note'] } });
    const { examples } = await find({ column: 'country', limit: 1 });
    expect(Object.keys(examples[0]?.values ?? {}).sort()).toEqual(['age', 'country', 'member']);
    const { items } = await rooms.capturedRows.list('m', 'v1', { limit: 1 });
    expect(Object.keys(items[0]?.values ?? {}).sort()).toEqual(['age', 'country', 'member']);
    await expect(find({ column: 'note' })).rejects.toMatchObject({ code: 'column-redacted' });
    await rooms.models.put(spec);
  });

  it('of a window from before the first baseline: nothing can be out of range, the rest is shown', async () => {
    await registerVersion(rooms.models, 'bare', 'v1', undefined, COLUMNS);
    await send(rooms, 'bare', 'v1', { payloadId: 'p', rows });
    const query = { column: 'age', kind: 'missing', value: undefined, limit: 20 } as const;
    expect(await rooms.capturedExamples.find('bare', 'v1', START, query)).toMatchObject({
      baselineId: null,
      examples: [{ inferenceId: 'ageless' }],
    });
    await expect(
      rooms.capturedExamples.find('bare', 'v1', START, { ...query, kind: 'out-of-range' }),
    ).rejects.toThrow(/no baseline counts for this window/);
  });

  it('take a half that lacks the column for no missing value', async () => {
    const columns = [...COLUMNS.slice(0, 1), { name: 'risk', role: 'prediction', type: 'numeric' }];
    await registerVersion(rooms.models, 'halved', 'v1', undefined, columns);
    await send(rooms, 'halved', 'v1', { rows: [{ inferenceId: 'half', values: { age: 1 } }] }, 'request');
    await test.database.query(`update captured_half set arrived_at = arrived_at - interval '1 hour'`);
    await rooms.pairing.run();
    const query = { kind: 'any', value: undefined, limit: 20 } as const;
    const idsOf = async (column: string) =>
      (await rooms.capturedExamples.find('halved', 'v1', START, { ...query, column })).examples.map(
        ({ inferenceId }) => inferenceId,
      );
    expect([await idsOf('age'), await idsOf('risk')]).toEqual([['half'], []]);
  });

  it.each<[string, () => Promise<unknown>, string, RegExp]>([
    ['a window that is not there', () => find({ column: 'age' }, START + 60_000), 'not-found', /no window/],
    ['a column that is not there', () => find({ column: 'agee' }), 'column-unknown', /"agee"; it has "age"/],
    ['a redacted column', () => find({ column: 'secret' }), 'column-redacted', /counted but never captured/],
    [
      'a range of categories',
      () => find({ column: 'country', kind: 'out-of-range' }),
      'invalid-query',
      /numeric/,
    ],
    ['an unseen number', () => find({ column: 'age', kind: 'unseen' }), 'invalid-query', /categorical/],
    ['an unseen text', () => find({ column: 'note', kind: 'unseen' }), 'invalid-query', /"note" is text/],
    [
      'no category',
      () => find({ column: 'country', kind: 'category' }),
      'invalid-query',
      /name the category/,
    ],
    ['a value of no category', () => find({ column: 'country', value: 'DE' }), 'invalid-query', /only there/],
  ])('cannot be had of %s, and say so', async (_name, run, code, message) => {
    const error = await run().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(LeewayError);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) as unknown });
  });
});
