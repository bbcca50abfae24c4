import 'reflect-metadata';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  capturedRowAnswer,
  deletedInferenceAnswer,
  examplesAnswer,
  exportedRowAnswer,
  pageOf,
} from '../apps/server/api/responses.js';
import { startTestServer, type TestServer } from './test-server.js';
import { until } from './until.js';

const PROBLEM = 'https://leeway.dev/problems/';
const COLUMNS = [
  { name: 'age', role: 'feature', type: 'numeric' },
  { name: 'country', role: 'feature', type: 'categorical' },
  { name: 'member', role: 'feature', type: 'boolean' },
  { name: 'note', role: 'feature', type: 'text' },
];

describe('captured rows over HTTP', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
    await register('m', { redactedColumns: ['ssn'] });
    await server.api('POST', '/models/m/versions', {
      name: 'v1',
      columns: [...COLUMNS, { name: 'ssn', role: 'feature', type: 'categorical' }],
    });
    const rows = Array.from({ length: 50 }, (_, i) => ({ ...valuesOf(i), ssn: `s${i}` }));
    await server.api('POST', '/models/m/versions/v1/baselines', { rows });
  }, 60_000);
  afterAll(() => server.close());

  const register = (name: string, capture: object = {}) =>
    server.api('POST', '/models', { name, grain: '1m', capture: { fraction: 1, ...capture } });
  const valuesOf = (i: number) => ({
    age: 20 + i,
    country: i % 2 === 0 ? 'DE' : 'FR',
    member: i % 3 === 0,
    note: `note ${i}`,
  });

  describe('examples', () => {
    let window: string;
    beforeAll(async () => {
      const timestamp = new Date(Date.now() - 120_000).toISOString();
      const rows = [
        { inferenceId: 'typical', timestamp, values: { ...valuesOf(1), ssn: 's1' } },
        { inferenceId: 'odd', timestamp, values: { ...valuesOf(2), age: 999, country: 'XX', ssn: 's2' } },
      ];
      await server.api('POST', '/models/m/versions/v1/inferences', { rows });
      const { body } = await server.api('GET', '/models/m/versions/v1/windows');
      window = String((body['items'] as { start: string }[])[0]?.start);
    });

    it('are found by column and kind', async () => {
      const answer = await server.api(
        'GET',
        `/models/m/versions/v1/windows/${window}/examples?column=country&kind=unseen`,
      );
      expect(answer.status).toBe(200);
      expect(examplesAnswer.strict().parse(answer.body).examples).toMatchObject([
        { inferenceId: 'odd', kind: 'unseen', value: 'XX', values: { age: 999 } },
      ]);
      const any = await server.api('GET', `/models/m/versions/v1/windows/${window}/examples?column=age`);
      expect(any.body).toMatchObject({
        start: window,
        examples: [{ kind: 'out-of-range' }, { kind: 'any', inferenceId: 'typical' }],
      });
    });

    it('never hold a redacted column', async () => {
      const list = await server.api('GET', '/models/m/versions/v1/captured-rows');
      const { items } = pageOf(capturedRowAnswer).parse(list.body);
      expect(items.map(({ values }) => Object.keys(values).sort())).toEqual([
        ['age', 'country', 'member', 'note'],
        ['age', 'country', 'member', 'note'],
      ]);
    });

    it.each<[string, (window: string) => string, number, string, RegExp]>([
      [
        'an unknown model',
        (start) => `zz/versions/v1/windows/${start}/examples?column=age`,
        404,
        'not-found',
        /no model "zz"/,
      ],
      [
        'an unknown version',
        (start) => `m/versions/zz/windows/${start}/examples?column=age`,
        404,
        'not-found',
        /no version "zz"/,
      ],
      [
        'an unknown window',
        () => 'm/versions/v1/windows/2020-01-01T00:00:00Z/examples?column=age',
        404,
        'not-found',
        /no window/,
      ],
      [
        'a start that is none',
        () => 'm/versions/v1/windows/now/examples?column=age',
        404,
        'not-found',
        /"now" is not the start/,
      ],
      ['no column', (start) => `m/versions/v1/windows/${start}/examples`, 400, 'invalid-query', /\/column/],
      [
        'an unknown column',
        (start) => `m/versions/v1/windows/${start}/examples?column=zz`,
        422,
        'column-unknown',
        /"zz"/,
      ],
      [
        'a redacted column',
        (start) => `m/versions/v1/windows/${start}/examples?column=ssn`,
        422,
        'column-redacted',
        /counted but never captured/,
      ],
      [
        'an unknown kind',
        (start) => `m/versions/v1/windows/${start}/examples?column=age&kind=odd`,
        400,
        'invalid-query',
        /\/kind/,
      ],
      [
        'a kind that does not fit',
        (start) => `m/versions/v1/windows/${start}/examples?column=age&kind=unseen`,
        400,
        'invalid-query',
        /"age" is numeric/,
      ],
      [
        'too many',
        (start) => `m/versions/v1/windows/${start}/examples?column=age&limit=101`,
        400,
        'invalid-query',
        /\/limit/,
      ],
    ])('cannot be had of %s, and the problem says so', async (_name, path, status, code, detail) => {
      const { body } = await server.api('GET', `/models/${path(window)}`);
      expect(body).toMatchObject({ type: PROBLEM + code, status });
      expect(body['detail']).toMatch(detail);
    });
  });

  describe('exports', () => {
    const COUNT = 5_000;
    beforeAll(async () => {
      await register('e', { maxRowsPerWindow: 100_000 });
      for (const name of ['v1', 'of-ndjson', 'of-parquet'])
        await server.api('POST', '/models/e/versions', { name, columns: COLUMNS });
      const timestamp = new Date(Date.now() - 60_000).toISOString();
      const rows = Array.from({ length: COUNT }, (_, i) => ({ timestamp, values: valuesOf(i) }));
      await server.api('POST', '/models/e/versions/v1/inferences', { rows });
    });

    const exported = (query: string, init: RequestInit = {}): Promise<Response> =>
      fetch(`${server.url}/api/v1/models/e/versions/v1/captured-rows/export${query}`, {
        headers: { authorization: server.authorization },
        ...init,
      });
    const exportFolders = (): string[] =>
      readdirSync(tmpdir())
        .filter((name) => name.startsWith('leeway-temp-'))
        .flatMap((name) => foldersIn(join(tmpdir(), name)))
        .filter((name) => name.startsWith('export-'));

    it.each([
      ['ndjson', 'application/x-ndjson'],
      ['parquet', 'application/vnd.apache.parquet'],
    ])('are %s files that come back as a baseline', async (format, type) => {
      const response = await exported(`?format=${format}`);
      expect([response.status, response.headers.get('content-type')]).toEqual([200, type]);
      expect(response.headers.get('content-disposition')).toBe(
        `attachment; filename="e-v1-captured-rows.${format}"`,
      );
      const file = Buffer.from(await response.arrayBuffer());
      if (format === 'ndjson')
        exportedRowAnswer.strict().parse(JSON.parse(file.toString('utf8').split('\n')[0] ?? ''));
      const baseline = await fetch(`${server.url}/api/v1/models/e/versions/of-${format}/baselines`, {
        method: 'POST',
        headers: { authorization: server.authorization, 'content-type': type },
        body: file,
      });
      expect(await baseline.json()).toMatchObject({
        rowCount: COUNT,
        columns: COLUMNS.map(({ name }) => ({ name, count: COUNT, missingCount: 0, invalidCount: 0 })),
      });
    });

    it('of Parquet come back as payloads, with their inference ids and timestamps', async () => {
      await server.api('POST', '/models/e/versions', { name: 'backfill', columns: COLUMNS });
      const path = '/models/e/versions/backfill/inferences';
      const response = await fetch(`${server.url}/api/v1${path}`, {
        method: 'POST',
        headers: { authorization: server.authorization, 'content-type': 'application/vnd.apache.parquet' },
        body: Buffer.from(await (await exported('?format=parquet')).arrayBuffer()),
      });
      expect(await response.json()).toMatchObject({ acceptedCount: COUNT, ignoredColumns: [] });
      const idsOf = async (version: string): Promise<unknown[]> => {
        const { body } = await server.api('GET', `/models/e/versions/${version}/captured-rows?limit=5000`);
        return (body['items'] as { inferenceId: string; timestamp: string }[])
          .map(({ inferenceId, timestamp }) => `${inferenceId} ${timestamp}`)
          .sort();
      };
      expect(await idsOf('backfill')).toEqual(await idsOf('v1'));
    });

    it('leave nothing behind when the client hangs up, and the server goes on', async () => {
      const before = new Set(exportFolders());
      const added = (): string[] => exportFolders().filter((name) => !before.has(name));
      const hangUp = new AbortController();
      const answer = exported('?format=parquet', { signal: hangUp.signal });
      await until(() => added().length > 0);
      hangUp.abort();
      await expect(answer).rejects.toThrow(/abort/);
      await until(() => added().length === 0);
      expect((await (await exported('?format=ndjson')).text()).split('\n')).toHaveLength(COUNT + 1);
    });

    it('need the scope read, and a range and format that are some', async () => {
      const { body } = await server.api('POST', '/api-keys', { name: 'sender', scopes: ['ingest'] });
      const headers = { authorization: `Bearer ${String(body['key'])}` };
      expect((await exported('', { headers })).status).toBe(403);
      expect((await exported('?format=csv')).status).toBe(400);
      expect((await exported('?from=yesterday')).status).toBe(400);
      const unknown = await server.api('GET', '/models/e/versions/zz/captured-rows/export');
      expect(unknown).toMatchObject({ status: 404, body: { type: `${PROBLEM}not-found` } });
      expect(unknown.headers.get('content-disposition')).toBeNull();
    });
  });

  describe('of one inference', () => {
    const long = 'ü/'.repeat(128);

    it.each(['plain', 'with/slash and space?', '100%', long])(
      'are deleted, whatever its id is: %s',
      async (id) => {
        const rows = ['kept', id].map((inferenceId) => ({
          inferenceId,
          values: { ...valuesOf(0), ssn: 's' },
        }));
        await server.api('POST', '/models/m/versions/v1/inferences', { rows });
        const path = `/models/m/inferences/${encodeURIComponent(id)}`;
        const answer = await server.api('DELETE', path);
        expect(answer).toMatchObject({
          status: 200,
          body: { model: 'm', inferenceId: id, deletedRowCount: 1 },
        });
        deletedInferenceAnswer.strict().parse(answer.body);
        expect((await server.api('DELETE', path)).body).toMatchObject({ deletedRowCount: 0 });
        const { body } = await server.api('GET', '/models/m/versions/v1/captured-rows');
        expect(body['items']).not.toContainEqual(expect.objectContaining({ inferenceId: id }));
        expect(body['items']).toContainEqual(expect.objectContaining({ inferenceId: 'kept' }));
      },
    );

    it('need the scope admin, and a model that is there', async () => {
      const { body } = await server.api('POST', '/api-keys', { name: 'reader', scopes: ['read', 'ingest'] });
      const refused = await server.api('DELETE', '/models/m/inferences/a', undefined, String(body['key']));
      expect(refused).toMatchObject({ status: 403, body: { type: `${PROBLEM}forbidden` } });
      expect(await server.api('DELETE', '/models/zz/inferences/a')).toMatchObject({
        status: 404,
        body: { type: `${PROBLEM}not-found` },
      });
    });
  });
});

/** What is in a folder that another test may remove at any time. */
function foldersIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
