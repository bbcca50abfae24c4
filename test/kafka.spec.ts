import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import type { z } from 'zod';
import { pageOf, deadLetterAnswer, wholeDeadLetterAnswer } from '../apps/server/api/responses.js';
import { parseConfigFile, type LeewayConfig } from '../apps/server/config.js';
import { KafkaBroker, type SentMessage } from './kafka-broker.js';
import { describeWithServer } from './real-servers.js';
import { startTestServer, type TestServer } from './test-server.js';
import { until } from './until.js';

const TIMEOUT_MS = 60_000;
// The client looks for new partitions every five seconds, and a broker that comes back takes a while.
jest.setTimeout(3 * TIMEOUT_MS);
const ROW = { x: 1, c: 'a', y: 1 };
const ROWS = { rows: [{ values: ROW }] };
const json = (value: unknown): string => JSON.stringify(value);

function configFor(broker: KafkaBroker, more = ''): LeewayConfig {
  const parsed = parseConfigFile(
    `
models:
  - { name: m, grain: 1m }
sources:
  - name: payloads
    kind: kafka
    brokers: ["${broker.address}"]
    topics: [payloads]
    groupId: leeway
    model: m
    version: v1
    sessionTimeout: 2s
    lagInterval: 200ms
    ${more}
`,
    {},
  );
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return parsed.value;
}

/** What has been counted of the model, as its API says. */
async function counted(server: TestServer, path = 'm/versions/v1'): Promise<Counts> {
  const { body } = await server.api('GET', `/models/${path}/windows?limit=1000`);
  const windows = body['items'] as { start: string; rowCount: number; rejectedCount: number }[];
  return {
    rows: windows.reduce((sum, { rowCount }) => sum + rowCount, 0),
    rejected: windows.reduce((sum, { rejectedCount }) => sum + rejectedCount, 0),
    starts: new Set(windows.map(({ start }) => start)),
  };
}

type DeadLetter = z.infer<typeof deadLetterAnswer>;

interface Counts {
  readonly rows: number;
  readonly rejected: number;
  readonly starts: ReadonlySet<string>;
}

async function metric(server: TestServer, series: string): Promise<number> {
  const response = await fetch(`${server.url}/metrics`, { headers: { authorization: server.authorization } });
  const line = (await response.text()).split('\n').find((each) => each.startsWith(`${series} `));
  return Number(line?.split(' ').at(-1) ?? NaN);
}

describeWithServer('kafka', 'messages of a Kafka topic', () => {
  let broker: KafkaBroker;
  let server: TestServer;
  let sent = 0;
  beforeAll(async () => {
    broker = await KafkaBroker.start();
    await broker.createTopic('payloads', 3);
    server = await startTestServer(configFor(broker));
    await server.api('PUT', '/models/m/versions/v1', {
      columns: [
        { name: 'x', role: 'feature', type: 'numeric' },
        { name: 'c', role: 'feature', type: 'categorical' },
        { name: 'y', role: 'prediction', type: 'numeric' },
      ],
    });
  }, 120_000);
  afterAll(async () => {
    await server.close();
    await broker.remove();
  }, 60_000);

  /** Sends messages and waits until every one of them has been counted, or dead-lettered. */
  async function deliver(...messages: SentMessage[]): Promise<void> {
    await broker.send('payloads', messages);
    sent += messages.length;
    await until(
      async () => {
        const { partitions } = await sourceOf(server);
        return partitions.reduce((sum, { nextOffset }) => sum + Number(nextOffset), 0) === sent;
      },
      TIMEOUT_MS,
      `the source has counted ${sent} messages, and it`,
    );
  }

  it.each<[form: string, message: SentMessage, rows: number]>([
    ['rows, without any header', { value: json({ rows: [{ values: ROW }, { values: ROW }] }) }, 2],
    ['columns', { value: json({ columns: { x: [1, 2, 3], c: ['a', 'b', 'a'], y: [1, 2, 3] } }) }, 3],
    ['records', { value: json([ROW, ROW]), headers: { 'content-type': 'application/json' } }, 2],
    [
      'NDJSON',
      { value: `${json(ROW)}\n${json(ROW)}\n`, headers: { 'Content-Type': 'application/x-ndjson' } },
      2,
    ],
    ['CSV', { value: 'x,c,y\n1,a,1\n2,b,2\n', headers: { 'content-type': 'text/csv; charset=utf-8' } }, 2],
    [
      'V2',
      {
        value: json({
          id: 'call-1',
          inputs: [
            { name: 'x', shape: [2], datatype: 'FP64', data: [1, 2] },
            { name: 'c', shape: [2], datatype: 'BYTES', data: ['a', 'b'] },
          ],
        }),
        headers: { 'leeway-part': 'request' },
      },
      2,
    ],
    [
      'a CloudEvent in binary mode',
      {
        value: json({ instances: [[1, 'a']] }),
        headers: {
          ce_id: 'e-1',
          ce_type: 'org.kubeflow.serving.inference.request',
          ce_source: 'http://m',
          ce_specversion: '1.0',
          'content-type': 'application/json',
        },
      },
      1,
    ],
    [
      'a CloudEvent in structured mode',
      {
        headers: { 'content-type': 'application/cloudevents+json' },
        value: json({
          id: 'e-2',
          type: 'org.kubeflow.serving.inference.request',
          source: 'http://m',
          specversion: '1.0',
          data: { instances: [[1, 'a']] },
        }),
      },
      1,
    ],
    [
      'a CloudEvent of something else, which is not looked at',
      {
        value: 'anything',
        headers: { ce_id: '1', ce_type: 'other', ce_source: 's', ce_specversion: '1.0' },
      },
      0,
    ],
  ])('are counted when they are %s', async (_, message, rows) => {
    const before = await counted(server);
    await deliver(message);
    expect((await counted(server)).rows - before.rows).toBe(rows);
  });

  const deadLetters = async (): Promise<DeadLetter[]> => {
    const { body } = await server.api('GET', '/sources/payloads/dead-letters?limit=1000');
    return pageOf(deadLetterAnswer).parse(body).items;
  };

  it.each<[kind: string, message: SentMessage, reason: string]>([
    ['no value', { value: null }, 'body-empty'],
    ['an empty value', { value: '' }, 'body-empty'],
    ['no JSON', { value: '{"rows": [' }, 'invalid-json'],
    ['JSON of no known form', { value: json({ hello: 'world' }) }, 'invalid-body'],
    ['no rows', { value: json({ rows: [] }) }, 'payload-empty'],
    [
      'too many rows',
      { value: `x,c,y\n${'1,a,1\n'.repeat(10_001)}`, headers: { 'content-type': 'text/csv' } },
      'payload-too-large',
    ],
    ['too many bytes', { value: Buffer.alloc(17 * 1024 * 1024, 32) }, 'payload-too-large'],
    [
      'a form that is not known',
      { value: 'Obj', headers: { 'content-type': 'application/avro' } },
      'unsupported-media-type',
    ],
    [
      'another model that is not there',
      { value: json(ROWS), headers: { 'leeway-model': 'gone' } },
      'not-found',
    ],
    [
      'a version that nothing can have',
      { value: json(ROWS), headers: { 'leeway-version': 'v\u00001' } },
      'not-found',
    ],
    [
      'a key that no payload can have',
      { value: json(ROWS), headers: { 'idempotency-key': 'a b' } },
      'invalid-body',
    ],
    ['a part that is not known', { value: json(ROWS), headers: { 'leeway-part': 'half' } }, 'invalid-body'],
    [
      'a CloudEvent without what it needs',
      { value: json(ROWS), headers: { ce_id: '1', ce_type: 'x.inference.request' } },
      'invalid-body',
    ],
  ])(
    'become dead letters when they have %s, and those behind them are counted',
    async (_, message, reason) => {
      const before = await counted(server);
      const known = await deadLetters();
      await deliver(
        { ...message, partition: 0, key: 'k', at: 1_700_000_000_000 },
        { value: json(ROWS), partition: 0 },
      );
      expect((await counted(server)).rows - before.rows).toBe(1);
      const [letter, ...others] = await deadLetters();
      expect(others).toEqual(known);
      expect(letter).toMatchObject({
        source: 'payloads',
        topic: 'payloads',
        partition: 0,
        key: 'k',
        reason,
        sizeBytes: Buffer.from(message.value ?? '').length,
        model: message.headers?.['leeway-model'] ?? 'm',
        producedAt: '2023-11-14T22:13:20.000Z',
      });
      expect(letter?.detail).not.toBe('');
    },
  );

  it('are shown with what is kept of their value, can be asked for by reason, and forgotten', async () => {
    const letters = await deadLetters();
    const path = '/sources/payloads/dead-letters';
    const one = letters.find(({ reason }) => reason === 'invalid-json');
    const { body } = await server.api('GET', `${path}/${one?.id}`);
    expect(wholeDeadLetterAnswer.parse(body)).toMatchObject({
      ...one,
      text: '{"rows": [',
      value: Buffer.from('{"rows": [').toString('base64'),
    });
    const large = letters.find(({ sizeBytes }) => sizeBytes > 16 * 1024 * 1024);
    const whole = await server.api('GET', `${path}/${large?.id}`);
    expect(Buffer.from(String(whole.body['value']), 'base64').length).toBe(64 * 1024);
    const ofReason = await server.api('GET', `${path}?reason=invalid-json`);
    expect(ofReason.body['items']).toEqual([one]);
    expect((await server.api('GET', `/sources/other/dead-letters/${one?.id}`)).status).toBe(404);
    expect((await server.api('DELETE', `${path}/${one?.id}`)).status).toBe(204);
    expect((await server.api('DELETE', `${path}/${one?.id}`)).status).toBe(404);
    expect((await deadLetters()).length).toBe(letters.length - 1);
    expect(
      await metric(server, 'leeway_ingest_kafka_dead_letters_total{source="payloads",reason="not-found"}'),
    ).toBe(2);
  });

  it('are counted for the model and version that they name', async () => {
    await server.api('PUT', '/models/other', { grain: '1m' });
    await server.api('PUT', '/models/other/versions/v7', {
      columns: [{ name: 'x', role: 'feature', type: 'numeric' }],
    });
    const headers = { 'leeway-model': 'other', 'leeway-version': 'v7' };
    await deliver({ value: json([{ x: 1 }]), headers });
    expect((await counted(server, 'other/versions/v7')).rows).toBe(1);
  });

  it('are counted once under one key, over Kafka and over HTTP', async () => {
    const before = await counted(server);
    const message = { value: json(ROWS), headers: { 'Idempotency-Key': 'once' } };
    await deliver(message, message);
    const answer = await server.api('POST', '/models/m/versions/v1/inferences', {
      ...ROWS,
      payloadId: 'once',
    });
    expect(answer.body['status']).toBe('duplicate');
    expect((await counted(server)).rows - before.rows).toBe(1);
  });

  it('have the rows refused that HTTP would refuse, and are no dead letters', async () => {
    const before = await counted(server);
    const letters = await deadLetters();
    await deliver({ value: json({ rows: [{ values: { ...ROW, x: 'no number' } }, { values: ROW }] }) });
    const after = await counted(server);
    expect([after.rows - before.rows, after.rejected - before.rejected]).toEqual([1, 1]);
    expect(await deadLetters()).toEqual(letters);
  });

  it('are counted in the window in which they were produced', async () => {
    const at = Math.floor(Date.now() / 60_000 - 90) * 60_000;
    await deliver({ value: json(ROWS), at: at + 1_000 });
    expect((await counted(server)).starts).toContain(new Date(at).toISOString());
  });

  it('are counted when their transaction was committed, and not when it was aborted', async () => {
    const before = await counted(server);
    const message = { value: json(ROWS), partition: 1 };
    await broker.sendInTransaction('payloads', [message, message], 'abort');
    await broker.sendInTransaction('payloads', [message], 'commit');
    // Two aborted ones, one committed, and the marker of each transaction.
    sent += 5;
    await deliver(message);
    expect((await counted(server)).rows - before.rows).toBe(2);
  });

  it('of which some events cannot be read are counted and dead-lettered', async () => {
    const event = (id: string, data: unknown): object => ({
      id,
      type: 'org.kubeflow.serving.inference.request',
      source: 'http://m',
      specversion: '1.0',
      data,
    });
    const [before, letters] = [await counted(server), await deadLetters()];
    await deliver({
      value: json([event('b-1', { instances: [[1, 'a']] }), event('b-2', { hello: 'world' })]),
      headers: { 'content-type': 'application/cloudevents-batch+json' },
    });
    expect((await counted(server)).rows - before.rows).toBe(1);
    expect((await deadLetters()).length - letters.length).toBe(1);
  });

  const partitionCount = (): Promise<number> =>
    metric(server, 'leeway_ingest_kafka_assigned_partitions{source="payloads",topic="payloads"}');

  it('are read from new partitions of their topic as well', async () => {
    const before = await counted(server);
    await broker.admin.createPartitions({
      topics: [{ name: 'payloads', count: 4, assignments: [{ brokerIds: [1] }] }],
    });
    await until(async () => (await partitionCount()) === 4, TIMEOUT_MS);
    await deliver({ value: json(ROWS), partition: 3 });
    expect((await counted(server)).rows - before.rows).toBe(1);
  });

  const lags = async (): Promise<object> => {
    const { body } = await server.api('GET', '/signals?model=m&limit=1000');
    const signals = body['items'] as { name: string; labels: Record<string, string>; lastValue: number }[];
    return Object.fromEntries(
      signals
        .filter(({ name }) => name.startsWith('kafka_lag'))
        .map(({ name, labels, lastValue }) => [`${name} ${labels['partitions'] ?? ''}`.trim(), lastValue]),
    );
  };

  it('that are not counted yet are a signal', async () => {
    await until(
      async () => ((await lags()) as { kafka_lag_seconds?: number }).kafka_lag_seconds === 0,
      TIMEOUT_MS,
    );
    expect(await lags()).toEqual({
      'kafka_lag_messages sum': 0,
      'kafka_lag_messages max': 0,
      kafka_lag_seconds: 0,
    });
    expect(await metric(server, 'leeway_ingest_kafka_lag_messages{source="payloads",topic="payloads"}')).toBe(
      0,
    );
  });

  it('are shown to the tools of Kafka as read', async () => {
    await until(async () => {
      const [group] = await broker.admin.listConsumerGroupOffsets({ groups: [{ groupId: 'leeway' }] });
      const partitions = group?.topics.flatMap((topic) => topic.partitions) ?? [];
      return partitions.reduce((sum, { committedOffset }) => sum + Number(committedOffset), 0) === sent;
    }, TIMEOUT_MS);
  });

  it('are counted after the broker has been away', async () => {
    const before = await counted(server);
    await broker.crash();
    await until(
      async () =>
        (await metric(server, 'leeway_ingest_kafka_failures_total{source="payloads",reason="broker"}')) > 0,
      TIMEOUT_MS,
    );
    await sleep(3_000);
    await broker.up();
    await deliver({ value: json(ROWS) });
    expect((await counted(server)).rows - before.rows).toBe(1);
  }, 90_000);
});

describeWithServer('kafka', 'a source', () => {
  let broker: KafkaBroker;
  beforeAll(async () => {
    broker = await KafkaBroker.start();
  }, 120_000);
  afterAll(() => broker.remove(), 60_000);

  const register = async (server: TestServer): Promise<void> => {
    await server.api('PUT', '/models/m/versions/v1', {
      columns: [{ name: 'x', role: 'feature', type: 'numeric' }],
    });
  };
  const message = { value: json([{ x: 1 }]) };
  const rowsToBe = (server: TestServer, rows: number): Promise<void> =>
    until(async () => (await counted(server)).rows === rows, TIMEOUT_MS, `${rows} rows`);

  it('begins with what comes, where it is told so, and a topic that is made anew from its beginning', async () => {
    await broker.createTopic('payloads', 2);
    await broker.send('payloads', [message, message, message]);
    const server = await startTestServer(configFor(broker, 'from: latest'));
    try {
      await register(server);
      await until(async () => (await sourceOf(server)).partitions.length === 2, TIMEOUT_MS);
      await broker.send('payloads', [message]);
      await rowsToBe(server, 1);
      await broker.admin.deleteTopics({ topics: ['payloads'] });
      await broker.createTopic('payloads', 1);
      await broker.send('payloads', [message, message]);
      await rowsToBe(server, 3);
    } finally {
      await server.close();
      await broker.admin.deleteTopics({ topics: ['payloads'] });
    }
  }, 120_000);

  it('waits for a broker and a topic that are not there yet', async () => {
    await broker.crash();
    const server = await startTestServer(configFor(broker));
    try {
      await register(server);
      const failures = 'leeway_ingest_kafka_failures_total{source="payloads",reason="broker"}';
      await until(async () => (await metric(server, failures)) > 0, TIMEOUT_MS);
      await broker.up();
      await broker.createTopic('payloads', 1);
      await broker.send('payloads', [message]);
      await rowsToBe(server, 1);
    } finally {
      await server.close();
    }
  }, 120_000);
});

async function sourceOf(server: TestServer): Promise<{ partitions: { nextOffset: string }[] }> {
  const { body } = await server.api('GET', '/sources');
  const [source] = body['items'] as { partitions: { nextOffset: string }[] }[];
  return source ?? { partitions: [] };
}
