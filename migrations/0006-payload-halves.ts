import type { MigrationInterface, QueryRunner } from 'typeorm';

const STATEMENTS = [
  // Requests and responses of captured inferences that wait for their other half; see Pairing.
  `create table captured_half (
     id bigint generated always as identity primary key,
     version_id bigint not null,
     inference_id text not null,
     part text not null,
     window_start timestamptz not null,
     event_at timestamptz not null,
     sample_rank double precision not null,
     row_values jsonb not null,
     arrived_at timestamptz not null default now()
   )`,
  `create index captured_half_inference on captured_half (version_id, inference_id)`,
  `create index captured_half_arrival on captured_half (arrived_at)`,
  // What a captured row holds: the whole inference, or the half whose other one did not come in time.
  `alter table captured_row add column part text not null default 'whole'`,
  // Deltas live for seconds: compressing them costs more than their bytes.
  `alter table window_delta alter column profile set storage external`,
  // The segments that are counted apart; null of baselines from before, whose one segment column is in their grid.
  `alter table baseline add column segments text[]`,
];

/** Requests and responses of one inference may come apart. */
export class PayloadHalves1795400000006 implements MigrationInterface {
  readonly name = 'PayloadHalves1795400000006';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table window_delta alter column profile set storage extended');
    await runner.query('alter table baseline drop column segments');
    await runner.query('alter table captured_row drop column part');
    await runner.query('drop table captured_half');
  }
}
