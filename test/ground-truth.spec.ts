import 'reflect-metadata';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { groundTruthReceiptAnswer, performanceAnswer } from '../apps/server/api/performance-responses.js';
import { deletedInferenceAnswer, pageOf } from '../apps/server/api/responses.js';
import { configSchema } from '../apps/server/config.js';
import { startTestServer, type ApiAnswer, type TestServer } from './test-server.js';
import { until } from './until.js';

const COLUMNS = [
  { name: 'x', role: 'feature', type: 'numeric' },
  { name: 'class', role: 'prediction', type: 'categorical' },
  { name: 'risk', role: 'score', type: 'numeric', class: 'yes' },
];

describe('ground truth over HTTP', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer(configSchema.parse({ evaluation: { interval: '1s', lateness: '0s' } }));
    for (const [name, task] of [
      ['m', 'classification'],
      ['numbers', 'regression'],
    ])
      await server.api('POST', '/models', {
        name,
        task,
        grain: '1m',
        capture: { fraction: 1, maxRowsPerWindow: 10_000 },
        performance: { window: '1m', minLabelledRows: 50 },
      });
    await server.api('POST', '/models/m/versions', { name: 'v1', columns: COLUMNS });
  }, 60_000);
  afterAll(() => server.close());

  async function post(
    body: string | Uint8Array,
    headers: Readonly<Record<string, string>> = {},
    model = 'm',
  ): Promise<ApiAnswer> {
    const response = await fetch(`${server.url}/api/v1/models/${model}/ground-truth`, {
      method: 'POST',
      headers: { authorization: server.authorization, 'content-type': 'application/json', ...headers },
      body,
    });
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as Record<string, unknown>,
    };
  }
  const rowsText = (...rows: object[]): string => JSON.stringify({ rows });

  it('joins predictions, and becomes the performance of their window', async () => {
    const timestamp = new Date(Date.now() - 180_000).toISOString();
    await server.api('POST', '/models/m/versions/v1/inferences', {
      rows: Array.from({ length: 100 }, (_, i) => ({
        inferenceId: `i${i}`,
        timestamp,
        values: { x: i, class: i % 2 === 0 ? 'yes' : 'no', risk: i % 2 === 0 ? 0.9 : 0.1 },
      })),
    });
    const lines = Array.from({ length: 100 }, (_, i) => `i${i},${i < 10 || i % 2 === 0 ? 'yes' : 'no'}`);
    const answer = await post(`id,value\n${lines.join('\n')}\n`, { 'content-type': 'text/csv' });
    expect([answer.status, groundTruthReceiptAnswer.strict().parse(answer.body)]).toMatchObject([
      202,
      { receivedCount: 100, storedCount: 100, rejectedCount: 0 },
    ]);
    const path = '/models/m/versions/v1/performance?status=judged';
    const judged = async () =>
      pageOf(performanceAnswer.strict()).parse((await server.api('GET', path)).body).items;
    await until(async () => (await judged()).length > 0, 30_000);
    expect(await judged()).toMatchObject([
      {
        segment: 'all',
        reason: 'enough-labelled-rows',
        labelledCount: 100,
        performance: { kind: 'binary', accuracy: { value: 0.95, rowCount: 100 }, precision: { value: 1 } },
      },
    ]);
    const { body } = await server.api('GET', '/signals?model=m&name=performance_recall');
    expect(body['items']).toMatchObject([
      { unit: 'ratio', source: 'performance', labels: { segment: 'all' } },
    ]);
  }, 60_000);

  it.each<[form: string, headers: Record<string, string>, body: string | Uint8Array]>([
    [
      'NDJSON',
      { 'content-type': 'application/x-ndjson' },
      '{"id":"n1","value":"yes"}\n{"id":"n2","value":"no"}\n',
    ],
    [
      'gzipped JSON',
      { 'content-encoding': 'gzip' },
      gzipSync(rowsText({ id: 'g1', value: 'yes' }, { id: 'g2', value: 'no' })),
    ],
  ])('comes as %s, and twice is once', async (_, headers, body) => {
    expect((await post(body, headers)).body).toMatchObject({ receivedCount: 2, storedCount: 2 });
    const observedAt = new Date(Date.now() - 3_600_000).toISOString();
    const older = rowsText({ id: 'n1', value: 'no', observedAt }, { id: 'n2', value: 'no', observedAt });
    expect((await post(older)).body).toMatchObject(_ === 'NDJSON' ? { unchangedCount: 2 } : {});
  });

  const CSV = { 'content-type': 'text/csv' };

  it.each<{
    what: string;
    refused: [status: number, code: string];
    body: string;
    headers?: Record<string, string>;
    model?: string;
  }>([
    {
      what: 'an unknown model',
      refused: [404, 'not-found'],
      body: rowsText({ id: 'a', value: 1 }),
      model: 'nobody',
    },
    { what: 'no body', refused: [400, 'body-empty'], body: '' },
    { what: 'no rows', refused: [422, 'payload-empty'], body: rowsText() },
    { what: 'what is not JSON', refused: [400, 'invalid-json'], body: '{' },
    { what: 'another form', refused: [422, 'invalid-body'], body: '{"labels":[]}' },
    {
      what: 'another content type',
      refused: [415, 'unsupported-media-type'],
      body: 'x',
      headers: { 'content-type': 'application/octet-stream' },
    },
    { what: 'CSV without a header', refused: [422, 'invalid-body'], body: 'a,1\n', headers: CSV },
    {
      what: 'more rows than are taken',
      refused: [413, 'payload-too-large'],
      body: `id,value\n${'a,1\n'.repeat(200_001)}`,
      headers: CSV,
    },
  ])('refuses $what', async ({ refused: [status, code], body, headers, model }) => {
    const answer = await post(body, headers, model);
    expect([answer.status, answer.body['type']]).toEqual([status, `https://leeway.dev/problems/${code}`]);
  });

  it('refuses wrong rows one by one, the first hundred with their reasons', async () => {
    const rows = Array.from({ length: 150 }, (_, i) => ({ id: `w${i}`, value: 'a class' }));
    const answer = await post(rowsText(...rows, { id: 'w', value: 1.5 }), {}, 'numbers');
    expect(groundTruthReceiptAnswer.strict().parse(answer.body)).toMatchObject({
      receivedCount: 151,
      storedCount: 1,
      rejectedCount: 150,
      omittedRejectionCount: 50,
    });
    expect(answer.body['rejections']).toHaveLength(100);
    expect(answer.body['rejections']).toMatchObject([
      { row: 0, reason: 'wrong-type', column: null },
      ...Array(99).fill({}),
    ]);
  });

  it('comes by the hundred thousand', async () => {
    const lines = Array.from({ length: 100_000 }, (_, i) => `many-${i},${i % 2}`);
    const body = `id,value\n${lines.join('\n')}\n`;
    expect((await post(body, { 'content-type': 'text/csv' })).body).toMatchObject({ storedCount: 100_000 });
  }, 120_000);

  it('is asked for with the scope of ingest, and goes with its inference', async () => {
    const { body } = await server.api('POST', '/api-keys', { name: 'reader', scopes: ['read'] });
    const denied = await post(rowsText({ id: 'a', value: 'yes' }), {
      authorization: `Bearer ${String(body['key'])}`,
    });
    expect(denied.status).toBe(403);
    const deleted = await server.api('DELETE', '/models/m/inferences/i3');
    expect(deletedInferenceAnswer.strict().parse(deleted.body)).toMatchObject({
      deletedRowCount: 1,
      deletedGroundTruth: true,
    });
  });

  it('is shown page by page, newest first', async () => {
    for (const query of [
      'limit=1',
      'limit=1&segment=all',
      'from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z',
    ])
      expect((await server.api('GET', `/models/m/versions/v1/performance?${query}`)).status).toBe(200);
    const wrong = await server.api('GET', '/models/m/versions/v1/performance?cursor=nonsense');
    expect(wrong.body['type']).toBe('https://leeway.dev/problems/invalid-cursor');
    expect((await server.api('GET', '/models/m/versions/v9/performance')).status).toBe(404);
    expect((await server.api('GET', '/models/m/versions/v1/performance?status=fine')).status).toBe(400);
  });
});
