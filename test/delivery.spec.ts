import 'reflect-metadata';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { Webhook } from 'standardwebhooks';
import type { z } from 'zod';
import { parseEnvironment, systemClock } from '#platform';
import { LeewayApi } from '../apps/demo/api-client.js';
import { freePort, SpawnedProcess } from '../apps/demo/spawned-process.js';
import * as answers from '../apps/server/api/responses.js';
import { parseConfigFile } from '../apps/server/config.js';
import { startServer, type RunningServer } from '../apps/server/server.js';
import { createTestPlace, type TestPlace } from './database.js';
import { evenRows } from './rooms.js';
import { until } from './until.js';

const ADMIN_KEY = 'lw_test_admin_key_0123456789';
const SECRET = `whsec_${Buffer.from('a secret of twenty-four bytes or more').toString('base64')}`;

const config = (slackUrl: string, consumerPort: number): string => `
evaluation: { interval: 200ms, lateness: 200ms }
channels: [{ name: ops, kind: slack, webhookUrl: { env: SLACK }, groupWait: 0s, groupInterval: 1s }]
models: [{ name: m, grain: 1s, capture: { fraction: 1 }, monitors: [{ name: live, span: 3s, every: 1s }] }]
rules:
  - { name: drift, model: m, signal: model_drift_verdict, condition: { op: '>=', threshold: 2 }, channels: [ops], trigger: retrain }
triggers:
  - { name: retrain, model: m, kind: webhook, url: 'http://127.0.0.1:${consumerPort}/retrain', secret: { env: SECRET }, minCapturedRows: 1 }
# ${slackUrl}
`;

/** Receivers that are down, refuse and ask for patience: a real server, the Slack stand-in as a process, and a consumer over HTTP. */
describe('delivery', () => {
  let place: TestPlace;
  let server: RunningServer;
  let slack: SpawnedProcess;
  let slackUrl: string;
  let consumerPort: number;
  let consumer: Server | null = null;
  let api: LeewayApi;
  const tries: { headers: IncomingHttpHeaders; body: string }[] = [];
  const acted: unknown[] = [];

  beforeAll(async () => {
    place = await createTestPlace();
    slack = await SpawnedProcess.start({
      script: fileURLToPath(new URL('../dist/apps/demo/slack-stand-in/main.js', import.meta.url)),
      env: { PORT: '0' },
      logFile: join(place.dataDir, 'slack.log'),
      readyLine: /listens on/,
    });
    slackUrl = (await slack.line(/listens on (http\S+)/))[1] ?? '';
    consumerPort = await freePort();
    const environment = parseEnvironment({
      LEEWAY_PORT: '0',
      LEEWAY_ADMIN_KEY: ADMIN_KEY,
      LEEWAY_DATA_DIR: place.dataDir,
      ...(place.databaseUrl === null ? {} : { DATABASE_URL: place.databaseUrl }),
    });
    const parsed = parseConfigFile(config(slackUrl, consumerPort), {});
    if (!environment.ok || !parsed.ok) throw new Error(JSON.stringify([environment, parsed]));
    const env = { SLACK: `${slackUrl}/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX`, SECRET };
    server = await startServer({
      environment: environment.value,
      config: parsed.value,
      env,
      clock: systemClock,
      logger: pino({ level: 'silent' }),
    });
    api = new LeewayApi(server.url, ADMIN_KEY);
  }, 60_000);
  afterAll(async () => {
    await server.stop();
    consumer?.close();
    await slack.stop();
    await place.remove();
  });

  /** A consumer as a user would write one: verifies, acts once per webhook id. Its first answer is a 500. */
  async function startConsumer(): Promise<void> {
    const seen = new Set<string>();
    consumer = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString('utf8');
        tries.push({ headers: request.headers, body });
        const id = String(request.headers['webhook-id']);
        const message = new Webhook(SECRET).verify(body, request.headers as Record<string, string>);
        if (!seen.has(id)) acted.push(message);
        seen.add(id);
        response.writeHead(tries.length === 1 ? 500 : 202).end();
      });
    }).listen(consumerPort, '127.0.0.1');
    await once(consumer, 'listening');
  }

  const metric = async (line: string): Promise<number> => {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    return Number(
      text
        .split('\n')
        .find((each) => each.startsWith(line))
        ?.split(' ')
        .at(-1) ?? 0,
    );
  };
  const messages = async (): Promise<unknown[]> => {
    const answer = (await (await fetch(`${slackUrl}/messages`)).json()) as
      { messages?: unknown[] } | unknown[];
    return Array.isArray(answer) ? answer : (answer.messages ?? []);
  };

  it('an alert arrives once through 500, 429 and 200, and retraining starts once through a consumer that was down', async () => {
    await fetch(`${slackUrl}/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ responses: [{ status: 500 }, { status: 500 }, { status: 429, retryAfter: 2 }] }),
    });
    await api.createVersion('m', {
      name: 'v1',
      columns: [
        { name: 'x', role: 'feature', type: 'numeric' },
        { name: 'c', role: 'feature', type: 'categorical' },
      ],
    });
    await api.send('POST', '/models/m/versions/v1/baselines', { rows: evenRows(5_000) });
    let payloads = 0;
    let isFiring = false;
    while (!isFiring) {
      // Squared, so that no constant factor explains the change: then retraining is the advice.
      const rows = evenRows(200).map(({ x, c }) => ({ values: { x: 0.5 + x * x, c } }));
      await api.sendInferences('m', 'v1', { payloadId: `p${(payloads += 1)}`, rows });
      isFiring = (await api.alerts('m')).some(({ state }) => state === 'firing');
      if (payloads > 500) throw new Error('no alert fired');
    }
    expect((await api.alerts('m'))[0]?.diagnosis?.action).toBe('retrain');

    await until(
      async () => (await metric('leeway_outbox_deliveries_total{channel="retrain",outcome="network"}')) >= 2,
      30_000,
    );
    expect((await api.retrainingRuns('m')).map(({ status }) => status)).toEqual(['requested']);
    await startConsumer();
    await until(async () => (await api.retrainingRuns('m'))[0]?.status === 'submitted', 30_000);
    expect(tries.length).toBeGreaterThanOrEqual(2);
    expect(new Set(tries.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(acted).toEqual([expect.objectContaining({ type: 'retraining.requested' })]);

    await until(async () => (await messages()).length > 0, 30_000);
    const [notification] = await api.notifications('m');
    await until(async () => (await api.notifications('m')).at(-1)?.status === 'delivered', 10_000);
    expect(await metric('leeway_outbox_deliveries_total{channel="ops",outcome="server"}')).toBe(2);
    expect(await metric('leeway_outbox_deliveries_total{channel="ops",outcome="rate-limited"}')).toBe(1);
    expect(notification).toBeDefined();
    const told = (await messages()).map((message) => JSON.stringify(message));
    expect(told.filter((text) => text.includes('retrain'))).toHaveLength(1);
  }, 120_000);

  it('answers as the OpenAPI description says, field by field', async () => {
    const version = '/models/m/versions/v1';
    const [alert] = await api.alerts('m');
    const pages: [string, z.ZodType][] = [
      ['/models', answers.modelAnswer],
      ['/models/m/versions', answers.versionAnswer],
      [`${version}/baselines`, answers.baselineAnswer],
      [`${version}/windows`, answers.windowAnswer],
      [`${version}/captured-rows`, answers.capturedRowAnswer],
      ['/models/m/monitors', answers.monitorAnswer],
      ['/models/m/drift-results', answers.storedDriftResultAnswer],
      ['/signals', answers.signalAnswer],
      ['/rules', answers.ruleAnswer],
      ['/alerts', answers.alertAnswer],
      ['/retraining-runs', answers.runAnswer],
      ['/notifications', answers.notificationAnswer],
    ];
    for (const [path, item] of pages) {
      const body = await api.send<{ items: unknown[] }>('GET', path);
      expect([path, body.items.length > 0]).toEqual([path, true]);
      expect([path, answers.pageOf(item).parse(body)]).toEqual([path, body]);
    }
    const single: [string, z.ZodType][] = [
      ['/baselines/1', answers.baselineDetailsAnswer],
      [`/alerts/${alert?.id ?? ''}`, answers.alertDetailsAnswer],
      ['/signals/query?name=model_drift_verdict&model=m', answers.signalHistoryAnswer],
    ];
    for (const [path, schema] of single) {
      const body = await api.send('GET', path);
      expect([path, schema.parse(body)]).toEqual([path, body]);
    }
  });
});
