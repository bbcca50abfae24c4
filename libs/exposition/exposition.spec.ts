import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { monitorSchema } from '#drift';
import { deploymentSchema } from '#registry';
import { RetrainingRuns } from '#retraining';
import { Alerts } from '#rules';
import { openTestDatabase, type TestDatabase } from '../../test/database.js';
import { connectRooms, evenRows, registerVersion, send, START } from '../../test/rooms.js';
import { ExpositionMetrics, readDatabaseState, type StateRooms } from './index.js';
import { MAX_SIGNALS_PER_MODEL } from './newest-signals.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('the state of the database on /metrics', () => {
  let test: TestDatabase;
  let rooms: ReturnType<typeof connectRooms>;
  let stateRooms: StateRooms;

  beforeAll(async () => {
    test = await openTestDatabase();
    rooms = connectRooms(test.database);
    stateRooms = {
      database: test.database,
      alerts: new Alerts(test.database),
      runs: new RetrainingRuns(test.database, rooms.clock),
      queueDepths: () => Promise.resolve([]),
      receivers: ['ops'],
    };
  }, 60_000);
  afterAll(() => test.close());

  /** A page of a replica that has done nothing itself. */
  async function page(): Promise<string[]> {
    const registry = new Registry();
    new ExpositionMetrics(registry).watch(
      () => readDatabaseState(stateRooms, rooms.clock),
      pino({ level: 'silent' }),
    );
    return (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  }
  const linesOf = async (metric: string): Promise<string[]> =>
    (await page()).filter((line) => line.startsWith(`${metric}{`) || line.startsWith(`${metric} `));

  async function write(
    name: string,
    over: {
      model?: string;
      labels?: Record<string, string>;
      source?: string;
      value?: number | null;
      at?: number;
    } = {},
  ): Promise<void> {
    const at = over.at ?? rooms.clock.now();
    await rooms.signals.prepare([at]);
    await rooms.signals.write(test.database, [
      {
        name,
        model: over.model ?? 'm',
        labels: over.labels ?? { version: 'v1' },
        unit: 'ratio',
        source: over.source ?? 'drift',
        at,
        value: over.value === undefined ? 0.5 : over.value,
      },
    ]);
  }

  it('shows what a monitor found, on every replica, until the monitor is removed', async () => {
    await registerVersion(rooms.models, 'm');
    await rooms.baselines.register('m', 'v1', { kind: 'rows', rows: evenRows(2_000) });
    await rooms.monitors.put('m', monitorSchema.parse({ name: 'hourly', span: '5m', every: '5m' }));
    await send(rooms, 'm', 'v1', { rows: evenRows(1_000, 0.7).map((values) => ({ values })) });
    rooms.clock.advance(MINUTE);
    await rooms.drift.runDue((_monitor, error) => {
      throw error;
    });
    expect(await linesOf('leeway_model_drift_verdict')).toEqual([
      'leeway_model_drift_verdict{model="m",monitor="hourly",version="v1"} 2',
    ]);
    expect(await linesOf('leeway_model_drift_insufficient')).toEqual([
      'leeway_model_drift_insufficient{model="m",monitor="hourly",version="v1"} 0',
    ]);
    expect(await linesOf('leeway_drift_verdict')).toContain(
      'leeway_drift_verdict{model="m",column="x",monitor="hourly",version="v1"} 2',
    );
    expect(await linesOf('leeway_drift_missing_ratio')).toHaveLength(2);
    expect(await linesOf('leeway_drift_invalid_ratio')).toHaveLength(2);
    await rooms.monitors.remove('m', 'hourly');
    expect(await linesOf('leeway_drift_verdict')).toEqual([]);
    expect(await linesOf('leeway_model_drift_verdict')).toEqual([]);
  });

  it('says of a verdict that there is none, and shows a version no longer once nothing evaluates it', async () => {
    await rooms.monitors.put('m', monitorSchema.parse({ name: 'daily', span: '24h', every: '24h' }));
    const labels = { version: 'old', monitor: 'daily', segment: 'all' };
    await write('model_drift_verdict', { labels, source: 'drift', value: null });
    const insufficient = 'leeway_model_drift_insufficient{model="m",monitor="daily",version="old"} 1';
    expect(await linesOf('leeway_model_drift_insufficient')).toEqual([insufficient]);
    expect(await linesOf('leeway_model_drift_verdict')).toEqual([]);
    rooms.clock.advance(72 * HOUR - MINUTE);
    expect(await linesOf('leeway_model_drift_insufficient')).toEqual([insufficient]);
    rooms.clock.advance(2 * MINUTE);
    expect(await linesOf('leeway_model_drift_insufficient')).toEqual([]);
  });

  it('shows performance that was judged days ago, while its version is evaluated', async () => {
    const labels = { version: 'v1', segment: 'all' };
    const at = rooms.clock.now() - 48 * HOUR;
    await write('performance_accuracy', { labels, source: 'performance', value: 0.9, at });
    await write('performance_accuracy_lower', { labels, source: 'performance', value: 0.8, at });
    expect(await linesOf('leeway_performance_value')).toEqual([]);
    await write('labelled_row_count', { labels, source: 'performance', value: 0 });
    await write('estimated_roc_auc', { labels, source: 'performance', value: 0.7 });
    const shown = 'metric="accuracy",unit="ratio"} ';
    expect(await linesOf('leeway_performance_value')).toEqual([
      `leeway_performance_value{model="m",version="v1",segment="all",${shown}0.9`,
    ]);
    expect(await linesOf('leeway_performance_lower')).toEqual([
      `leeway_performance_lower{model="m",version="v1",segment="all",${shown}0.8`,
    ]);
    expect(await linesOf('leeway_performance_estimated_value')).toEqual([
      'leeway_performance_estimated_value{model="m",version="v1",segment="all",metric="roc_auc",unit="ratio"} 0.7',
    ]);
  });

  it('leaves out what is too much, columns before the model, and says how much', async () => {
    const at = rooms.clock.now();
    await registerVersion(rooms.models, 'wide');
    await rooms.monitors.put('wide', monitorSchema.parse({ name: 'all' }));
    await rooms.signals.write(
      test.database,
      Array.from({ length: MAX_SIGNALS_PER_MODEL + 10 }, (_, index) => ({
        name: 'drift_psi_nats',
        model: 'wide',
        labels: { version: 'v1', monitor: 'all', segment: 'all', column: `c${index}` },
        unit: 'nats',
        source: 'drift',
        at,
        value: 1,
      })),
    );
    await write('model_drift_verdict', {
      model: 'wide',
      labels: { version: 'v1', monitor: 'all', segment: 'all' },
      source: 'drift',
      value: 1,
    });
    expect(await linesOf('leeway_drift_psi_nats')).toHaveLength(MAX_SIGNALS_PER_MODEL - 1);
    expect(await linesOf('leeway_model_drift_verdict')).toHaveLength(1);
    expect(await linesOf('leeway_exposition_left_out_series')).toEqual([
      'leeway_exposition_left_out_series{kind="signals"} 11',
      'leeway_exposition_left_out_series{kind="alerts"} 0',
    ]);
  });

  it('shows deployments that are live or young, and what takes traffic', async () => {
    await rooms.deployments.register('m', deploymentSchema.parse({ version: 'v1' }));
    const labels = 'model="m",version="v1",environment="production",kind="full"';
    expect(await linesOf('leeway_deployment_started_timestamp_seconds')).toEqual([
      `leeway_deployment_started_timestamp_seconds{${labels}} ${rooms.clock.now() / 1_000}`,
    ]);
    expect(await linesOf('leeway_deployment_traffic_ratio')).toEqual([
      `leeway_deployment_traffic_ratio{${labels}} 1`,
    ]);
    const [deployment] = (await rooms.deployments.list('m', { limit: 1 })).items;
    await rooms.deployments.end(deployment?.id ?? '');
    expect(await linesOf('leeway_deployment_traffic_ratio')).toEqual([]);
    expect(await linesOf('leeway_deployment_started_timestamp_seconds')).toHaveLength(1);
    rooms.clock.advance(8 * 24 * HOUR);
    expect(await linesOf('leeway_deployment_started_timestamp_seconds')).toEqual([]);
  });

  it('shows what waits and for how long, and of each channel also that nothing does', async () => {
    expect(await linesOf('leeway_outbox_pending')).toEqual(['leeway_outbox_pending{channel="ops"} 0']);
    await test.database.query(
      `insert into outbox (kind, channel, model, body, created_at) values ('notification', 'ops', 'm', '{}', $1)`,
      [new Date(rooms.clock.now() - 90_000)],
    );
    expect(await linesOf('leeway_outbox_pending')).toEqual(['leeway_outbox_pending{channel="ops"} 1']);
    expect(await linesOf('leeway_outbox_oldest_pending_seconds')).toEqual([
      'leeway_outbox_oldest_pending_seconds{channel="ops"} 90',
    ]);
    // The monitors of the tests above: a new one is due from the moment it is made.
    expect(await linesOf('leeway_drift_due_monitors')).toEqual(['leeway_drift_due_monitors 2']);
    expect(await linesOf('leeway_compaction_pending_deltas')).toEqual([
      expect.stringMatching(/^leeway_compaction_pending_deltas \d+$/),
    ]);
    expect(await linesOf('leeway_database_daily_partitions')).toContainEqual(
      expect.stringMatching(/^leeway_database_daily_partitions\{table="signal_sample"\} [1-9]/),
    );
    expect(rooms.clock.now()).toBeGreaterThan(START);
  });

  it('counts open alerts by version and column, until they end', async () => {
    await test.database.query(
      `insert into alert (rule, model, labels, fingerprint, severity, state, active_at, summary, description, channels)
       values ('drift', 'm', '{"version":"v1","column":"x"}', 'f1', 'warning', 'firing', now(), '', '', '{}'),
              ('slow', 'm', '{"version":"v1"}', 'f2', 'critical', 'pending', now(), '', '', '{}')`,
    );
    expect(await linesOf('leeway_alerts')).toEqual([
      'leeway_alerts{model="m",rule="drift",severity="warning",state="firing",version="v1",column="x"} 1',
      'leeway_alerts{model="m",rule="slow",severity="critical",state="pending",version="v1"} 1',
    ]);
    await test.database.query(`update alert set state = 'resolved'`);
    expect(await linesOf('leeway_alerts')).toEqual([]);
  });

  it('asks the database once for a page, and shows the rest of it when that fails', async () => {
    const registry = new Registry();
    let reads = 0;
    const metrics = new ExpositionMetrics(registry);
    metrics.watch(
      () => {
        reads += 1;
        return reads === 1
          ? readDatabaseState(stateRooms, rooms.clock)
          : Promise.reject(new Error('the database is away'));
      },
      pino({ level: 'silent' }),
    );
    expect(await registry.metrics()).toContain('leeway_database_size_bytes ');
    expect(reads).toBe(1);
    const second = await registry.metrics();
    expect(reads).toBe(2);
    expect(second).not.toMatch(/^leeway_database_size_bytes /m);
    expect(second).toMatch(/^leeway_exposition_read_failures_total 0$/m);
    expect(await registry.metrics()).toMatch(/^leeway_exposition_read_failures_total [12]$/m);
  });
});
