import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = [
  // Three tables in place of two: the one whose turn is next is emptied while no commit reads or writes it.
  `create table payload_key_2 (key text primary key)`,
  // The keys that are known stay known: those of the current turn become turn 1, those of the one before it turn 0.
  `do $$
   declare is_even boolean := (select turn % 2 = 0 from payload_key_turn);
   begin
     execute format('alter table %I rename to payload_key_1', case when is_even then 'payload_key_even' else 'payload_key_odd' end);
     execute format('alter table %I rename to payload_key_0', case when is_even then 'payload_key_odd' else 'payload_key_even' end);
   end $$`,
  `alter table payload_key_turn add column started_at timestamptz not null default now()`,
  `update payload_key_turn set turn = 1`,
];

const DOWN = [
  `alter table payload_key_turn drop column started_at`,
  `update payload_key_turn set turn = 0`,
  `alter table payload_key_0 rename to payload_key_even`,
  `alter table payload_key_1 rename to payload_key_odd`,
  `drop table payload_key_2`,
];

/** Keys of payloads live in three tables that take turns. */
export class PayloadKeys1795400000011 implements MigrationInterface {
  readonly name = 'PayloadKeys1795400000011';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
