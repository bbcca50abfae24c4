import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Samples say when the true value is theirs or more, signals how often they are written and what went wrong last. */
export class SignalStore1795400000013 implements MigrationInterface {
  readonly name = 'SignalStore1795400000013';

  async up(runner: QueryRunner): Promise<void> {
    // A constant default is stored once, in the catalogue: no partition is rewritten.
    await runner.query('alter table signal_sample add column is_at_least boolean not null default false');
    await runner.query('alter table signal add column last_is_at_least boolean not null default false');
    await runner.query('alter table signal add column spacing_ms double precision');
    await runner.query('create index signal_source on signal (source, model)');
    await runner.query('create index signal_last_at on signal (last_at)');
    // Model and name are empty for what is wrong with all that a source writes.
    await runner.query(`create table signal_problem (
      source text not null,
      model text not null,
      name text not null,
      detail text not null,
      since timestamptz not null,
      at timestamptz not null,
      primary key (source, model, name)
    )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table signal_problem');
    await runner.query('drop index signal_last_at');
    await runner.query('drop index signal_source');
    await runner.query('alter table signal drop column spacing_ms');
    await runner.query('alter table signal drop column last_is_at_least');
    await runner.query('alter table signal_sample drop column is_at_least');
  }
}
