import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  baselineComparisonAnswer,
  baselineDetailsAnswer,
  firstBaselineAnswer,
  newBaselineAnswer,
} from '../apps/server/api/responses.js';
import { startTestServer, type ApiAnswer, type TestServer } from './test-server.js';
import { evenRows } from './rooms.js';

const COLUMNS = [
  { name: 'x', role: 'feature', type: 'numeric' },
  { name: 'c', role: 'feature', type: 'categorical' },
];
const PATH = '/models/m/versions';

describe('baselines over HTTP', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
    await server.api('POST', '/models', {
      name: 'm',
      grain: '1s',
      capture: { fraction: 1, maxRowsPerWindow: 10_000 },
      baselineFromFirst: { span: '7d' },
    });
    for (const name of ['v1', 'v2', 'v3']) await server.api('POST', PATH, { name, columns: COLUMNS });
    await server.api('POST', PATH, { name: 'other', columns: [{ ...COLUMNS[0], type: 'categorical' }] });
  }, 60_000);
  afterAll(() => server.close());

  const register = (version: string, body: object, query = ''): Promise<ApiAnswer> =>
    server.api('POST', `${PATH}/${version}/baselines${query}`, body);
  const problemOf = ({ status, body }: ApiAnswer): unknown => [
    status,
    String(body['type']).replace('https://leeway.dev/problems/', ''),
  ];
  let first: string;
  let candidate: string;

  it('may be candidates, which count when they are promoted, and once only', async () => {
    const counted = newBaselineAnswer.strict().parse((await register('v1', { rows: evenRows(1_000) })).body);
    expect(counted).toMatchObject({ status: 'current', effectiveFrom: null });
    first = counted.id;
    const answer = await register('v1', { rows: evenRows(1_000, 0.5) }, '?promote=false');
    candidate = newBaselineAnswer.strict().parse(answer.body).id;
    expect(answer.body).toMatchObject({ status: 'candidate', effectiveFrom: null });
    expect(problemOf(await server.api('POST', `/baselines/${first}/promotion`))).toEqual([
      409,
      'baseline-counts-already',
    ]);
    const promoted = await server.api('POST', `/baselines/${candidate}/promotion`);
    expect(baselineDetailsAnswer.strict().parse(promoted.body).status).toMatch(/next|current/);
    expect(problemOf(await server.api('POST', '/baselines/999999/promotion'))).toEqual([404, 'not-found']);
    expect(problemOf(await register('v1', { rows: evenRows(9) }, '?promote=maybe'))).toEqual([
      400,
      'invalid-query',
    ]);
  });

  it('are compared with each other', async () => {
    const { body } = await server.api('GET', `/baselines/${first}/comparison?with=${candidate}`);
    const comparison = baselineComparisonAnswer.strict().parse(body);
    expect(comparison).toMatchObject({ id: first, with: candidate, verdict: 'drifted', hasOneGrid: false });
    expect(comparison.columns.map(({ column, verdict }) => [column, verdict])).toEqual([
      ['x', 'drifted'],
      ['c', 'ok'],
    ]);
    expect(problemOf(await server.api('GET', `/baselines/${first}/comparison`))).toEqual([
      400,
      'invalid-query',
    ]);
  });

  it('have importances, of features that there are', async () => {
    const { body } = await server.api('PUT', `/baselines/${first}/importances`, { x: 3 });
    expect(baselineDetailsAnswer.strict().parse(body).importances).toEqual({ x: 3 });
    const unknown = await server.api('PUT', `/baselines/${first}/importances`, { x: 3, y: 1 });
    expect(problemOf(unknown)).toEqual([422, 'column-unknown']);
    expect(unknown.body['detail']).toContain('"y"');
    expect(problemOf(await server.api('PUT', `/baselines/${first}/importances`, { x: -1 }))).toEqual([
      422,
      'invalid-body',
    ]);
  });

  it('are inherited where the columns fit', async () => {
    const { body } = await register('v2', { inherit: { version: 'v1' }, importances: { c: 2 } });
    expect(newBaselineAnswer.strict().parse(body)).toMatchObject({
      source: 'inherited',
      rowCount: 1_000,
      importances: { c: 2 },
    });
    const refused = await register('other', { inherit: { version: 'v1' } });
    expect(problemOf(refused)).toEqual([422, 'baseline-columns-differ']);
    expect(problemOf(await register('v2', { inherit: { version: 'v9' } }))).toEqual([404, 'not-found']);
  });

  it('are made of captured rows of a time range', async () => {
    const timestamp = new Date(Date.now() - 60_000).toISOString();
    await server.api('POST', `${PATH}/v3/inferences`, {
      rows: evenRows(500).map((values) => ({ timestamp, values })),
    });
    const range = { from: new Date(Date.now() - 3_600_000).toISOString(), to: new Date().toISOString() };
    const { body } = await register('v3', { capturedRows: range });
    expect(newBaselineAnswer.strict().parse(body)).toMatchObject({
      source: 'captured-rows',
      rowCount: 500,
      leftOutColumns: [],
    });
    const empty = { from: '2020-01-01T00:00:00Z', to: '2020-01-02T00:00:00Z' };
    expect(problemOf(await register('v3', { capturedRows: empty }))).toEqual([422, 'baseline-empty']);
  });

  it('are made of the first rows of production, and say what they wait for', async () => {
    const { body } = await server.api('GET', `${PATH}/other/first-baseline`);
    expect(firstBaselineAnswer.strict().parse(body)).toMatchObject({ version: 'other', rowCount: 0 });
    const has = await server.api('GET', `${PATH}/v1/first-baseline`);
    expect(firstBaselineAnswer.strict().parse(has.body).reason).not.toBe(body['reason']);
  });

  it.each<[what: string, body: object]>([
    ['two sources at once', { rows: evenRows(9), inherit: { version: 'v1' } }],
    ['no source', {}],
    [
      'a range that ends before it begins',
      { capturedRows: { from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' } },
    ],
    ['a profile that is none', { profile: { rowCount: 5 } }],
  ])('refuse %s', async (_, body) => {
    expect(problemOf(await register('v1', body))).toEqual([422, 'invalid-body']);
  });
});
