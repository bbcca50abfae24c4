import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What scraped pages counted for each version, round by round, for comparing versions. */
export class ServingCounts1795400000014 implements MigrationInterface {
  readonly name = 'ServingCounts1795400000014';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `create table serving_count (
         collector text not null,
         model text not null,
         version text not null,
         at timestamptz not null,
         requests double precision not null,
         client_errors double precision not null,
         server_errors double precision not null,
         -- Pairs of an upper bound in seconds (null is infinity) and a cumulative count; null where no histogram is read.
         latency jsonb,
         primary key (collector, version, at)
       ) partition by range (at)`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table serving_count');
  }
}
