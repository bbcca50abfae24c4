import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Deployments say where they were learnt of and how their share changed; versions that are seen in signals are remembered. */
export class Deployments1795400000015 implements MigrationInterface {
  readonly name = 'Deployments1795400000015';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`alter table deployment add column origin text not null default 'api'`);
    await runner.query(`alter table deployment add column shares jsonb not null default '[]'`);
    // Null: nobody said how much of the traffic it takes.
    await runner.query('alter table deployment alter column traffic_share drop not null');
    await runner.query(`create table version_sighting (
      model_id bigint not null references model (id),
      version text not null,
      environment text not null,
      first_seen_at timestamptz not null,
      last_seen_at timestamptz not null,
      primary key (model_id, version, environment)
    )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table version_sighting');
    await runner.query('delete from deployment where traffic_share is null');
    await runner.query('alter table deployment alter column traffic_share set not null');
    await runner.query('alter table deployment drop column shares');
    await runner.query('alter table deployment drop column origin');
  }
}
