import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import type { AlertNotification, DeliveryOutcome } from '#notify';
import { AlertNotifications, channelSchema, Outbox, OutboxMetrics } from '#notify';
import { Jobs, type Transaction } from '#platform';
import { deploymentSchema } from '#registry';
import { Retraining, RetrainingRuns, triggerSchema } from '#retraining';
import { Alerts, NotificationGroups, RuleEvaluation, Rules, ruleSchema } from '#rules';
import { openTestDatabase, type TestDatabase } from './database.js';
import { connectRooms, registerVersion } from './rooms.js';
import { until } from './until.js';

const SECOND = 1_000;

/** From signals to alerts, messages and retraining runs, on the real database, queue and outbox; only the receivers are scripted. */
describe('alerting', () => {
  let test: TestDatabase;
  let rooms: ReturnType<typeof connectRooms>;
  let jobs: Jobs;
  let rules: Rules;
  let alerts: Alerts;
  let evaluation: RuleEvaluation;
  let groups: NotificationGroups;
  let runs: RetrainingRuns;
  const received: AlertNotification[] = [];
  const answers: DeliveryOutcome[] = [];
  const webhooks: { id: string; body: object }[] = [];
  const webhookAnswers: DeliveryOutcome[] = [];

  beforeAll(async () => {
    test = await openTestDatabase();
    rooms = connectRooms(test.database);
    const logger = pino({ level: 'silent' });
    jobs = new Jobs(test.database, logger);
    await jobs.start();
    const outbox = new Outbox(test.database, jobs, rooms.clock, logger, new OutboxMetrics(new Registry()));
    const notifier = {
      notify: (notification: AlertNotification) =>
        Promise.resolve(answers.shift() ?? (received.push(notification), { kind: 'delivered' as const })),
    };
    outbox.register('notification', new AlertNotifications(new Map([['ops', notifier]])));
    const trigger = triggerSchema.parse({
      name: 'retrain',
      model: 'm',
      kind: 'webhook',
      url: 'http://127.0.0.1:1/',
      secret: { env: 'S' },
      cooldown: '10s',
      minCapturedRows: 0,
    });
    const retraining = new Retraining(
      [trigger],
      outbox,
      (_target, id, body) => {
        webhooks.push({ id, body });
        return Promise.resolve(webhookAnswers.shift() ?? { kind: 'delivered' });
      },
      () => 'http://leeway',
      rooms.clock,
    );
    outbox.register('retraining', retraining);
    await outbox.open();
    await outbox.start();
    rules = new Rules(
      test.database,
      { channels: new Set(['ops']), triggers: new Set(['retrain']) },
      rooms.clock,
    );
    alerts = new Alerts(test.database);
    evaluation = new RuleEvaluation(
      test.database,
      rules,
      (tx: Transaction, alert) => retraining.start(tx, alert),
      60 * SECOND,
      rooms.clock,
      logger,
    );
    const channel = channelSchema.parse({
      name: 'ops',
      kind: 'slack',
      webhookUrl: { env: 'S' },
      groupWait: '0s',
      groupInterval: '0s',
      repeatInterval: '1h',
    });
    groups = new NotificationGroups(test.database, outbox, [channel], () => 'http://leeway', rooms.clock);
    runs = new RetrainingRuns(test.database, rooms.clock);
    for (const version of ['v1', 'v2']) await registerVersion(rooms.models, 'm', version);
  }, 60_000);
  afterAll(async () => {
    await jobs.stop();
    await test.close();
  });

  const failures: unknown[] = [];
  async function pass(
    value: number | null,
    over: { version?: string; name?: string; model?: string } = {},
  ): Promise<void> {
    const at = rooms.clock.now();
    await rooms.signals.prepare([at]);
    await rooms.signals.write(test.database, [
      {
        name: over.name ?? 'p99',
        model: over.model ?? 'm',
        labels: { version: over.version ?? 'v1' },
        unit: 'seconds',
        source: 'test',
        at,
        value,
      },
    ]);
    await Promise.all([1, 2].map(() => evaluation.run((_rule, error) => failures.push(error))));
    await Promise.all([1, 2].map(() => groups.run()));
    rooms.clock.advance(SECOND);
  }
  const only = async (rule: string) => (await alerts.list({ limit: 10, rule })).items;

  it('goes from signal to one message and back, with two evaluators at once', async () => {
    await rules.create(
      ruleSchema.parse({
        name: 'slow',
        model: 'm',
        signal: 'p99',
        condition: { op: '>', threshold: 0.5 },
        for: '2s',
        keepFiringFor: '1s',
        channels: ['ops'],
        summary: 'p99 is {{ $value }}',
      }),
    );
    await pass(0.1);
    await pass(0.9);
    await pass(0.9);
    expect((await only('slow')).map(({ state }) => state)).toEqual(['pending']);
    await pass(0.9);
    const [alert] = await only('slow');
    expect(alert).toMatchObject({
      state: 'firing',
      summary: 'p99 is 0.9',
      model: 'm',
      labels: { version: 'v1', model: 'm' },
      diagnosis: { action: 'investigate' },
    });
    await until(() => received.length === 1);
    await pass(0.9);
    await pass(null);
    expect((await only('slow'))[0]?.state).toBe('firing');
    await pass(0.1);
    await pass(0.1);
    expect((await only('slow')).map(({ state, endReason }) => [state, endReason])).toEqual([
      ['resolved', 'resolved'],
    ]);
    await until(() => received.length === 2);
    expect(received.map(({ reason, alerts: told }) => [reason, told.map(({ state }) => state)])).toEqual([
      ['first-notification', ['firing']],
      ['all-resolved', ['resolved']],
    ]);
    expect(
      (await alerts.get(alert?.id ?? '')).history.map(({ from, to, cause }) => [from, to, cause]),
    ).toEqual([
      ['inactive', 'pending', 'breached'],
      ['pending', 'firing', 'held-for'],
      ['firing', 'resolved', 'cleared'],
    ]);
    expect(failures).toEqual([]);
  });

  it('tries a message again after a failure, waits as long as the receiver asks, and delivers it once', async () => {
    answers.push(
      { kind: 'failed', failure: 'server', isRetryable: true, retryAfterSeconds: null, detail: '500' },
      { kind: 'failed', failure: 'rate-limited', isRetryable: true, retryAfterSeconds: 1, detail: '429' },
    );
    const before = received.length;
    await pass(0.9);
    await pass(0.9);
    await pass(0.9);
    await until(() => received.length === before + 1, 20_000);
    const rows = await test.database.query<{ attempts: number; last_error: string }>(
      `select attempts, last_error from outbox where kind = 'notification' order by id desc limit 1`,
    );
    expect(rows[0]).toEqual({ attempts: 3, last_error: 'rate-limited: 429' });
    await pass(0.1);
    await pass(0.1);
    await until(() => received.length === before + 2);
  }, 30_000);

  it('gives up a message that the receiver refuses for good', async () => {
    answers.push({
      kind: 'failed',
      failure: 'client',
      isRetryable: false,
      retryAfterSeconds: null,
      detail: '404 no_service',
    });
    await pass(0.9);
    await pass(0.9);
    await pass(0.9);
    await until(
      async () =>
        (
          await test.database.query(
            `select 1 from outbox where status = 'failed' and last_error = 'client: 404 no_service'`,
          )
        ).length === 1,
    );
    await pass(0.1);
    await pass(0.1);
  });

  it('ends the alert of a version whose deployment ended as superseded, and starts none for it', async () => {
    await rooms.deployments.register('m', deploymentSchema.parse({ version: 'v1' }));
    await pass(0.9);
    await pass(0.9);
    await pass(0.9);
    expect((await only('slow'))[0]).toMatchObject({ state: 'firing', diagnosis: { action: 'investigate' } });
    await rooms.deployments.register('m', deploymentSchema.parse({ version: 'v2' }));
    await pass(0.9);
    expect((await only('slow'))[0]).toMatchObject({ state: 'resolved', endReason: 'superseded' });
    for (let each = 0; each < 4; each += 1) await pass(0.9);
    expect((await only('slow')).filter(({ state }) => state !== 'resolved')).toEqual([]);
  });

  it('records a refused start with its reason, and starts once when the diagnosis says so', async () => {
    await rules.put(
      ruleSchema.parse({
        name: 'drift',
        model: 'm',
        signal: 'verdict',
        condition: { op: '>=', threshold: 2 },
        channels: [],
        trigger: 'retrain',
      }),
    );
    await pass(2, { version: 'v2', name: 'verdict' });
    expect((await only('drift'))[0]?.retraining).toMatch(/^refused: the diagnosis is "investigate"/);
    expect((await runs.list({ limit: 10, model: 'm' })).items).toEqual([
      expect.objectContaining({ status: 'refused', trigger: 'retrain' }),
    ]);
    expect(webhooks).toEqual([]);
    await pass(0, { version: 'v2', name: 'verdict' });

    const model = await rooms.models.get('m');
    const version = await rooms.models.getVersion('m', 'v2');
    const body = {
      model: 'm',
      version: 'v2',
      monitor: null,
      verdict: 'drifted',
      from: new Date(rooms.clock.now() - 60_000).toISOString(),
      to: new Date(rooms.clock.now()).toISOString(),
      columns: [
        {
          column: 'x',
          verdict: 'drifted',
          psi: 0.5,
          ks: 0.3,
          explanation: 'moved',
          scale: null,
          missingShare: 0,
          baselineMissingShare: 0,
        },
      ],
    };
    await test.database.query(
      `insert into drift_result (model_id, version_id, verdict, evaluated_at, range_from, range_to, body)
       values ($1, $2, $3, $4, $4, $4, $5)`,
      [model.id, version.id, 'drifted', body.to, JSON.stringify(body)],
    );
    webhookAnswers.push({
      kind: 'failed',
      failure: 'network',
      isRetryable: true,
      retryAfterSeconds: null,
      detail: 'refused',
    });
    await pass(2, { version: 'v2', name: 'verdict' });
    await until(async () => (await runs.list({ limit: 10, status: 'submitted' })).items.length === 1, 20_000);
    expect(webhooks).toHaveLength(2);
    expect(new Set(webhooks.map(({ id }) => id)).size).toBe(1);

    const [run] = (await runs.list({ limit: 1 })).items;
    await runs.patch(run?.id ?? '', { status: 'running' });
    const done = await runs.patch(run?.id ?? '', { status: 'succeeded', newVersion: 'v3' });
    expect(done).toMatchObject({ status: 'succeeded', newVersion: 'v3' });
    expect(done.history.map(({ status }) => status)).toEqual([
      'requested',
      'submitted',
      'running',
      'succeeded',
    ]);
    await expect(runs.patch(run?.id ?? '', { status: 'running' })).rejects.toMatchObject({
      code: 'run-transition-refused',
    });

    await pass(0, { version: 'v2', name: 'verdict' });
    await pass(2, { version: 'v2', name: 'verdict' });
    expect((await only('drift'))[0]?.retraining).toMatch(/^refused: the cooldown lasts/);
  }, 30_000);

  it('ends the alerts of a rule that is removed', async () => {
    await rules.put(
      ruleSchema.parse({ name: 'brief', model: 'm', signal: 'p50', condition: { op: '>', threshold: 0 } }),
    );
    await pass(1, { version: 'v2', name: 'p50' });
    expect((await only('brief'))[0]?.state).toBe('firing');
    await rules.remove('brief');
    expect((await only('brief'))[0]).toMatchObject({ state: 'resolved', endReason: 'superseded' });
  });

  it('refuses a rule that names a channel or trigger that does not exist', async () => {
    await expect(
      rules.create(
        ruleSchema.parse({
          name: 'lost',
          signal: 's',
          condition: { op: '>', threshold: 1 },
          channels: ['opps'],
          trigger: 'none',
        }),
      ),
    ).rejects.toMatchObject({
      code: 'invalid-body',
      places: [{ pointer: '/channels/0' }, { pointer: '/trigger' }],
    });
  });
});
