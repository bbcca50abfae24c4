import 'reflect-metadata';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DuckDBInstance } from '@duckdb/node-api';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { parseEnvironment, systemClock } from '#platform';
import { configSchema } from '../apps/server/config.js';
import { eventReceiptAnswer, receiptAnswer } from '../apps/server/api/responses.js';
import { startServer, type RunningServer } from '../apps/server/server.js';
import { createTestPlace, type TestPlace } from './database.js';

const ADMIN_KEY = 'lw_test_admin_key_0123456789';
const COLUMNS = [
  { name: 'x', role: 'feature', type: 'numeric' },
  { name: 'c', role: 'feature', type: 'categorical' },
  { name: 'risk', role: 'prediction', type: 'numeric' },
];

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

describe('payloads over HTTP', () => {
  let place: TestPlace;
  let server: RunningServer;
  let ingestKey: string;
  let log = '';

  beforeAll(async () => {
    place = await createTestPlace();
    const parsed = parseEnvironment({
      LEEWAY_PORT: '0',
      LEEWAY_ADMIN_KEY: ADMIN_KEY,
      LEEWAY_DATA_DIR: place.dataDir,
      ...(place.databaseUrl === null ? {} : { DATABASE_URL: place.databaseUrl }),
    });
    if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        log += chunk.toString();
        done();
      },
    });
    server = await startServer({
      environment: parsed.value,
      config: configSchema.parse({}),
      env: {},
      clock: systemClock,
      logger: pino({ level: 'trace' }, sink),
    });
    await post('/api/v1/models', JSON.stringify({ name: 'm', grain: '1h', capture: { fraction: 1 } }));
    await post('/api/v1/models/m/versions', JSON.stringify({ name: 'v1', columns: COLUMNS }));
    const key = await post('/api/v1/api-keys', JSON.stringify({ name: 'logger', scopes: ['ingest'] }));
    ingestKey = key.body['key'] as string;
  }, 60_000);
  afterAll(async () => {
    await server.stop();
    await place.remove();
  });

  async function post(
    path: string,
    body: string | Uint8Array<ArrayBuffer> | null,
    headers: Record<string, string> = {},
    key: string | null = ADMIN_KEY,
  ): Promise<Answer> {
    const response = await fetch(`${server.url}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...headers,
      },
      body,
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: JSON.parse(text) as Answer['body'] };
  }
  const PATH = '/api/v1/models/m/versions/v1/inferences';
  const send = (
    body: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string> = {},
  ): Promise<Answer> => post(PATH, body, headers, ingestKey);
  const sendEvent = (
    body: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string>,
  ): Promise<Answer> => post(`/api/v1/ingest/${ingestKey}/models/m/versions/v1/events`, body, headers, null);
  const rows = JSON.stringify({ rows: [{ values: { x: 1, c: 'a', risk: 0.5 } }] });

  describe('in every format', () => {
    it.each<[string, string | Uint8Array<ArrayBuffer>, Record<string, string>, number]>([
      ['JSON rows', rows, {}, 1],
      ['JSON columns', JSON.stringify({ columns: { x: [1, 2], c: ['a', 'b'], risk: [0, 1] } }), {}, 2],
      ['lines', '{"x":1,"c":"a","risk":0.5}\n', { 'content-type': 'application/x-ndjson; charset=utf-8' }, 1],
      ['CSV', 'x,c,risk\n1,a,0.5\n2,b,\n', { 'content-type': 'text/csv' }, 2],
      ['KServe V1, both halves', JSON.stringify({ instances: [[1, 'a']], predictions: [0.5] }), {}, 1],
      ['gzip', new Uint8Array(gzipSync(rows)), { 'content-encoding': 'gzip' }, 1],
      ['brotli', new Uint8Array(brotliCompressSync(rows)), { 'content-encoding': 'br' }, 1],
    ])('takes %s', async (_, body, headers, count) => {
      const answer = await send(body, headers);
      expect([answer.status, answer.body]).toMatchObject([
        202,
        { status: 'accepted', acceptedCount: count, rejectedCount: 0 },
      ]);
      receiptAnswer.parse(answer.body);
    });

    it('takes V2 with binary tensors', async () => {
      const head = Buffer.from(
        JSON.stringify({
          id: 'call',
          outputs: [{ name: 'risk', datatype: 'FP64', shape: [2], parameters: { binary_data_size: 16 } }],
        }),
      );
      const body = new Uint8Array(Buffer.concat([head, Buffer.from(Float64Array.of(0.5, 0.25).buffer)]));
      const answer = await send(body, {
        'content-type': 'application/octet-stream',
        'inference-header-content-length': String(head.length),
      });
      expect([answer.status, answer.body]).toMatchObject([202, { part: 'response', acceptedCount: 2 }]);
    });

    it('takes a Parquet file of more rows than a payload may have, and takes it once', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'leeway-test-'));
      const instance = await DuckDBInstance.create(':memory:');
      const connection = await instance.connect();
      const file = join(folder, 'rows.parquet');
      await connection.run(
        `copy (select i::double as x, 'c' || (i % 3) as c, 0.5::float as risk, 'id-' || i as inference_id,
                      (timestamp '${new Date().toISOString().slice(0, 19).replace('T', ' ')}') as timestamp
                 from range(25000) t(i)) to '${file}' (format parquet)`,
      );
      connection.closeSync();
      const body = new Uint8Array(readFileSync(file));
      rmSync(folder, { recursive: true });
      const headers = { 'content-type': 'application/vnd.apache.parquet', 'idempotency-key': 'file-1' };
      const first = await send(body, headers);
      expect([first.status, first.body]).toMatchObject([
        202,
        {
          status: 'accepted',
          receivedCount: 25_000,
          acceptedCount: 25_000,
          rejectedCount: 0,
          ignoredColumns: [],
        },
      ]);
      expect((await send(body, headers)).body).toMatchObject({ status: 'duplicate', receivedCount: 25_000 });
      expect((await send('PAR1 no parquet', headers)).status).toBe(422);
    }, 60_000);
  });

  describe('refuses', () => {
    it.each<[string, string | Uint8Array<ArrayBuffer>, Record<string, string>, number, string]>([
      ['an empty body', '', {}, 400, 'body-empty'],
      [
        'a form',
        'x=1',
        { 'content-type': 'application/x-www-form-urlencoded' },
        415,
        'unsupported-media-type',
      ],
      ['an unknown encoding', rows, { 'content-encoding': 'zstd' }, 415, 'unsupported-media-type'],
      [
        'a body that is not what its encoding says',
        rows,
        { 'content-encoding': 'gzip' },
        422,
        'invalid-body',
      ],
      [
        'a body that expands beyond the limit',
        new Uint8Array(gzipSync(Buffer.alloc(17 * 1024 * 1024, 32))),
        { 'content-encoding': 'gzip' },
        413,
        'payload-too-large',
      ],
      ['a body beyond the limit', new Uint8Array(17 * 1024 * 1024), {}, 413, 'payload-too-large'],
      [
        'a length of the JSON that is none',
        rows,
        { 'inference-header-content-length': 'many' },
        422,
        'invalid-body',
      ],
      ['a part that there is not', JSON.stringify({ part: 'half', rows: [] }), {}, 422, 'invalid-body'],
      ['no rows', JSON.stringify({ rows: [] }), {}, 422, 'payload-empty'],
      [
        'two keys that differ',
        JSON.stringify({ payloadId: 'a', rows: [] }),
        { 'idempotency-key': 'b' },
        422,
        'invalid-body',
      ],
      ['a key with a space', rows, { 'idempotency-key': 'a b' }, 422, 'invalid-body'],
      [
        'a structured event that is no event',
        '{}',
        { 'content-type': 'application/cloudevents+json' },
        422,
        'invalid-body',
      ],
    ])('%s', async (_, body, headers, status, code) => {
      const answer = await send(body, headers);
      expect([answer.status, answer.body['type']]).toEqual([status, `https://leeway.dev/problems/${code}`]);
    });

    it('a query for a part that there is not', async () => {
      expect((await post(`${PATH}?part=half`, rows)).status).toBe(400);
    });
  });

  describe('from payload loggers', () => {
    const kserve = (type: 'request' | 'response', id: string): Record<string, string> => ({
      'ce-specversion': '1.0',
      'ce-id': id,
      'ce-type': `org.kubeflow.serving.inference.${type}`,
      'ce-source': 'sklearn-iris-predictor-00001-deployment-abc',
      'ce-time': new Date().toISOString(),
      'ce-inferenceservicename': 'sklearn-iris',
      'ce-namespace': 'default',
      'ce-component': 'predictor',
      'ce-endpoint': '',
    });

    it("takes KServe's request and response and answers 200", async () => {
      const request = await sendEvent('{"instances":[[6.8,"a"],[6.0,"b"]]}', kserve('request', 'e-1'));
      expect([request.status, request.body]).toMatchObject([
        200,
        { receipts: [{ part: 'request', acceptedCount: 2 }], ignoredEventCount: 0 },
      ]);
      eventReceiptAnswer.parse(request.body);
      const response = await sendEvent('{"predictions":[0.1,0.9]}', kserve('response', 'e-1'));
      expect(response.body).toMatchObject({ receipts: [{ part: 'response', status: 'accepted' }] });
      const again = await sendEvent('{"predictions":[0.1,0.9]}', kserve('response', 'e-1'));
      expect(again.body).toMatchObject({ receipts: [{ status: 'duplicate' }] });
    });

    it.each<[string, Record<string, string>]>([
      ['one that is none', { 'content-type': 'json' }],
      ['an empty one', { 'content-type': '' }],
      ["a Parquet file's", { 'content-type': 'application/vnd.apache.parquet' }],
      ['an empty content encoding', { 'content-encoding': '' }],
    ])('does not look at the content type of an event in binary mode: %s', async (what, headers) => {
      const answer = await sendEvent('{"instances":[[1,"a"]]}', { ...kserve('request', what), ...headers });
      expect([answer.status, answer.body]).toMatchObject([200, { receipts: [{ acceptedCount: 1 }] }]);
    });

    it('counts a payload that cannot be read, in the window and in the metrics, since a logger reads no answer', async () => {
      const bad = [
        sendEvent('{"instances":', kserve('request', 'u-1')),
        sendEvent('{"hello":1}', kserve('request', 'u-2')),
        sendEvent(
          JSON.stringify([
            { specversion: '1.0' },
            {
              specversion: '1.0',
              id: 'u-3',
              source: 's',
              type: 'a.inference.request',
              data: { instances: [[3, 'c']] },
            },
          ]),
          { 'content-type': 'application/cloudevents-batch+json' },
        ),
        send('no Parquet', { 'content-type': 'application/vnd.apache.parquet' }),
      ];
      const answers = await Promise.all(bad);
      expect(answers.map(({ status }) => status)).toEqual([400, 422, 200, 422]);
      expect(answers[2]?.body).toMatchObject({
        receipts: [{ acceptedCount: 1 }],
        failures: [{ event: 0, detail: expect.stringContaining('no "id"') }],
      });
      const metrics = await (
        await fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } })
      ).text();
      expect(metrics).toMatch(/leeway_ingest_payloads_total\{outcome="unreadable"\} ([4-9]|\d\d)/);
    });

    it('finds the end of the JSON of binary tensors that a logger forwards as JSON', async () => {
      const head =
        '{"outputs":[{"name":"risk","datatype":"FP64","shape":[1],"parameters":{"binary_data_size":8}}]}';
      const body = new Uint8Array(
        Buffer.concat([Buffer.from(head), Buffer.from(Float64Array.of(0.5).buffer)]),
      );
      const answer = await sendEvent(body, kserve('response', 'e-2'));
      expect([answer.status, answer.body]).toMatchObject([200, { receipts: [{ acceptedCount: 1 }] }]);
    });

    it('takes structured and batched events, such as Seldon sends through a broker', async () => {
      const event = (type: string, id: string, data: unknown): object => ({
        specversion: '1.0',
        id,
        source: 'http://:8000/',
        type,
        time: new Date().toISOString(),
        requestid: 'call-9',
        data,
      });
      const batch = [
        event('io.seldon.serving.inference.request', 's-1', {
          data: { names: ['x', 'c'], ndarray: [[1, 'a']] },
        }),
        event('io.seldon.serving.inference.response', 's-2', { data: { names: ['t:0'], ndarray: [[0.5]] } }),
        event('io.seldon.serving.inference.outlier', 's-3', {}),
      ];
      const answer = await sendEvent(JSON.stringify(batch), {
        'content-type': 'application/cloudevents-batch+json',
      });
      expect([answer.status, answer.body]).toMatchObject([
        200,
        {
          receipts: [
            { payloadId: 'call-9', part: 'request' },
            { payloadId: 'call-9', part: 'response' },
          ],
          ignoredEventCount: 1,
        },
      ]);
      const single = await sendEvent(
        JSON.stringify({
          ...event('a.inference.request', 's-4', undefined),
          data_base64: Buffer.from('{"instances":[[2,"b"]]}').toString('base64'),
        }),
        { 'content-type': 'application/cloudevents+json' },
      );
      expect(single.body).toMatchObject({ receipts: [{ acceptedCount: 1 }] });
    });

    it('needs the key in the path to be one, and never writes it to the log', async () => {
      const path = '/api/v1/ingest/lw_wrong_key/models/m/versions/v1/events';
      expect((await post(path, '{}', kserve('request', 'e-3'), null)).status).toBe(401);
      expect((await post('/api/v1/ingest/lw_wrong_key/nowhere', '{}', {}, null)).status).toBe(404);
      expect((await sendEvent('{"hello":1}', kserve('request', 'e-4'))).status).toBe(422);
      expect((await sendEvent('{"instances":[[1,"a"]]}', {})).status).toBe(415);
      expect(log).toContain('/api/v1/ingest/:ingestKey/');
      expect(log).not.toContain(ingestKey);
      expect(log).not.toContain('lw_wrong_key');
    });
  });
});
