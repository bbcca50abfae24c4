import {
  currentSnapshot,
  decodeCursor,
  LeewayError,
  toPage,
  toRfc3339,
  type Database,
  type Instant,
  type Page,
  type PageRequest,
  type Snapshot,
} from '#platform';
import { forgetLateWindows } from '#ingest';
import type { Model, Version } from '#registry';
import type { Signals } from '#signals';
import { referenceSpan } from '#stats';
import type { DriftResult } from './drift-result.js';
import { signalsOf } from './drift-signals.js';

export interface StoredDriftResult extends DriftResult {
  readonly id: string;
}

type Basis = 'receivedCount' | 'basis' | 'leftOutColumns';
type StoredBody = Omit<DriftResult, Basis> & Partial<Pick<DriftResult, Basis>>;

interface ResultRow {
  id: string;
  body: StoredBody;
  outdated_at: Date | null;
}

/**
 * A result that was read longer ago is not stored: late windows are forgotten after ten minutes, and with them what would mark it
 * outdated. The difference is what its transaction may take. Both are told by the database's clock.
 */
const MAX_READ_AGE = '5 minutes';

/** Which results of a model to list; all when left out. */
export interface DriftResultQuery extends PageRequest {
  readonly monitor?: string | undefined;
  readonly version?: string | undefined;
  readonly verdict?: string | undefined;
}

/** The stored results of monitors. */
export class DriftResults {
  constructor(
    private readonly database: Database,
    private readonly signals: Signals,
  ) {}

  async list(model: Model, query: DriftResultQuery): Promise<Page<StoredDriftResult>> {
    const rows = await this.database.query<ResultRow>(
      `select d.id, d.body, d.outdated_at from drift_result d
        where d.model_id = $1 and ($2::text is null or d.monitor = $2) and ($3::text is null or d.body ->> 'version' = $3)
          and ($4::text is null or d.verdict = $4) and ($5::bigint is null or d.id < $5)
        order by d.id desc limit $6`,
      [
        model.id,
        query.monitor ?? null,
        query.version ?? null,
        query.verdict ?? null,
        decodeCursor(query.cursor),
        query.limit + 1,
      ],
    );
    return toPage(rows, query.limit, (row) => row.id, toResult);
  }

  async get(id: string): Promise<StoredDriftResult> {
    const [row] = await this.database.query<ResultRow>(
      'select id, body, outdated_at from drift_result where id = $1',
      [id],
    );
    if (row === undefined)
      throw new LeewayError('not-found', `there is no drift result with the id ${JSON.stringify(id)}`);
    return toResult(row);
  }

  /** Forgets results before `before`. */
  async deleteBefore(before: Instant): Promise<void> {
    await this.database.query('delete from drift_result where evaluated_at < $1', [toRfc3339(before)]);
  }

  /** What is seen now; take it before the windows of a result are read. */
  async snapshot(): Promise<Snapshot> {
    return currentSnapshot(this.database);
  }

  /**
   * Sets `outdatedAt` of the results whose windows, or whose reference's, have got rows that the result was read
   * without. Rows that were there when it was read do not outdate it, whenever they are compacted.
   *
   * Transaction ids begin anew when a dump is restored into another cluster: results from before may then stay unmarked.
   * Served by drift_result_range and late_window_key.
   */
  async markOutdated(now: Instant): Promise<void> {
    const late = await this.database.query('select 1 from late_window limit 1');
    if (late.length === 0) return;
    await this.database.transaction(async (tx) => {
      await tx.query(
        `update drift_result d set outdated_at = $1
          where d.outdated_at is null and d.version_id in (select version_id from late_window)
            and d.range_to > (select min(window_start) from late_window)
            and exists (
              select 1 from late_window l
               where l.version_id = d.version_id
                 and (l.window_start >= d.range_from and l.window_start < d.range_to
                   or l.window_start >= d.reference_from and l.window_start < d.reference_to)
                 and (d.read_in is null or exists (
                   select 1 from unnest(l.arrived_in) as arrival (id) where not pg_visible_in_snapshot(arrival.id, d.read_in))))`,
        [toRfc3339(now)],
      );
      await forgetLateWindows(tx);
    });
  }

  /**
   * Writes a result, read in `readIn`, with its signals, or neither. Returns false for one that was read too long ago, as by a process that
   * stood still: nothing is stored then.
   */
  async store(model: Model, version: Version, result: DriftResult, readIn: Snapshot): Promise<boolean> {
    const at = Date.parse(result.to);
    const range = { from: Date.parse(result.from), to: at };
    const reference = referenceSpan(result.reference ?? 'baseline', range);
    await this.signals.prepare([at]);
    return this.database.transaction(async (tx) => {
      const stored = await tx.query(
        `insert into drift_result (model_id, version_id, monitor, verdict, evaluated_at, body, read_in,
                                   range_from, range_to, reference_from, reference_to)
         select $1, $2, $3, $4, $5::timestamptz, $6::jsonb, $7::pg_snapshot, $8::timestamptz, $9::timestamptz,
                $10::timestamptz, $11::timestamptz
          where $12::timestamptz > now() - interval '${MAX_READ_AGE}' returning 1`,
        [
          model.id,
          version.id,
          result.monitor,
          result.verdict,
          result.evaluatedAt,
          JSON.stringify(result),
          readIn.seen,
          result.from,
          result.to,
          reference && toRfc3339(reference.from),
          reference && toRfc3339(reference.to),
          readIn.at,
        ],
      );
      if (stored.length > 0) await this.signals.write(tx, signalsOf(result, at));
      return stored.length > 0;
    });
  }
}

/** The newest result of a monitor for a version, for evidence. Reads in the caller's transaction. */
export async function latestDriftResult(
  sql: Pick<Database, 'query'>,
  modelName: string,
  versionName: string | null,
  monitor: string | null,
): Promise<StoredDriftResult | null> {
  const [row] = await sql.query<ResultRow>(
    `select d.id, d.body, d.outdated_at from drift_result d join model m on m.id = d.model_id
      where m.name = $1 and ($2::text is null or d.body ->> 'version' = $2) and ($3::text is null or d.monitor = $3)
      order by d.id desc limit 1`,
    [modelName, versionName, monitor],
  );
  return row === undefined ? null : toResult(row);
}

/** A result that was stored before there was a basis was read from all rows. */
function toResult({ id, body, outdated_at }: ResultRow): StoredDriftResult {
  return {
    id,
    receivedCount: body.rowCount,
    basis: 'all',
    leftOutColumns: [],
    ...body,
    outdatedAt: outdated_at?.toISOString() ?? null,
  };
}
