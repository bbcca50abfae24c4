import { DailyPartitions, withRetries, type Database, type Transaction } from '#platform';
import { trimCaptured } from './captured-trim.js';
import type { IngestMetrics } from './metrics.js';

/** How long a captured half waits for its other one, by the database's clock: what a logger holds back fits into it. */
export const PAIRING_TIMEOUT_SECONDS = 600;
/** Halves of one statement; what is left waits for the next one. */
const BATCH = 5_000;

/**
 * Joins the captured requests and responses of one inference into whole rows.
 *
 * Halves arrive in any order on any node; a worker pairs them in PostgreSQL. One whose other half does not come in time stays as a
 * row of its own part, and is counted: a serving system that logs only successful calls leaves requests without a response, and that is no error.
 */
export class Pairing {
  private readonly partitions = new DailyPartitions('captured_row');

  constructor(
    private readonly database: Database,
    private readonly metrics: IngestMetrics,
  ) {}

  /** Pairs what can be paired and releases what waited too long. Safe with any number of workers at once. */
  async run(): Promise<void> {
    await this.ensurePartitions();
    while ((await withRetries(() => this.pair())) === BATCH);
    while ((await withRetries(() => this.release())) === BATCH);
  }

  /**
   * A whole row has the request's time and window and the values of both. The components of a service may each log a call
   * under one id, and halves pair within one of them. Of an id that came several times there, the first request belongs to the first response, the
   * second to the second, and so on: an id that comes ever again makes no more pairs than it has halves, and keeps those of other ids
   * waiting no longer. Grouped, and looked up by arrays and hashes (`is true` keeps the latter): joins of the
   * parts were planned for a few rows and took two minutes for 20,000 pairs. Rows are locked in one order and skipped when another worker has them, so that each
   * pair is made once.
   */
  private async pair(): Promise<number> {
    return this.database.transaction(async (tx) => {
      const made = await tx.query<MadeRow>(
        `with id as (select version_id, inference_id, call_scope from captured_half group by version_id, inference_id, call_scope
                     having bool_or(part = 'request') and bool_or(part = 'response') limit ${BATCH}),
         half as (select id, version_id, inference_id, call_scope, part,
                         row_number() over (partition by version_id, inference_id, call_scope, part order by id) as place
                    from captured_half join id using (version_id, inference_id, call_scope)),
         pair as (select min(id) filter (where part = 'request') as request_id, min(id) filter (where part = 'response') as response_id
                    from half group by version_id, inference_id, call_scope, place having count(*) = 2 limit ${BATCH}),
         locked as (select id from captured_half
                     where id = any (array(select request_id from pair union all select response_id from pair))
                     order by id for update skip locked),
         whole as (select request_id, response_id from pair
                    where (request_id in (select id from locked)) is true and (response_id in (select id from locked)) is true),
         gone as (delete from captured_half
                   where id = any (array(select request_id from whole union all select response_id from whole))),
         made as (insert into captured_row (version_id, window_start, inference_id, event_at, sample_rank, row_values)
                  select q.version_id, q.window_start, q.inference_id, q.event_at, q.sample_rank, q.row_values || r.row_values
                    from whole join captured_half q on q.id = request_id join captured_half r on r.id = response_id
                  returning version_id, window_start)
         select version_id, window_start from made`,
      );
      await this.trim(tx, made);
      return made.length;
    });
  }

  /** Served by captured_half_arrival. */
  private async release(): Promise<number> {
    const released = await this.database.transaction(async (tx) => {
      const rows = await tx.query<MadeRow & { part: 'request' | 'response' }>(
        `with old as (select id from captured_half where arrived_at < now() - make_interval(secs => $1) order by id limit ${BATCH} for update skip locked),
              gone as (delete from captured_half where id in (select id from old) returning *)
         insert into captured_row (version_id, window_start, inference_id, event_at, sample_rank, row_values, part)
         select version_id, window_start, inference_id, event_at, sample_rank, row_values, part from gone
         returning version_id, window_start, part`,
        [PAIRING_TIMEOUT_SECONDS],
      );
      await this.trim(tx, rows);
      return rows;
    });
    for (const { part } of released) this.metrics.unpairedHalves.inc({ part });
    return released.length;
  }

  /** Holds the windows that got rows to their bound, or a crash would leave them above it: compaction may be done with them. */
  private async trim(tx: Transaction, made: readonly MadeRow[]): Promise<void> {
    const windows = Map.groupBy(made, (row) => `${row.version_id}/${row.window_start.getTime()}`);
    for (const [, [row]] of [...windows].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (row === undefined) continue;
      const [bound] = await tx.query<{ max_rows: number }>(
        `select coalesce((m.spec -> 'capture' ->> 'maxRowsPerWindow')::int, 1000) as max_rows
           from version v join model m on m.id = v.model_id where v.id = $1`,
        [row.version_id],
      );
      await trimCaptured(tx, row, bound?.max_rows ?? 0);
    }
  }

  /** The commit that stored the halves made their days' partitions; one that retention dropped meanwhile is made again. */
  private async ensurePartitions(): Promise<void> {
    const days = await this.database.query<{ day: Date }>(
      `select distinct date_trunc('day', window_start at time zone 'UTC') at time zone 'UTC' as day from captured_half`,
    );
    await this.partitions.ensure(
      this.database,
      days.map(({ day }) => day.getTime()),
    );
  }
}

interface MadeRow {
  version_id: string;
  window_start: Date;
}
