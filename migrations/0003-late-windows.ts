import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which results of drift do not hold rows that came late. */
const UP = [
  // The transaction that a delta came in. Together with the snapshot that a result was read in it says exactly whether
  // the result holds the delta: two clocks could not, since a row is seen when its transaction ends.
  `alter table window_delta add column arrived_in xid8 not null default pg_current_xact_id()`,
  `create table late_window (
     id bigint generated always as identity primary key,
     version_id bigint not null,
     window_start timestamptz not null,
     arrived_in xid8[] not null,
     marked_at timestamptz
   )`,
  `create index late_window_key on late_window (version_id, window_start)`,

  `alter table drift_result
     add column outdated_at timestamptz,
     add column read_in pg_snapshot,
     add column range_from timestamptz,
     add column range_to timestamptz,
     add column reference_from timestamptz,
     add column reference_to timestamptz`,
  `update drift_result set range_from = (body ->> 'from')::timestamptz, range_to = (body ->> 'to')::timestamptz`,
  `update drift_result
      set reference_from = range_from - interval '168 hours',
          reference_to = case body ->> 'reference' when 'week-before' then range_to - interval '168 hours' else range_from end
    where body ->> 'reference' in ('week-before', 'trailing-7-days')`,
  `alter table drift_result alter column range_from set not null, alter column range_to set not null`,
  `create index drift_result_range on drift_result (version_id, range_to) where outdated_at is null`,
];

const DOWN = [
  `drop index drift_result_range`,
  `alter table drift_result
     drop column outdated_at, drop column read_in,
     drop column range_from, drop column range_to, drop column reference_from, drop column reference_to`,
  `drop table late_window`,
  `alter table window_delta drop column arrived_in`,
];

export class LateWindows1795400000003 implements MigrationInterface {
  readonly name = 'LateWindows1795400000003';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
