import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Moving the windows of three months may take longer than any statement of the service is allowed to. */
const NO_TIME_LIMIT = `set local statement_timeout = 0`;

/** Windows by day, so that what has aged out is dropped whole; and how many rows arrived, beside those that were counted. */
const UP = [
  NO_TIME_LIMIT,
  // Null: as many as row_count. An ingest node that does not count them says nothing of them.
  `alter table window_delta add column received_count bigint`,

  `alter table profile_window rename to profile_window_whole`,
  `alter index profile_window_pkey rename to profile_window_whole_pkey`,
  `create table profile_window (
     version_id bigint not null,
     segment text not null,
     window_start timestamptz not null,
     grid_hash text not null,
     row_count bigint not null,
     received_count bigint not null,
     rejections jsonb not null,
     profile bytea not null,
     primary key (version_id, window_start, segment, grid_hash)
   ) partition by range (window_start)`,
  `do $$
   declare
     day date;
   begin
     for day in select distinct (window_start at time zone 'UTC')::date from profile_window_whole loop
       execute format('create table %I partition of profile_window for values from (%L) to (%L)',
                      'profile_window_' || to_char(day, 'YYYYMMDD'), day || 'T00:00:00Z', day + 1 || 'T00:00:00Z');
     end loop;
   end $$`,
  `insert into profile_window
   select version_id, segment, window_start, grid_hash, row_count, row_count, rejections, profile
     from profile_window_whole`,
  `drop table profile_window_whole`,
];

const DOWN = [
  NO_TIME_LIMIT,
  `alter table profile_window rename to profile_window_by_day`,
  `alter index profile_window_pkey rename to profile_window_by_day_pkey`,
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
  `insert into profile_window (version_id, segment, window_start, grid_hash, row_count, rejections, profile)
   select version_id, segment, window_start, grid_hash, row_count, rejections, profile from profile_window_by_day`,
  `drop table profile_window_by_day`,
  `alter table window_delta drop column received_count`,
];

export class Windows1795400000002 implements MigrationInterface {
  readonly name = 'Windows1795400000002';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
