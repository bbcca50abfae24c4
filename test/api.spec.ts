import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { parseEnvironment, systemClock } from '#platform';
import { configSchema } from '../apps/server/config.js';
import { startServer, type RunningServer } from '../apps/server/server.js';
import { createTestPlace, type TestPlace } from './database.js';
import { evenRows } from './rooms.js';

const ADMIN_KEY = 'lw_test_admin_key_0123456789';
const PROBLEM = 'https://leeway.dev/problems/';

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown> & { readonly items?: Record<string, unknown>[] };
}

describe('REST API', () => {
  let place: TestPlace;
  let server: RunningServer;

  beforeAll(async () => {
    place = await createTestPlace();
    const parsed = parseEnvironment({
      LEEWAY_PORT: '0',
      LEEWAY_ADMIN_KEY: ADMIN_KEY,
      LEEWAY_DATA_DIR: place.dataDir,
      ...(place.databaseUrl === null ? {} : { DATABASE_URL: place.databaseUrl }),
    });
    if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
    server = await startServer({
      environment: parsed.value,
      config: configSchema.parse({}),
      env: {},
      clock: systemClock,
      logger: pino({ level: 'silent' }),
    });
    await api('POST', '/models', { name: 'm', grain: '1m', capture: { fraction: 1 } });
    await api('POST', '/models/m/versions', { name: 'v1', columns: COLUMNS });
  }, 60_000);
  afterAll(async () => {
    await server.stop();
    await place.remove();
  });

  const COLUMNS = [
    { name: 'x', role: 'feature', type: 'numeric' },
    { name: 'c', role: 'feature', type: 'categorical' },
  ];
  const BASELINES = '/models/m/versions/v1/baselines';
  const INFERENCES = '/models/m/versions/v1/inferences';

  async function raw(
    method: string,
    path: string,
    init: { body?: string | Buffer; type?: string; key?: string | null } = {},
  ): Promise<Answer> {
    const { body, type = 'application/json', key = ADMIN_KEY } = init;
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': type }),
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      },
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: (text.startsWith('{') ? JSON.parse(text) : { text }) as Answer['body'],
    };
  }
  const api = (
    method: string,
    path: string,
    body?: unknown,
    key: string | null = ADMIN_KEY,
  ): Promise<Answer> =>
    raw(method, `/api/v1${path}`, body === undefined ? { key } : { body: JSON.stringify(body), key });

  describe('bad input gets its own problem, that says where', () => {
    const rows = [{ values: { x: 1, c: 'a' } }];
    it.each<
      [string, string, string, { body?: string; type?: string; key?: string | null }, number, string, RegExp]
    >([
      [
        'invalid JSON',
        'POST',
        INFERENCES,
        { body: '{"rows": [' },
        400,
        'invalid-json',
        /position|end of JSON/,
      ],
      ['an empty body', 'POST', INFERENCES, { body: '' }, 400, 'body-empty', /no body/],
      [
        'a body of the wrong shape',
        'POST',
        INFERENCES,
        { body: '{"rows": 7}' },
        422,
        'invalid-body',
        /\/rows/,
      ],
      [
        'a field that nobody knows',
        'POST',
        INFERENCES,
        { body: '{"rows": [], "row": 1}' },
        422,
        'invalid-body',
        /row/,
      ],
      [
        'a payload without rows',
        'POST',
        INFERENCES,
        { body: '{"rows": []}' },
        422,
        'payload-empty',
        /0 rows/,
      ],
      [
        'a wrong type in a definition',
        'POST',
        '/models',
        { body: '{"name": "n", "grain": 5}' },
        422,
        'invalid-body',
        /\/grain/,
      ],
      ['a list as body', 'POST', '/models', { body: '[]' }, 422, 'invalid-body', /root/],
      ['null as body', 'POST', '/models', { body: 'null' }, 400, 'body-empty', /no body/],
      [
        'a text that cannot be stored',
        'POST',
        '/models',
        { body: '{"name": "n", "description": "\\u0000"}' },
        422,
        'invalid-body',
        /NUL/,
      ],
      [
        'an unknown model',
        'POST',
        '/models/zz/versions/v1/inferences',
        { body: JSON.stringify({ rows }) },
        404,
        'not-found',
        /no model "zz"/,
      ],
      [
        'an unknown version',
        'POST',
        '/models/m/versions/zz/inferences',
        { body: JSON.stringify({ rows }) },
        404,
        'not-found',
        /no version "zz"/,
      ],
      ['an unknown path', 'GET', '/nothing', {}, 404, 'not-found', /nothing/],
      ['an id that is none', 'GET', '/alerts/abc', {}, 404, 'not-found', /abc/],
      ['an id that nobody has', 'GET', '/alerts/999999', {}, 404, 'not-found', /999999/],
      ['a query of the wrong type', 'GET', '/alerts?limit=many', {}, 400, 'invalid-query', /\/limit/],
      ['a cursor from elsewhere', 'GET', '/models?cursor=zzz', {}, 400, 'invalid-cursor', /cursor/],
      ['a NUL in the URL', 'GET', '/models/%00', {}, 400, 'invalid-query', /NUL/],
      ['a URL that cannot be decoded', 'GET', '/models/%zz', {}, 400, 'invalid-query', /./],
      [
        'another content type',
        'POST',
        '/models',
        { body: 'x', type: 'text/plain' },
        415,
        'unsupported-media-type',
        /./,
      ],
      [
        'CSV where JSON is due',
        'POST',
        '/models',
        { body: 'a,b', type: 'text/csv' },
        415,
        'unsupported-media-type',
        /application\/json/,
      ],
      [
        'a CSV with a broken line',
        'POST',
        BASELINES,
        { body: 'x,c\n1,a\n2,b,c\n', type: 'text/csv' },
        422,
        'baseline-unreadable',
        /line 3/,
      ],
      [
        'a CSV without a column',
        'POST',
        BASELINES,
        { body: 'x\n1\n', type: 'text/csv' },
        422,
        'baseline-unreadable',
        /"c"/,
      ],
      [
        'a baseline of 0 rows',
        'POST',
        BASELINES,
        { body: 'x,c\n', type: 'text/csv' },
        422,
        'baseline-empty',
        /0 rows/,
      ],
      [
        'baseline rows that are none',
        'POST',
        BASELINES,
        { body: '{"rows": [1]}' },
        422,
        'invalid-body',
        /rows/,
      ],
      [
        'a name in the path that is too long',
        'GET',
        `/models/${'a'.repeat(3_000)}`,
        {},
        400,
        'invalid-query',
        /./,
      ],
      [
        'a duration that nobody means',
        'POST',
        '/models',
        { body: '{"name": "n", "grain": "99999999999999d"}' },
        422,
        'invalid-body',
        /grain/,
      ],
      ['a status that no run has', 'GET', '/retraining-runs?status=done', {}, 400, 'invalid-query', /status/],
      [
        'a column that JSON parsers drop',
        'POST',
        '/models/m/versions',
        { body: '{"name": "p", "columns": [{"name": "__proto__", "role": "feature", "type": "numeric"}]}' },
        422,
        'invalid-body',
        /columns/,
      ],
      [
        'a name in the path that none can have',
        'PUT',
        '/models/a%20b',
        { body: '{}' },
        422,
        'invalid-body',
        /name/,
      ],
      ['no key', 'GET', '/models', { key: null }, 401, 'unauthenticated', /Authorization/],
      [
        'a wrong key',
        'GET',
        '/models',
        { key: 'lw_0123456789ab_' + 'x'.repeat(43) },
        401,
        'unauthenticated',
        /not known/,
      ],
      [
        'what exists already',
        'POST',
        '/models',
        { body: '{"name": "m"}' },
        409,
        'already-exists',
        /\/api\/v1\/models\/m/,
      ],
    ])('%s', async (_name, method, path, init, status, code, detail) => {
      const answer = await raw(method, `/api/v1${path}`, init);
      expect(answer.body).toMatchObject({
        type: PROBLEM + code,
        status,
        title: expect.any(String) as unknown,
        instance: expect.stringMatching(/^\/requests\//) as unknown,
      });
      expect(answer.status).toBe(status);
      expect(answer.body['detail']).toMatch(detail);
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
    });

    it('a body of 100 MB, and the next request still works', async () => {
      const answer = await raw('POST', `/api/v1${INFERENCES}`, { body: Buffer.alloc(100_000_000, 'a') });
      expect(answer).toMatchObject({ status: 413, body: { type: `${PROBLEM}payload-too-large` } });
      expect((await api('GET', '/models')).status).toBe(200);
    });

    it('a key without the scope', async () => {
      const created = await api('POST', '/api-keys', { name: 'sender', scopes: ['ingest'] });
      const key = String(created.body['key']);
      expect(await api('GET', '/models', undefined, key)).toMatchObject({
        status: 403,
        body: { type: `${PROBLEM}forbidden`, detail: expect.stringContaining('"read"') as unknown },
      });
      expect((await api('POST', INFERENCES, { rows: [{ values: { x: 1, c: 'a' } }] }, key)).status).toBe(202);
      expect(JSON.stringify((await api('GET', '/api-keys')).body)).not.toContain(key);
    });

    it('none of it has left anything behind', async () => {
      expect((await api('GET', '/models')).body.items?.map(({ name }) => name)).toEqual(['m']);
      expect((await api('GET', BASELINES)).body.items).toEqual([]);
      const windows = await api('GET', '/models/m/versions/v1/windows');
      // Payloads that could not be read are counted in the window of their moment, which may have no rows.
      const counts = windows.body.items?.map(({ rowCount, rejectedCount }) => [rowCount, rejectedCount]);
      expect(counts?.filter(([rowCount, rejectedCount]) => rowCount !== 0 || rejectedCount !== 0)).toEqual([
        [1, 0],
      ]);
    });
  });

  it('keeps the good rows of a payload, and says which were refused and why', async () => {
    await api('PUT', '/models/m/versions/v2', { columns: COLUMNS });
    const rows = [
      { values: { x: 1, c: 'a' } },
      { values: { x: 'one', c: 'a' } },
      { values: { c: 'a' } },
      { values: { x: null, c: null } },
    ];
    const { status, body } = await api('POST', '/models/m/versions/v2/inferences', { payloadId: 'p1', rows });
    expect([status, body]).toEqual([
      202,
      {
        payloadId: 'p1',
        status: 'accepted',
        receivedCount: 4,
        acceptedCount: 2,
        rejectedCount: 2,
        rejections: [
          {
            row: 1,
            column: 'x',
            reason: 'wrong-type',
            message: 'row 1: "x" is the string "one"; the schema says numeric',
          },
          { row: 2, column: 'x', reason: 'missing-column', message: 'row 2 has no value for the column "x"' },
        ],
        omittedRejectionCount: 0,
        part: 'whole',
        sampledOutCount: 0,
        ignoredColumns: [],
      },
    ]);
    expect(
      (await api('POST', '/models/m/versions/v2/inferences', { payloadId: 'p1', rows })).body['status'],
    ).toBe('duplicate');
    const [window] = (await api('GET', '/models/m/versions/v2/windows')).body.items ?? [];
    expect(window).toMatchObject({
      rowCount: 2,
      rejectedCount: 2,
      rejections: { 'wrong-type': 1, 'missing-column': 1 },
    });
    const profile = await api('GET', `/models/m/versions/v2/windows/${String(window?.['start'])}/profile`);
    expect(profile.body).toMatchObject({ profiles: [{ segment: 'all', rowCount: 2 }] });
  });

  it('counts late rows in their own window for as long as windows are kept, and refuses older ones', async () => {
    await api('PUT', '/models/m/versions/late', { columns: COLUMNS });
    const DAY = 86_400_000;
    const rows = [89, 91].map((days) => ({
      timestamp: new Date(Date.now() - days * DAY).toISOString(),
      values: { x: 1, c: 'a' },
    }));
    const { body } = await api('POST', '/models/m/versions/late/inferences', { rows });
    expect(body).toMatchObject({ acceptedCount: 1, rejections: [{ row: 1, reason: 'stale-timestamp' }] });
    const windows = (await api('GET', '/models/m/versions/late/windows')).body.items ?? [];
    expect(windows[0]).toMatchObject({ rowCount: 1, receivedCount: 1 });
    expect(Date.now() - Date.parse(String(windows[0]?.['start']))).toBeGreaterThan(88 * DAY);
  });

  it('takes a baseline and judges windows against it', async () => {
    await api('PUT', '/models/m/versions/v3', { columns: COLUMNS });
    const csv = `x,c\n${evenRows(3_000)
      .map(({ x, c }) => `${x},${c}`)
      .join('\n')}\n`;
    const baseline = await raw('POST', '/api/v1/models/m/versions/v3/baselines', {
      body: csv,
      type: 'text/csv',
    });
    expect(baseline).toMatchObject({
      status: 201,
      body: { rowCount: 3_000, source: 'csv', effectiveFrom: null },
    });
    expect((await api('GET', `/baselines/${String(baseline.body['id'])}`)).body).toEqual(baseline.body);
    await api('POST', '/models/m/versions/v3/inferences', {
      rows: evenRows(1_000, 0.5).map((values) => ({ values })),
    });
    const range = {
      from: new Date(Date.now() - 120_000).toISOString(),
      to: new Date(Date.now() + 60_000).toISOString(),
    };
    const result = await api('POST', '/models/m/versions/v3/drift-evaluations', range);
    expect(result).toMatchObject({ status: 200, body: { verdict: 'drifted', rowCount: 1_000 } });
  });

  it('creates what is named once, changes it by PUT, and removes it', async () => {
    const rule = { name: 'r', signal: 'model_drift_verdict', condition: { op: '>=', threshold: 2 } };
    expect((await api('POST', '/rules', rule)).status).toBe(201);
    expect((await api('POST', '/rules', rule)).status).toBe(409);
    expect(
      (await api('PUT', '/rules/r', { ...rule, name: undefined, severity: 'critical' })).body,
    ).toMatchObject({ name: 'r', severity: 'critical' });
    expect((await api('PUT', '/rules/r', { ...rule, name: 'other' })).status).toBe(422);
    expect((await api('POST', '/models/m/monitors', { name: 'odd', span: '90s' })).body).toMatchObject({
      type: `${PROBLEM}invalid-body`,
      errors: [{ pointer: '/span' }],
    });
    expect((await api('POST', '/models/m/monitors', { name: 'daily', span: '24h' })).status).toBe(201);
    expect((await api('DELETE', '/models/m/monitors/daily')).status).toBe(204);
    expect((await api('DELETE', '/rules/r')).status).toBe(204);
    expect((await api('GET', '/rules/r')).status).toBe(404);
  });

  it('says whether it lives, whether it is ready, and how it does, without a key', async () => {
    expect(await raw('GET', '/health/live', { key: null })).toMatchObject({
      status: 200,
      body: { status: 'live' },
    });
    expect(await raw('GET', '/health/ready', { key: null })).toMatchObject({
      status: 200,
      body: { status: 'ready', checks: { database: 'ok' } },
    });
    const metrics = await raw('GET', '/metrics', { key: null });
    expect(metrics.headers.get('content-type')).toContain('version=0.0.4');
    expect(metrics.body['text']).toContain('leeway_ingest_rows_total{outcome="accepted"}');
  });

  it('describes itself in OpenAPI 3.1: every route, with its bodies, and a page to browse', async () => {
    const { body } = await raw('GET', '/api/openapi.json', { key: null });
    expect(body['openapi']).toBe('3.1.0');
    const paths = body['paths'] as Record<
      string,
      Record<string, { summary?: string; requestBody?: unknown; responses?: Record<string, unknown> }>
    >;
    for (const [path, operations] of Object.entries(paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        expect([path, method, operation.summary]).toEqual([path, method, expect.any(String)]);
        const success = Object.entries(operation.responses ?? {}).find(([status]) => status.startsWith('2'));
        if (path.startsWith('/api/v1') && method !== 'delete') {
          expect([path, method, JSON.stringify(success)]).toEqual([
            path,
            method,
            expect.stringContaining('"schema"') as unknown,
          ]);
        }
        if (['post', 'put', 'patch'].includes(method) && !/\/(end|promotion)$/.test(path))
          expect([path, method, operation.requestBody]).toEqual([path, method, expect.anything()]);
      }
    }
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining([
        '/api/v1/models/{model}/versions/{version}/inferences',
        '/api/v1/retraining-runs/{id}',
        '/health/ready',
      ]),
    );
    expect((await raw('GET', '/api/docs', { key: null })).body['text']).toContain('swagger-ui');
  });

  it('echoes a request id, and never a header that could break one', async () => {
    const response = await fetch(`${server.url}/health/live`, { headers: { 'x-request-id': 'abc-1' } });
    expect(response.headers.get('x-request-id')).toBe('abc-1');
  });
});
