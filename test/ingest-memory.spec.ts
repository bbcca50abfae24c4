import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MAX_HELD_BYTES, MAX_PAYLOAD_BYTES } from '#ingest';
import { peakMegabytes } from './bench/ingest/memory.js';
import { beginPost } from './begun-post.js';
import { Cable } from './cable.js';
import { LeewayProcess, metricIn } from './leeway-process.js';
import { PostgresCluster } from './postgres-cluster.js';
import { describeWithServer } from './real-servers.js';
import { startTestServer, type TestServer } from './test-server.js';
import { until } from './until.js';

const HELD = 'leeway_ingest_held_bytes';
const PEAK = 'leeway_ingest_held_bytes_peak';
const PATH = '/api/v1/models/m/versions/v1/inferences';
const VERSION = { name: 'v1', columns: [{ name: 'x', role: 'feature', type: 'numeric' }] };
const JSON_TYPE = { 'content-type': 'application/json' };

describe('the memory that payloads hold', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
    await server.api('PUT', '/models/m', { name: 'm', grain: '1m', sampling: { fraction: 0.01 } });
    await server.api('PUT', '/models/m/versions/v1', VERSION);
  }, 60_000);
  afterAll(() => server.close());

  const held = async (): Promise<number> => {
    const answer = await fetch(`${server.url}/metrics`, { headers: { authorization: server.authorization } });
    return metricIn(await answer.text(), HELD);
  };
  const post = async (body: Buffer | string, headers: Record<string, string>, path = PATH) => {
    const answer = await fetch(server.url + path, {
      method: 'POST',
      headers: { authorization: server.authorization, ...headers },
      body: typeof body === 'string' ? body : new Uint8Array(body),
    });
    await answer.text();
    return answer.status;
  };
  const rows = JSON.stringify({ rows: Array.from({ length: 500 }, (_, x) => ({ values: { x } })) });
  const event = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': 's', 'ce-type': 'other' };
  const bomb = gzipSync(Buffer.alloc(MAX_PAYLOAD_BYTES + 1, 32));

  it.each<[string, number, Buffer | string, Record<string, string>, string?]>([
    ['counted', 202, rows, JSON_TYPE],
    ['expanded from gzip', 202, gzipSync(rows), { ...JSON_TYPE, 'content-encoding': 'gzip' }],
    ['expanded from brotli', 202, brotliCompressSync(rows), { ...JSON_TYPE, 'content-encoding': 'br' }],
    ['empty', 400, '', JSON_TYPE],
    ['no JSON', 400, '{', JSON_TYPE],
    ['no gzip', 422, rows, { ...JSON_TYPE, 'content-encoding': 'gzip' }],
    ['cut gzip', 422, gzipSync(rows).subarray(0, -9), { ...JSON_TYPE, 'content-encoding': 'gzip' }],
    ['too large once it is expanded', 413, bomb, { ...JSON_TYPE, 'content-encoding': 'gzip' }],
    ['of an unknown type', 415, rows, { 'content-type': 'image/png' }],
    ['of an unknown encoding', 415, rows, { ...JSON_TYPE, 'content-encoding': 'zstd' }],
    ['an event of another type', 202, rows, { ...JSON_TYPE, ...event }],
    ['for an unknown model', 404, rows, JSON_TYPE, PATH.replace('/m/', '/nobody/')],
    ['ground truth', 202, '{"rows":[{"id":"a","value":1}]}', JSON_TYPE, '/api/v1/models/m/ground-truth'],
    ['unreadable ground truth', 400, '{', JSON_TYPE, '/api/v1/models/m/ground-truth'],
    ['a request that is no payload', 400, '{', JSON_TYPE, '/api/v1/api-keys'],
  ])('is given back by a body that is %s', async (_what, status, body, headers, path = PATH) => {
    expect(await post(body, headers, path)).toBe(status);
    expect(await held()).toBe(0);
  });

  /** A sender that stops after the first byte of its body. */
  const beginPayload = (bytes: number) =>
    beginPost(server.url, { path: PATH, authorization: server.authorization, bytes, sent: '{' });

  it('is taken from the first byte on, and given back when the sender goes away in the middle', async () => {
    const socket = beginPayload(5_000_000);
    await until(async () => (await held()) === 5_000_000);
    socket.destroy();
    await until(async () => (await held()) === 0);
  });

  it('is refused to others while all of it is held: they read 429 though they still write, and are taken later', async () => {
    const sockets = Array.from({ length: MAX_HELD_BYTES / MAX_PAYLOAD_BYTES }, () =>
      beginPayload(MAX_PAYLOAD_BYTES),
    );
    await until(async () => (await held()) === MAX_HELD_BYTES);
    const large = Buffer.alloc(MAX_PAYLOAD_BYTES, ' ');
    const statuses = await Promise.all(Array.from({ length: 8 }, () => post(large, JSON_TYPE)));
    expect(statuses).toEqual(Array(8).fill(429));
    expect(await post(rows, JSON_TYPE)).toBe(429);
    expect(await held()).toBe(MAX_HELD_BYTES);
    for (const socket of sockets) socket.destroy();
    await until(async () => (await held()) === 0);
    expect(await post(rows, JSON_TYPE)).toBe(202);
  }, 30_000);

  it('is what compressed bodies expand to, and no more: many fit at once', async () => {
    const body = gzipSync(rows);
    const statuses = await Promise.all(
      Array.from({ length: 64 }, () => post(body, { ...JSON_TYPE, 'content-encoding': 'gzip' })),
    );
    expect(new Set(statuses)).toEqual(new Set([202]));
  });
});

const SENDERS = 80;
const PROFILE_ROWS = 9_000;
/** Megabytes. What the process is without payloads, and what decoding the largest body takes besides it, with what is not collected yet. */
const BESIDES_MB = 450;

describeWithServer('initdb', 'a node whose database is cut off while many large payloads arrive', () => {
  let cluster: PostgresCluster;
  let cable: Cable;
  let folder: string;
  let node: LeewayProcess;

  beforeAll(async () => {
    cluster = await PostgresCluster.start();
    cable = await Cable.to(cluster.port);
    folder = mkdtempSync(join(tmpdir(), 'leeway-memory-'));
    const databaseUrl = `postgres://postgres@127.0.0.1:${cable.port}/postgres`;
    node = await LeewayProcess.of({ roles: 'ingest,api', folder, databaseUrl });
    await node.start();
    await node.api('PUT', '/models/m', { name: 'm', grain: '1m' });
    await node.api('PUT', '/models/m/versions/v1', VERSION);
  }, 120_000);
  afterAll(async () => {
    await node.stop();
    cable.close();
    await cluster.remove();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  /** About 12 MB: mostly texts of a column that nobody knows, which are parsed like all others. */
  const body = new TextEncoder().encode(
    JSON.stringify({
      rows: Array.from({ length: PROFILE_ROWS }, (_, x) => ({
        values: { x, unknown: `${x} ${'text '.repeat(250)}` },
      })),
    }),
  );
  const send = async (): Promise<number> => {
    const answer = await fetch(node.url + PATH, {
      method: 'POST',
      headers: { ...JSON_TYPE, authorization: LeewayProcess.authorization },
      body,
      signal: AbortSignal.timeout(60_000),
    });
    await answer.text();
    return answer.status;
  };
  const sendAll = (): Promise<number[]> => Promise.all(Array.from({ length: SENDERS }, send));

  it('holds no more than it may, and answers every sender with 503 or 429', async () => {
    expect(await send()).toBe(202);
    // What is known of the version is forgotten after a second, and cannot be read again.
    await sleep(1_100);
    cable.cut();
    const statuses = await sendAll();
    const countOf = (status: number): number => statuses.filter((each) => each === status).length;
    // How many of each depends on how fast they come: what is answered makes room for others.
    expect(countOf(429) + countOf(503)).toBe(SENDERS);
    expect(countOf(503)).toBeGreaterThan(0);
    const peak = await node.metric(PEAK);
    expect(peak).toBeGreaterThan(body.length);
    expect(peak).toBeLessThanOrEqual(MAX_HELD_BYTES);
    const peakMb = peakMegabytes(node.pid);
    if (!Number.isNaN(peakMb)) expect(peakMb).toBeLessThan(MAX_HELD_BYTES / 1e6 + BESIDES_MB);
    expect(await node.metric(HELD)).toBe(0);
  }, 120_000);

  it('takes payloads again when the database is back', async () => {
    cable.join();
    await until(async () => (await send()) === 202, 60_000, 'that payloads are taken again');
    expect(await node.metric(HELD)).toBe(0);
  }, 90_000);
});
