import {
  decodeCursor,
  LeewayError,
  toPage,
  toRfc3339,
  type Database,
  type Instant,
  type Page,
  type PageRequest,
} from '#platform';
import type { Version } from '#registry';
import type { Signals } from '#signals';
import type { ClaimedWindow, DueWindows } from './due-windows.js';
import type { PerformanceStatus } from './judgement.js';
import { performanceSignals } from './performance-signals.js';
import type { PerformanceResult } from './performance-result.js';

/** Which results of a version to list, newest first; all when left out. */
export interface PerformanceQuery extends PageRequest {
  readonly from?: Instant | undefined;
  readonly to?: Instant | undefined;
  readonly segment?: string | undefined;
  readonly status?: PerformanceStatus | undefined;
}

/** What was found of a claimed window, and when it is due again. */
export interface EvaluatedWindow {
  readonly window: ClaimedWindow;
  readonly results: readonly PerformanceResult[];
  readonly nextDueAt: Instant | null;
  readonly readIn: string;
}

/** The stored performance of versions: one result for each window and segment, the newest. */
export class PerformanceResults {
  constructor(
    private readonly database: Database,
    private readonly signals: Signals,
    private readonly dueWindows: DueWindows,
  ) {}

  /**
   * Writes what was found of a window with its signals, in place of what was found before; nothing, and false, when its claim was
   * lost meanwhile.
   */
  async store({ window, results, nextDueAt, readIn }: EvaluatedWindow): Promise<boolean> {
    await this.signals.prepare(results.map(({ to }) => Date.parse(to)));
    return this.database.transaction(async (tx) => {
      if (!(await this.dueWindows.finish(tx, window, { nextDueAt, readIn }))) return false;
      await tx.query(
        `with result as (
           select * from json_to_recordset($4::json) as r (segment text, status text, evaluated_at timestamptz, body jsonb)),
         gone as (
           delete from performance_result where version_id = $1 and window_start = $2 and window_ms = $3
              and segment not in (select segment from result))
         insert into performance_result (version_id, window_start, window_ms, segment, status, evaluated_at, body)
         select $1, $2, $3, segment, status, evaluated_at, body from result
         on conflict (version_id, window_start, window_ms, segment) do update
            set status = excluded.status, evaluated_at = excluded.evaluated_at, body = excluded.body`,
        [
          window.versionId,
          toRfc3339(window.start),
          window.lengthMs,
          JSON.stringify(
            results.map((result) => ({
              segment: result.segment,
              status: result.status,
              evaluated_at: result.evaluatedAt,
              body: result,
            })),
          ),
        ],
      );
      await this.signals.write(tx, results.flatMap(performanceSignals));
      return true;
    });
  }

  /** The results of a version, newest first. Served by the primary key. */
  async list(version: Version, query: PerformanceQuery): Promise<Page<PerformanceResult>> {
    const after = placeOf(query.cursor);
    const rows = await this.database.query<ResultRow>(
      `select window_start, window_ms, segment, body from performance_result
        where version_id = $1 and window_start >= $2 and window_start < $3
          and ($4::text is null or segment = $4) and ($5::text is null or status = $5)
          and ($6::timestamptz is null or (window_start, window_ms, segment) < ($6, $7::bigint, $8))
        order by window_start desc, window_ms desc, segment desc limit $9`,
      [
        version.id,
        toRfc3339(query.from ?? 0),
        toRfc3339(query.to ?? Date.UTC(9999, 0)),
        query.segment ?? null,
        query.status ?? null,
        after === null ? null : toRfc3339(after.start),
        after?.lengthMs ?? null,
        after?.segment ?? null,
        query.limit + 1,
      ],
    );
    return toPage(rows, query.limit, keyOf, ({ body }) => body);
  }

  /** Forgets results of windows that start before `before`. Served by performance_result_age. */
  async deleteBefore(before: Instant): Promise<void> {
    await this.database.query('delete from performance_result where window_start < $1', [toRfc3339(before)]);
  }
}

interface ResultRow {
  window_start: Date;
  window_ms: string;
  segment: string;
  body: PerformanceResult;
}

function keyOf({ window_start, window_ms, segment }: ResultRow): string {
  return `${window_start.getTime()}/${window_ms}/${segment}`;
}

/** The place that a cursor continues behind. @throws LeewayError `invalid-cursor` */
function placeOf(
  cursor: string | undefined,
): { readonly start: Instant; readonly lengthMs: number; readonly segment: string } | null {
  const key = decodeCursor(cursor, /^\d{1,15}\/\d{1,15}\/.{0,4000}$/s);
  if (key === null) return null;
  const [start = '', lengthMs = '', ...segment] = key.split('/');
  if (Number(start) > Date.UTC(9999, 0))
    throw new LeewayError(
      'invalid-cursor',
      'the cursor is not one that this list returned; start again without it',
    );
  return { start: Number(start), lengthMs: Number(lengthMs), segment: segment.join('/') };
}
