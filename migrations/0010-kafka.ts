import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = [
  // One row per partition that a group reads. A topic that is made anew under its old name has another id, and begins at 0.
  `create table source_offset (
     group_id text not null,
     topic_id text not null,
     partition int not null,
     topic text not null,
     next_offset bigint not null,
     updated_at timestamptz not null default now(),
     primary key (group_id, topic_id, partition)
   )`,
  `create table dead_letter (
     id bigint generated always as identity primary key,
     source text not null,
     topic text not null,
     partition int not null,
     message_offset bigint not null,
     key bytea,
     headers jsonb not null,
     value bytea,
     size_bytes int not null,
     reason text not null,
     detail text not null,
     model text not null,
     version text not null,
     produced_at timestamptz,
     at timestamptz not null default now()
   )`,
  `create index dead_letter_source on dead_letter (source, id)`,
  `create index dead_letter_model on dead_letter (model)`,
  `create index dead_letter_at on dead_letter (at)`,
];

const DOWN = [`drop table dead_letter`, `drop table source_offset`];

/** How far sources were read, and the messages of them that could not be counted. */
export class Kafka1795400000010 implements MigrationInterface {
  readonly name = 'Kafka1795400000010';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
