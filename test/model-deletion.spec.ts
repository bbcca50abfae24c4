import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { deleteDriftOf, monitorSchema } from '#drift';
import { LeewayError, parseEnvironment, TestClock, toRfc3339 } from '#platform';
import { deleteRegistryOf, deploymentSchema, lockModel, versionSchema } from '#registry';
import { ruleSchema } from '#rules';
import { deletedModelAnswer } from '../apps/server/api/responses.js';
import { configSchema } from '../apps/server/config.js';
import { openRooms, type Rooms } from '../apps/server/rooms.js';
import { createTestPlace, type TestPlace } from './database.js';
import { evenRows, registerVersion, send, START } from './rooms.js';
import { startTestServer, type TestServer } from './test-server.js';

const MINUTE = 60_000;
const PROBLEM = 'https://leeway.dev/problems/';

/** A model as it was registered, for finding what is its after it is gone. */
interface Registered {
  readonly name: string;
  readonly id: string;
  readonly versionIds: readonly string[];
}

const byVersion = ({ versionIds }: Registered): string => `version_id in (${versionIds.join(', ')})`;
const byModelId = ({ id }: Registered): string => `model_id = ${id}`;
const byModelName = ({ name }: Registered): string => `model = '${name}'`;

/** Which rows of each table are a model's. A table that is added needs its line here, and its deletion in the room that owns it. */
const OWNED: Readonly<Record<string, (model: Registered) => string>> = {
  model: ({ id }) => `id = ${id}`,
  version: byModelId,
  baseline: byVersion,
  baseline_epoch: byVersion,
  baseline_upload: byVersion,
  grid: ({ versionIds }) =>
    `hash not in (select grid_hash from baseline where version_id not in (${versionIds.join(', ')}))`,
  deployment: byModelId,
  version_sighting: byModelId,
  profile_window: byVersion,
  window_delta: byVersion,
  rebuilt_window: byVersion,
  profile_rollup: byVersion,
  rollup_due: byVersion,
  late_window: byVersion,
  captured_half: byVersion,
  captured_row: byVersion,
  ground_truth: byModelId,
  performance_window: byVersion,
  performance_result: byVersion,
  dead_letter: byModelName,
  serving_count: byModelName,
  signal: byModelName,
  signal_sample: ({ name }) => `signal_id not in (select id from signal where model <> '${name}')`,
  signal_problem: byModelName,
  monitor: byModelId,
  drift_result: byModelId,
  rule: ({ name }) => `spec ->> 'model' = '${name}'`,
  alert: byModelName,
  alert_event: ({ name }) => `alert_id not in (select id from alert where model <> '${name}')`,
  notification_group: byModelName,
  outbox: byModelName,
  retraining_run: byModelName,
};
/** Tables of no model; the keys of payloads are forgotten after an hour or two. */
const OF_NOBODY = [
  'api_key',
  'collector_lease',
  'payload_key_0',
  'payload_key_1',
  'payload_key_2',
  'payload_key_turn',
  'schema_migration',
  'source_offset',
];

describe('the deletion of a model', () => {
  let place: TestPlace;
  let rooms: Rooms;
  const clock = new TestClock(START);
  beforeAll(async () => {
    place = await createTestPlace();
    const environment = parseEnvironment({
      LEEWAY_DATA_DIR: place.dataDir,
      ...(place.databaseUrl === null ? {} : { DATABASE_URL: place.databaseUrl }),
    });
    if (!environment.ok) throw new Error(environment.problems.join('\n'));
    rooms = await openRooms({
      environment: environment.value,
      config: CONFIG,
      env: { SLACK: 'http://127.0.0.1:1/', SECRET: `whsec_${Buffer.alloc(32, 'x').toString('base64')}` },
      clock,
      logger: pino({ level: 'silent' }),
    });
    await rooms.jobs.start();
    await rooms.outbox.open();
  }, 60_000);
  afterAll(async () => {
    await rooms.jobs.stop();
    await rooms.database.close();
    await place.remove();
  });

  const MODELS = ['kept', 'gone'];
  const CONFIG = configSchema.parse({
    evaluation: { interval: '1s', lateness: '0s' },
    channels: [{ name: 'ops', kind: 'slack', webhookUrl: { env: 'SLACK' }, groupWait: '0s' }],
    triggers: MODELS.map((model) => ({
      name: `retrain-${model}`,
      model,
      kind: 'webhook',
      url: 'http://127.0.0.1:1/',
      secret: { env: 'SECRET' },
    })),
  });
  const COLUMNS = [
    { name: 'x', role: 'feature', type: 'numeric' },
    { name: 'c', role: 'prediction', type: 'categorical' },
  ];

  const accept = (model: string, value: object, part?: 'request') => send(rooms, model, 'v1', value, part);
  const sendRows = (model: string, at = clock.now()) =>
    accept(model, {
      rows: evenRows(500, 0.7).map((values) => ({ timestamp: toRfc3339(at), values })),
    });
  const passAfter = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await rooms.pass.run();
  };

  async function register(name: string, shift: number): Promise<Registered> {
    for (const version of ['v1', 'v2'])
      await registerVersion(rooms.models, name, version, undefined, COLUMNS);
    // The models share the grid of their first versions; each has one of its own.
    await rooms.baselineUploads.track(name, 'v1', 'first', (progress) =>
      rooms.baselines.register(name, 'v1', { kind: 'rows', rows: evenRows(2_000) }, { progress }),
    );
    await rooms.baselines.register(name, 'v2', { kind: 'rows', rows: evenRows(2_000, shift) });
    await rooms.deployments.register(name, deploymentSchema.parse({ version: 'v1' }));
    await rooms.monitors.put(name, monitorSchema.parse({ name: 'live', span: '3m', every: '1m' }));
    await rooms.rules.put(
      ruleSchema.parse({
        name: `drift-${name}`,
        model: name,
        signal: 'model_drift_verdict',
        condition: { op: '>=', threshold: 2 },
        channels: ['ops'],
        ...(MODELS.includes(name) && { trigger: `retrain-${name}` }),
      }),
    );
    const model = await rooms.models.get(name);
    const versions = await rooms.models.listVersions(name, { limit: 10 });
    return { name, id: model.id, versionIds: versions.items.map(({ id }) => id) };
  }

  /** Everything that can happen to models, at the same time to all of them. */
  async function live(models: readonly Registered[]): Promise<void> {
    for (let minute = 0; minute < 4; minute += 1) {
      for (const { name } of models) await sendRows(name);
      await passAfter(MINUTE);
    }
    await passAfter(60 * MINUTE);
    for (const [index, { name }] of models.entries())
      await rooms.baselines.register(name, 'v1', { kind: 'rows', rows: evenRows(2_000, 10 + index) });
    await passAfter(2 * MINUTE);
    for (const { name } of models) await sendRows(name, START);
    await passAfter(MINUTE);
    for (const { name } of models) {
      await sendRows(name);
      await accept(name, { rows: [{ inferenceId: 'half', values: { x: 1 } }] }, 'request');
      const truth = { rows: [{ id: 'half', value: 'a' }] };
      await rooms.groundTruthIntake.accept(name, { format: 'json', value: truth });
      await rooms.versionSightings.noteVersions(name, [{ version: 'v9', at: clock.now() }]);
      const of = { source: 'drift', model: name };
      await rooms.signals.reportProblems(rooms.database, of, [{ name: 'x', detail: 'y' }], clock.now());
      await rooms.database.query(
        `insert into dead_letter (source, topic, partition, message_offset, headers, size_bytes, reason, detail, model, version)
         values ('s', 't', 0, 0, '{}', 0, 'body-empty', 'no value', $1, 'v1')`,
        [name],
      );
      const counts = { requests: 3, clientErrors: 1, serverErrors: 0, latency: [{ le: Infinity, count: 3 }] };
      await rooms.storedCounts.write({ collector: `serving-${name}`, model: name }, START, [
        { version: 'v1', counts },
      ]);
    }
  }

  async function tables(): Promise<string[]> {
    const rows = await rooms.database.query<{ name: string }>(
      `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition`,
    );
    return rows.map(({ name }) => name);
  }
  async function rowsOf(table: string, where = 'true'): Promise<string[]> {
    const rows = await rooms.database.query<{ row: string }>(
      `select to_jsonb(t)::text as row from ${table} t where ${where} order by 1`,
    );
    return rows.map(({ row }) => row);
  }
  async function remainsOf(model: Registered): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const [table, where] of Object.entries(OWNED)) {
      const { length } = await rowsOf(table, where(model));
      if (length > 0) counts[table] = length;
    }
    return counts;
  }

  it('takes all that is the model’s, in every table, and nothing of another', async () => {
    expect((await tables()).sort()).toEqual([...Object.keys(OWNED), ...OF_NOBODY].sort());
    await rooms.rules.put(
      ruleSchema.parse({
        name: 'of-any-model',
        signal: 'model_drift_verdict',
        condition: { op: '>', threshold: 0 },
      }),
    );
    const kept = await register('kept', 1);
    const gone = await register('gone', 2);
    await live([kept, gone]);
    for (const model of [kept, gone])
      expect(Object.keys(await remainsOf(model)).sort()).toEqual(Object.keys(OWNED).sort());

    const others = new Map<string, string[]>();
    for (const [table, where] of Object.entries(OWNED))
      others.set(table, await rowsOf(table, `not coalesce(${where(gone)}, false)`));
    const counted = await remainsOf(gone);
    const { deleted, namedInConfiguration } = await rooms.modelDeletion.remove('gone');
    for (const [table, rows] of others) expect([table, await rowsOf(table)]).toEqual([table, rows]);
    expect(namedInConfiguration).toEqual(['triggers']);
    expect(deleted).toEqual({
      versions: counted['version'],
      baselines: counted['baseline'],
      deployments: counted['deployment'],
      windows: counted['profile_window'],
      capturedRows: counted['captured_row'],
      groundTruth: counted['ground_truth'],
      performanceResults: counted['performance_result'],
      monitors: counted['monitor'],
      driftResults: counted['drift_result'],
      signals: counted['signal'],
      rules: counted['rule'],
      alerts: counted['alert'],
      messages: counted['outbox'],
      retrainingRuns: counted['retraining_run'],
      deadLetters: counted['dead_letter'],
    });

    await rooms.modelDeletion.sweep();
    for (const [table, rows] of others) expect([table, await rowsOf(table)]).toEqual([table, rows]);
    await expect(rooms.modelDeletion.remove('gone')).rejects.toMatchObject({ code: 'not-found' });
    // The other model lives on, and the name is free again.
    await sendRows('kept');
    await passAfter(MINUTE);
    const again = await register('gone', 2);
    expect((await rooms.windows.list('gone', 'v1', { limit: 1 })).items).toEqual([]);
    expect(again.id).not.toBe(gone.id);
  }, 60_000);

  it.each([1, 2, 3])(
    'does not fail while payloads arrive and everything is evaluated, and a sweep leaves nothing (%i)',
    async (round) => {
      const name = `busy-${round}`;
      const busy = await register(name, 20 + round);
      const neighbour = await register(`neighbour-${round}`, 30 + round);
      const end = { isOver: false };
      const deletion = { isDone: false };
      const refusals: unknown[] = [];
      let acceptedAfter = 0;
      const senders = Array.from({ length: 4 }, async () => {
        while (!end.isOver) {
          const isGone = deletion.isDone;
          await sendRows(name).then(
            () => (acceptedAfter += isGone ? 1 : 0),
            (error: unknown) => refusals.push(error),
          );
          await sendRows(neighbour.name);
        }
      });
      const evaluation = (async () => {
        while (!end.isOver) await passAfter(100);
      })();
      for (let each = 0; each < 3; each += 1) await sendRows(name);
      const { deleted } = await rooms.modelDeletion.remove(name);
      deletion.isDone = true;
      expect(deleted.versions).toBe(2);
      await new Promise((resolve) => setTimeout(resolve, 300));
      end.isOver = true;
      await Promise.all([...senders, evaluation]);
      await rooms.modelDeletion.sweep();
      expect(await remainsOf(busy)).toEqual({});
      // Nodes that knew the version took rows for a while, and then no more.
      expect(refusals.every((error) => error instanceof LeewayError && error.code === 'not-found')).toBe(
        true,
      );
      expect(acceptedAfter + refusals.length).toBeGreaterThan(0);
      const [window] = (await rooms.windows.list(neighbour.name, 'v1', { limit: 1 })).items;
      expect(window?.rowCount).toBeGreaterThan(0);
    },
    60_000,
  );

  it('sweeps what a node writes that has not noticed the deletion', async () => {
    const late = await register('late', 40);
    await sendRows('late');
    await rooms.modelDeletion.remove('late');
    await sendRows('late');
    await accept('late', { rows: [{ inferenceId: 'half', values: { x: 1 } }] }, 'request');
    expect(Object.keys(await remainsOf(late)).sort()).toEqual([
      'captured_half',
      'captured_row',
      'window_delta',
    ]);
    await rooms.pass.run();
    await rooms.modelDeletion.sweep();
    expect(await remainsOf(late)).toEqual({});
  });

  it('keeps the signals of a collector for a model that is not registered, and what followed from them', async () => {
    const write = (source: string) =>
      rooms.database.transaction((tx) =>
        rooms.signals.write(tx, [
          {
            name: 'p99',
            model: 'elsewhere',
            labels: { source },
            unit: 's',
            source,
            at: clock.now(),
            value: 1,
          },
        ]),
      );
    await write('collector:scrape');
    await rooms.modelDeletion.sweep();
    expect((await rooms.signals.list({ limit: 10, model: 'elsewhere' }, START)).items).toHaveLength(1);
    await write('drift');
    await rooms.modelDeletion.sweep();
    expect((await rooms.signals.list({ limit: 10, model: 'elsewhere' }, START)).items).toMatchObject([
      { source: 'collector:scrape' },
    ]);
  });

  it('ends the alerts about other models of a rule that watched them before', async () => {
    await register('narrowed', 50);
    await rooms.database.query(
      `insert into alert (rule, model, labels, fingerprint, severity, state, active_at, summary, description, channels)
       values ('drift-narrowed', 'kept', '{}', 'f', 'warning', 'firing', now(), '', '', '{}')`,
    );
    await rooms.modelDeletion.remove('narrowed');
    expect((await rooms.alerts.list({ limit: 10, rule: 'drift-narrowed' })).items).toMatchObject([
      { model: 'kept', state: 'resolved', endReason: 'superseded' },
    ]);
  });

  it('is tried again when it and a worker wait for each other', async () => {
    const { name, versionIds } = await register('entangled', 70);
    await sendRows(name);
    await passAfter(MINUTE);
    await sendRows(name);
    let hasLock = (): void => undefined;
    const locked = new Promise<void>((resolve) => (hasLock = resolve));
    const worker = rooms.database.transaction(async (tx) => {
      const [v1] = versionIds;
      await tx.query('select 1 from window_delta where version_id = $1 for update', [v1]);
      hasLock();
      // The deletion has the windows by now, where there are sessions enough, and waits for this one.
      await new Promise((resolve) => setTimeout(resolve, 300));
      await tx.query('select 1 from profile_window where version_id = $1 for update', [v1]);
    });
    await locked;
    const [{ deleted }] = await Promise.all([rooms.modelDeletion.remove(name), worker]);
    expect(deleted.windows).toBeGreaterThan(0);
  });

  it('lets who adds something at the same time find that the model is gone', async () => {
    const { name } = await register('contended', 60);
    const adders = [
      () => rooms.models.createVersion(name, versionSchema.parse({ name: 'v3', columns: COLUMNS })),
      () => rooms.monitors.create(name, monitorSchema.parse({ name: 'm2', span: '3m', every: '1m' })),
      () => rooms.baselines.register(name, 'v2', { kind: 'rows', rows: evenRows(100, 61) }),
      () => rooms.deployments.register(name, deploymentSchema.parse({ version: 'v2' })),
    ];
    const outcomes = await rooms.database.transaction(async (tx) => {
      const model = await lockModel(tx, name);
      const added = adders.map((add) => add().catch((error: unknown) => error));
      // On a server they now wait for the locks; the embedded database has one session, and they wait for that.
      await new Promise((resolve) => setTimeout(resolve, 200));
      await deleteDriftOf(tx, model.id);
      await deleteRegistryOf(tx, model);
      return { added };
    });
    for (const outcome of await Promise.all(outcomes.added))
      expect(outcome).toMatchObject({ code: 'not-found' });
  });
});

describe('the deletion of a model over HTTP', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer(configSchema.parse({ models: [{ name: 'configured' }] }));
  }, 60_000);
  afterAll(() => server.close());

  const COLUMNS = [{ name: 't', role: 'feature', type: 'text' }];
  const create = async (name: string): Promise<void> => {
    await server.api('POST', '/models', { name, capture: { fraction: 1, maxRowsPerWindow: 100_000 } });
    await server.api('POST', `/models/${name}/versions`, { name: 'v1', columns: COLUMNS });
  };

  it('wants its name once more, and says so', async () => {
    await create('m');
    for (const query of ['', '?confirm=', '?confirm=M', '?confirm=true']) {
      expect(await server.api('DELETE', `/models/m${query}`)).toMatchObject({
        status: 422,
        body: {
          type: `${PROBLEM}confirmation-required`,
          detail: expect.stringContaining('?confirm=m ') as unknown,
          errors: [{ pointer: '/confirm' }],
        },
      });
    }
    const answer = await server.api('DELETE', '/models/m?confirm=m');
    expect(answer).toMatchObject({ status: 200, body: { model: 'm', deleted: { versions: 1 } } });
    expect(deletedModelAnswer.strict().parse(answer.body).namedInConfiguration).toEqual([]);
    expect((await server.api('GET', '/models/m')).status).toBe(404);
    expect((await server.api('DELETE', '/models/m?confirm=m')).status).toBe(404);
  });

  it('needs the scope admin', async () => {
    await create('guarded');
    const { body } = await server.api('POST', '/api-keys', { name: 'reader', scopes: ['read', 'ingest'] });
    const refused = await server.api(
      'DELETE',
      '/models/guarded?confirm=guarded',
      undefined,
      String(body['key']),
    );
    expect(refused).toMatchObject({ status: 403, body: { type: `${PROBLEM}forbidden` } });
    expect((await server.api('GET', '/models/guarded')).status).toBe(200);
  });

  it('says that leeway.yaml brings a model back that it names', async () => {
    expect((await server.api('DELETE', '/models/configured?confirm=configured')).body).toMatchObject({
      namedInConfiguration: ['models'],
    });
  });

  it('breaks the connection of an export that is under way, so that its file is not taken for a whole one', async () => {
    await create('exported');
    for (let payload = 0; payload < 4; payload += 1) {
      const rows = Array.from({ length: 2_500 }, () => ({ values: { t: 'x'.repeat(2_000) } }));
      await server.api('POST', '/models/exported/versions/v1/inferences', { rows });
    }
    const response = await fetch(`${server.url}/api/v1/models/exported/versions/v1/captured-rows/export`, {
      headers: { authorization: server.authorization },
    });
    expect(response.status).toBe(200);
    // 20 MB: more than is on its way while nobody reads.
    expect((await server.api('DELETE', '/models/exported?confirm=exported')).status).toBe(200);
    await expect(response.text()).rejects.toThrow(/terminated/);
  }, 30_000);
});
