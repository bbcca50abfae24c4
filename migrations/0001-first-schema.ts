import type { MigrationInterface, QueryRunner } from 'typeorm';

/** One statement each, grouped by the room that owns the table. Nobody else writes it. */
const STATEMENTS = [
  // platform
  `create table api_key (
     id text primary key,
     name text not null,
     scopes text[] not null,
     secret_hash bytea not null,
     created_at timestamptz not null default now()
   )`,

  // registry
  `create table model (
     id bigint generated always as identity primary key,
     name text not null unique,
     spec jsonb not null,
     created_at timestamptz not null default now()
   )`,
  `create table version (
     id bigint generated always as identity primary key,
     model_id bigint not null references model (id),
     name text not null,
     spec jsonb not null,
     created_at timestamptz not null default now(),
     unique (model_id, name)
   )`,
  // A grid is the same for every window and baseline that is counted on it: stored once, by its content hash.
  `create table grid (
     hash text primary key,
     body bytea not null
   )`,
  `create table baseline (
     id bigint generated always as identity primary key,
     version_id bigint not null references version (id),
     source text not null,
     row_count bigint not null,
     grid_hash text not null references grid (hash),
     profile bytea not null,
     effective_from timestamptz,
     created_at timestamptz not null default now()
   )`,
  `create index baseline_version on baseline (version_id, id)`,
  `create table deployment (
     id bigint generated always as identity primary key,
     model_id bigint not null references model (id),
     version_id bigint not null references version (id),
     environment text not null,
     kind text not null,
     traffic_share double precision not null,
     revision text,
     description text,
     started_at timestamptz not null,
     ended_at timestamptz
   )`,
  `create index deployment_model on deployment (model_id, started_at)`,

  // ingest: payload keys live in two tables that take turns, so that forgetting an hour of them is one truncate
  `create table payload_key_turn (
     only_row boolean primary key default true check (only_row),
     turn bigint not null
   )`,
  `insert into payload_key_turn (turn) values (0)`,
  `create table payload_key_even (key text primary key)`,
  `create table payload_key_odd (key text primary key)`,
  `create table window_delta (
     id bigint generated always as identity primary key,
     version_id bigint not null,
     segment text not null,
     window_start timestamptz not null,
     grid_hash text not null,
     row_count bigint not null,
     rejections jsonb not null,
     profile bytea not null
   )`,
  `create index window_delta_key on window_delta (version_id, window_start, segment, grid_hash)`,
  `create table profile_window (
     id bigint generated always as identity primary key,
     version_id bigint not null,
     segment text not null,
     window_start timestamptz not null,
     grid_hash text not null,
     row_count bigint not null,
     rejections jsonb not null,
     profile bytea not null,
     unique (version_id, window_start, segment, grid_hash)
   )`,
  `create table captured_row (
     id bigint generated always as identity,
     version_id bigint not null,
     window_start timestamptz not null,
     inference_id text not null,
     event_at timestamptz not null,
     sample_rank double precision not null,
     row_values jsonb not null,
     primary key (window_start, id)
   ) partition by range (window_start)`,
  `create index captured_row_version on captured_row (version_id, window_start, sample_rank)`,

  // signals
  `create table signal (
     id bigint generated always as identity primary key,
     model text not null,
     name text not null,
     labels jsonb not null,
     labels_key text not null,
     unit text not null,
     source text not null,
     last_at timestamptz not null,
     last_value double precision,
     unique (name, labels_key)
   )`,
  `create index signal_model on signal (model, name)`,
  `create table signal_sample (
     signal_id bigint not null,
     at timestamptz not null,
     value double precision,
     primary key (signal_id, at)
   ) partition by range (at)`,
  `create table collector_lease (
     collector text primary key,
     holder text not null,
     expires_at timestamptz not null
   )`,

  // drift
  `create table monitor (
     id bigint generated always as identity primary key,
     model_id bigint not null references model (id),
     name text not null,
     spec jsonb not null,
     next_due_at timestamptz not null default '-infinity',
     created_at timestamptz not null default now(),
     unique (model_id, name)
   )`,
  `create table drift_result (
     id bigint generated always as identity primary key,
     model_id bigint not null,
     version_id bigint not null,
     monitor text,
     verdict text not null,
     evaluated_at timestamptz not null,
     body jsonb not null
   )`,
  `create index drift_result_model on drift_result (model_id, id)`,
  `create index drift_result_version on drift_result (version_id, evaluated_at)`,

  // rules
  `create table rule (
     id bigint generated always as identity primary key,
     name text not null unique,
     spec jsonb not null,
     created_at timestamptz not null default now()
   )`,
  `create table alert (
     id bigint generated always as identity primary key,
     rule text not null,
     model text not null,
     labels jsonb not null,
     fingerprint text not null,
     severity text not null,
     state text not null,
     end_reason text,
     active_at timestamptz not null,
     clear_since timestamptz,
     fired_at timestamptz,
     ended_at timestamptz,
     value double precision,
     summary text not null,
     description text not null,
     runbook_url text,
     channels text[] not null,
     diagnosis jsonb,
     retraining text
   )`,
  // One open alert for a rule and label set, whatever two replicas do at once.
  `create unique index alert_open on alert (fingerprint) where state in ('pending', 'firing')`,
  `create index alert_model on alert (model, id)`,
  `create table alert_event (
     id bigint generated always as identity primary key,
     alert_id bigint not null references alert (id) on delete cascade,
     at timestamptz not null,
     from_state text not null,
     to_state text not null,
     cause text not null
   )`,
  `create index alert_event_alert on alert_event (alert_id, id)`,
  `create table notification_group (
     channel text not null,
     model text not null,
     notified jsonb not null,
     sent_at timestamptz not null,
     primary key (channel, model)
   )`,

  // notify
  `create table outbox (
     id bigint generated always as identity primary key,
     kind text not null,
     channel text not null,
     model text not null,
     body jsonb not null,
     status text not null default 'pending',
     attempts integer not null default 0,
     last_error text,
     created_at timestamptz not null,
     delivered_at timestamptz
   )`,
  `create index outbox_pending on outbox (channel) where status = 'pending'`,

  // retraining
  `create table retraining_run (
     id bigint generated always as identity primary key,
     trigger_name text not null,
     model text not null,
     version text not null,
     alert_id bigint,
     status text not null,
     reason text not null,
     webhook_id text not null,
     new_version text,
     evidence jsonb not null,
     history jsonb not null,
     created_at timestamptz not null,
     updated_at timestamptz not null,
     deadline_at timestamptz
   )`,
  `create index retraining_run_model on retraining_run (model, id)`,
  // Only one run of a trigger at a time, whatever two replicas decide at once.
  `create unique index retraining_run_active on retraining_run (trigger_name)
     where status in ('requested', 'submitted', 'running')`,
];

const TABLES = [
  'retraining_run',
  'outbox',
  'notification_group',
  'alert_event',
  'alert',
  'rule',
  'drift_result',
  'monitor',
  'collector_lease',
  'signal_sample',
  'signal',
  'captured_row',
  'profile_window',
  'window_delta',
  'payload_key_odd',
  'payload_key_even',
  'payload_key_turn',
  'deployment',
  'baseline',
  'grid',
  'version',
  'model',
  'api_key',
];

export class FirstSchema1795400000001 implements MigrationInterface {
  readonly name = 'FirstSchema1795400000001';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await runner.query(`drop table ${table}`);
  }
}
