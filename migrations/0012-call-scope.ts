import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Halves of one inference id pair only where they came from the same component of the same service. */
export class CallScope1795400000012 implements MigrationInterface {
  readonly name = 'CallScope1795400000012';

  async up(runner: QueryRunner): Promise<void> {
    // Empty for payloads that do not say where their call was made; nodes from before write none.
    await runner.query(`alter table captured_half add column call_scope text not null default ''`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table captured_half drop column call_scope');
  }
}
