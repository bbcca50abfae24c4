import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Indexing the captured rows of a month may take longer than any statement of the service is allowed to. */
const UP = [
  `set local statement_timeout = 0`,
  `create index captured_row_inference on captured_row (version_id, inference_id)`,
];

/** Finds what was captured of one inference, to delete it. */
export class CapturedRows1795400000007 implements MigrationInterface {
  readonly name = 'CapturedRows1795400000007';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index captured_row_inference');
  }
}
