import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Windows from before a baseline, counted on its grid from their captured rows. Few, so they are deleted row by row. */
const UP = [
  `create table rebuilt_window (
     version_id bigint not null,
     window_start timestamptz not null,
     grid_hash text not null,
     segment text not null,
     row_count bigint not null,
     received_count bigint not null,
     left_out text[] not null,
     profile bytea not null,
     primary key (version_id, window_start, grid_hash, segment)
   )`,
  `create index rebuilt_window_age on rebuilt_window (window_start)`,
];

export class RebuiltWindows1795400000005 implements MigrationInterface {
  readonly name = 'RebuiltWindows1795400000005';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table rebuilt_window');
  }
}
