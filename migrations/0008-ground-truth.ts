import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = [
  // What really happened, one value for each inference: the one that was observed last.
  `create table ground_truth (
     model_id bigint not null,
     inference_id text not null,
     value text not null,
     observed_at timestamptz not null,
     received_at timestamptz not null default now(),
     primary key (model_id, inference_id)
   )`,
  `create index ground_truth_age on ground_truth (received_at)`,

  // The windows over which performance is computed, and when that is to be done next; a worker says once of each that it is over. A new truth raises the generation, an
  // evaluation takes the window with a claim: whoever evaluated without the newest truth, or lost its claim, cannot say that it is done.
  `create table performance_window (
     version_id bigint not null,
     window_start timestamptz not null,
     window_ms bigint not null,
     due_at timestamptz,
     is_closed boolean not null default false,
     generation bigint not null default 0,
     claim bigint not null default 0,
     read_in pg_snapshot,
     primary key (version_id, window_start, window_ms)
   )`,
  `create index performance_window_due on performance_window (due_at) where due_at is not null`,
  `create index performance_window_age on performance_window (window_start)`,

  `create table performance_result (
     version_id bigint not null,
     window_start timestamptz not null,
     window_ms bigint not null,
     segment text not null,
     status text not null,
     evaluated_at timestamptz not null,
     body jsonb not null,
     primary key (version_id, window_start, window_ms, segment)
   )`,
  `create index performance_result_age on performance_result (window_start)`,
];

/** Ground truth, and performance with and without it. */
export class GroundTruth1795400000008 implements MigrationInterface {
  readonly name = 'GroundTruth1795400000008';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['performance_result', 'performance_window', 'ground_truth'])
      await runner.query(`drop table ${table}`);
  }
}
