import { DailyPartitions, type Database } from '#platform';
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
    while ((await this.pair()) === BATCH);
    while ((await this.release()) === BATCH);
    const [waiting] = await this.database.query<{ count: string }>(
      'select count(*) as count from captured_half',
    );
    this.metrics.waitingHalves.set(Number(waiting?.count ?? 0));
  }

  /**
   * A whole row has the request's time and window and the values of both. Rows are locked in one order and skipped when another
   * worker has them, so that each pair is made once. Served by captured_half_inference.
   */
  private async pair(): Promise<number> {
    const made = await this.database.query<MadeRow>(
      `with pair as (
         select q.id as request_id, r.id as response_id, q.version_id, q.window_start, q.inference_id, q.event_at, q.sample_rank,
                q.row_values || r.row_values as row_values,
                row_number() over (partition by q.version_id, q.inference_id order by q.id, r.id) as place
           from captured_half q join captured_half r using (version_id, inference_id)
          where q.part = 'request' and r.part = 'response' limit ${BATCH}),
       locked as (select id from captured_half
                   where id in (select request_id from pair where place = 1 union select response_id from pair where place = 1)
                   order by id for update skip locked),
       whole as (select pair.* from pair
                  where place = 1 and request_id in (select id from locked) and response_id in (select id from locked)),
       gone as (delete from captured_half where id in (select request_id from whole union select response_id from whole)),
       made as (insert into captured_row (version_id, window_start, inference_id, event_at, sample_rank, row_values)
                select version_id, window_start, inference_id, event_at, sample_rank, row_values from whole
                returning version_id, window_start)
       select version_id, window_start from made`,
    );
    await this.trim(made);
    return made.length;
  }

  /** Served by captured_half_arrival. */
  private async release(): Promise<number> {
    const released = await this.database.query<MadeRow & { part: 'request' | 'response' }>(
      `with old as (select id from captured_half where arrived_at < now() - make_interval(secs => $1) order by id limit ${BATCH} for update skip locked),
            gone as (delete from captured_half where id in (select id from old) returning *)
       insert into captured_row (version_id, window_start, inference_id, event_at, sample_rank, row_values, part)
       select version_id, window_start, inference_id, event_at, sample_rank, row_values, part from gone
       returning version_id, window_start, part`,
      [PAIRING_TIMEOUT_SECONDS],
    );
    for (const { part } of released) this.metrics.unpairedHalves.inc({ part });
    await this.trim(released);
    return released.length;
  }

  /** Holds the windows that got rows to their bound: compaction may be done with them. */
  private async trim(made: readonly MadeRow[]): Promise<void> {
    const windows = Map.groupBy(made, (row) => `${row.version_id}/${row.window_start.getTime()}`);
    for (const [row] of windows.values()) {
      if (row === undefined) continue;
      const [bound] = await this.database.query<{ max_rows: number }>(
        `select coalesce((m.spec -> 'capture' ->> 'maxRowsPerWindow')::int, 1000) as max_rows
           from version v join model m on m.id = v.model_id where v.id = $1`,
        [row.version_id],
      );
      await trimCaptured(this.database, row, bound?.max_rows ?? 0);
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
