import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Profiles of whole hours and days. Not partitioned: hours and days are kept for different times, there is one row for a
 * dozen windows or more, and a late row deletes single ones anyway.
 */
const UP = [
  `create table profile_rollup (
     version_id bigint not null,
     grain text not null check (grain in ('hour', 'day')),
     rollup_start timestamptz not null,
     segment text not null,
     grid_hash text not null,
     row_count bigint not null,
     received_count bigint not null,
     rejections jsonb not null,
     profile bytea not null,
     primary key (version_id, grain, rollup_start, segment, grid_hash)
   )`,
  `create index profile_rollup_age on profile_rollup (grain, rollup_start)`,
  `create table rollup_due (
     version_id bigint not null,
     grain text not null,
     rollup_start timestamptz not null,
     segment text not null,
     grid_hash text not null,
     due_at timestamptz not null,
     primary key (version_id, grain, rollup_start, segment, grid_hash)
   )`,
  `create index rollup_due_at on rollup_due (due_at)`,
  `insert into rollup_due (version_id, grain, rollup_start, segment, grid_hash, due_at)
   select distinct version_id, grain, date_trunc(grain, window_start, 'UTC'), segment, grid_hash, now()
     from profile_window, unnest(array['hour', 'day']) as g (grain)`,
];

const DOWN = [`drop table rollup_due`, `drop table profile_rollup`];

export class Rollups1795400000004 implements MigrationInterface {
  readonly name = 'Rollups1795400000004';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
