import type { Waiting } from './backlog.js';
import type { DatabaseState } from './database-state.js';
import type { Series } from './state-gauge.js';

/** Alerts on /metrics by rule, version and column. */
const MAX_ALERTS = 2_000;

/** A metric that shows the state of the database, and is no signal. */
export interface DatabaseGauge {
  readonly name: string;
  readonly help: string;
  readonly series: (state: DatabaseState) => Series[];
}

const one = (value: number): Series[] => [{ labels: {}, value }];
const perChannel =
  (read: (waiting: Waiting) => number) =>
  ({ backlog }: DatabaseState): Series[] =>
    [...backlog.outbox].map(([channel, waiting]) => ({ labels: { channel }, value: read(waiting) }));

/** Every metric of the database that is no signal. */
export const STATE_GAUGES: readonly DatabaseGauge[] = [
  {
    name: 'leeway_alerts',
    help: 'Open alerts, by rule, state, and the version and column that they are about.',
    series: ({ alerts }) =>
      alerts.slice(0, MAX_ALERTS).map(({ count, ...labels }) => ({ labels, value: count })),
  },
  {
    name: 'leeway_deployment_started_timestamp_seconds',
    help: 'When a version went live, of deployments that are live or began within a week.',
    series: ({ deployments }) =>
      deployments.map(({ labels, startedAt }) => ({ labels, value: startedAt / 1_000 })),
  },
  {
    name: 'leeway_deployment_traffic_ratio',
    help: 'Share of the traffic that a version takes, of deployments that are live.',
    series: ({ deployments }) =>
      deployments.flatMap(({ labels, trafficShare }) =>
        trafficShare === null ? [] : [{ labels, value: trafficShare }],
      ),
  },
  {
    name: 'leeway_retraining_runs',
    help: 'Retraining runs, by model and status.',
    series: ({ runs }) => runs.map(({ count, ...labels }) => ({ labels, value: count })),
  },
  {
    name: 'leeway_outbox_pending',
    help: 'Messages that are decided and not yet delivered.',
    series: perChannel(({ count }) => count),
  },
  {
    name: 'leeway_outbox_oldest_pending_seconds',
    help: 'How long the oldest message has been waiting for its delivery; 0 where none waits.',
    series: perChannel(({ oldestSeconds }) => oldestSeconds),
  },
  {
    name: 'leeway_drift_due_monitors',
    help: 'Monitors whose evaluation is due and has not begun.',
    series: ({ backlog }) => one(backlog.monitors.count),
  },
  {
    name: 'leeway_drift_oldest_due_seconds',
    help: 'How long the evaluation of the latest monitor has been due; 0 where none is.',
    series: ({ backlog }) => one(backlog.monitors.oldestSeconds),
  },
  {
    name: 'leeway_performance_due_windows',
    help: 'Performance windows whose evaluation is due and has not been done.',
    series: ({ backlog }) => one(backlog.performanceWindows.count),
  },
  {
    name: 'leeway_performance_oldest_due_seconds',
    help: 'How long the evaluation of the latest performance window has been due; 0 where none is.',
    series: ({ backlog }) => one(backlog.performanceWindows.oldestSeconds),
  },
  {
    name: 'leeway_compaction_pending_deltas',
    help: 'Delta rows that are not yet compacted into their windows.',
    series: ({ backlog }) => one(backlog.deltas),
  },
  {
    name: 'leeway_ingest_waiting_halves',
    help: 'Captured requests and responses that wait for their other half.',
    series: ({ backlog }) => one(backlog.halves),
  },
  {
    name: 'leeway_jobs',
    help: 'Jobs in the queue, by queue and state, as it counted them within the last seconds.',
    series: ({ queues }) =>
      queues.flatMap(({ queue, counts }) =>
        Object.entries(counts).map(([state, value]) => ({ labels: { queue, state }, value })),
      ),
  },
  {
    name: 'leeway_database_size_bytes',
    help: 'What the database takes on its disk.',
    series: ({ storage }) => one(storage.sizeBytes),
  },
  {
    name: 'leeway_database_daily_partitions',
    help: 'Partitions of a day each, by table: days that are kept.',
    series: ({ storage }) => [...storage.partitions].map(([table, value]) => ({ labels: { table }, value })),
  },
  {
    name: 'leeway_exposition_left_out_series',
    help: 'Signals and alerts that are not on this page because there are too many of them, by kind.',
    series: ({ signals, alerts }) => [
      { labels: { kind: 'signals' }, value: signals.leftOutCount },
      { labels: { kind: 'alerts' }, value: Math.max(0, alerts.length - MAX_ALERTS) },
    ],
  },
];
