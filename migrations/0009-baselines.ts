import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * When which baseline counts, apart from the baselines: one may be a candidate that never does, and an old one may count again.
 * Later rows win, so that of two promotions to the same boundary the second holds.
 */
const UP = [
  `create table baseline_epoch (
     id bigint generated always as identity primary key,
     version_id bigint not null references version (id),
     baseline_id bigint not null references baseline (id),
     effective_from timestamptz,
     created_at timestamptz not null default now()
   )`,
  `create index baseline_epoch_version on baseline_epoch (version_id, id)`,
  `create index baseline_epoch_baseline on baseline_epoch (baseline_id)`,
  `insert into baseline_epoch (version_id, baseline_id, effective_from, created_at)
   select version_id, id, effective_from, created_at from baseline order by id`,
  `alter table baseline drop column effective_from`,
  `alter table baseline add column importances jsonb`,
  `alter table baseline add column estimator jsonb`,
  `create table baseline_upload (
     version_id bigint not null references version (id),
     upload_id text not null,
     state text not null,
     byte_count bigint not null default 0,
     row_count bigint not null default 0,
     baseline_id bigint,
     problem jsonb,
     started_at timestamptz not null default now(),
     updated_at timestamptz not null default now(),
     primary key (version_id, upload_id)
   )`,
  `create index baseline_upload_age on baseline_upload (updated_at)`,
];

/** Candidates have no place in the older schema, where every baseline counts from some time on. */
const DOWN = [
  `drop table baseline_upload`,
  `alter table baseline add column effective_from timestamptz`,
  `update baseline b set effective_from =
     (select e.effective_from from baseline_epoch e where e.baseline_id = b.id order by e.id limit 1)`,
  `create temporary table candidate on commit drop as
   select id from baseline b where not exists (select 1 from baseline_epoch e where e.baseline_id = b.id)`,
  `drop table baseline_epoch`,
  `delete from baseline where id in (select id from candidate)`,
  `alter table baseline drop column importances`,
  `alter table baseline drop column estimator`,
];

export class Baselines1795400000009 implements MigrationInterface {
  readonly name = 'Baselines1795400000009';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
