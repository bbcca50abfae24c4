import {
  decodeCursor,
  DailyPartitions,
  LeewayError,
  toPage,
  toRfc3339,
  type Database,
  type Instant,
  type Page,
  type PageRequest,
  type Sql,
} from '#platform';
import type { GroundTruth } from '#ground-truth';
import type { Models, Version } from '#registry';
import { deleteCapturedInference } from './captured-deletion.js';
import { EVER, type TimeRange } from './windows.js';

/** A whole row that was kept, without its redacted columns. */
export interface StoredCapturedRow {
  readonly inferenceId: string;
  readonly timestamp: string;
  readonly windowStart: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** What was deleted of an inference. */
export interface DeletedInference {
  readonly rowCount: number;
  readonly hadGroundTruth: boolean;
}

/** A captured row as it is stored. */
export interface CapturedRowRecord {
  id: string;
  inference_id: string;
  event_at: Date;
  window_start: Date;
  row_values: Record<string, unknown>;
}

export const CAPTURED_COLUMNS = 'id, inference_id, event_at, window_start, row_values';

/**
 * Values of a page, at most: rows of 20 columns come 1,000 at a time, which the embedded database takes some 10 ms for, and rows
 * of 1,000 columns 20 at a time. A page of the longest texts is 120 MB.
 */
const MAX_PAGE_CELLS = 20_000;
const MAX_PAGE_ROWS = 1_000;

/** Reads captured rows and forgets them when they are old. */
export class CapturedRows {
  private readonly partitions = new DailyPartitions('captured_row');

  constructor(
    private readonly database: Database,
    private readonly models: Models,
    private readonly groundTruth: GroundTruth,
  ) {}

  /** Rows of a version whose windows start in the range, in the order in which they were stored. */
  async list(
    modelName: string,
    versionName: string,
    query: PageRequest & Partial<TimeRange>,
  ): Promise<Page<StoredCapturedRow>> {
    const version = await this.models.getVersion(modelName, versionName);
    const rows = await this.database.query<CapturedRowRecord>(
      `select ${CAPTURED_COLUMNS} from captured_row
        where version_id = $1 and window_start >= $2 and window_start < $3 and id > $4
        order by id limit $5`,
      [
        version.id,
        toRfc3339(query.from ?? EVER.from),
        toRfc3339(query.to ?? EVER.to),
        decodeCursor(query.cursor) ?? '0',
        query.limit + 1,
      ],
    );
    return toPage(
      rows,
      query.limit,
      (row) => row.id,
      (row) => shownRow(row, version),
    );
  }

  /**
   * All rows of a version whose windows start in the range, by pages, in the order of window and sample rank. Every page is read
   * in a transaction of its own: none stays open while a slow reader takes its time. A row that is stored meanwhile may be
   * among them or not; none comes twice. `whole` leaves out halves whose other one has not come.
   *
   * @throws LeewayError `not-found` at the end when the version was deleted meanwhile: then some rows are missing
   */
  async *pages(
    version: Version,
    range: Partial<TimeRange>,
    which: 'all' | 'whole' = 'all',
  ): AsyncGenerator<readonly StoredCapturedRow[]> {
    const limit = Math.max(1, Math.min(MAX_PAGE_ROWS, Math.floor(MAX_PAGE_CELLS / version.columns.length)));
    const to = toRfc3339(range.to ?? EVER.to);
    let after: PagePlace = { start: toRfc3339(range.from ?? EVER.from), rank: -1, id: '0' };
    for (;;) {
      const rows = await this.database.transaction((tx) =>
        readPage(tx, version, after, { to, limit, which }),
      );
      if (rows.length > 0) yield rows.map((row) => shownRow(row, version));
      const last = rows.at(-1);
      if (last === undefined || rows.length < limit) break;
      after = { start: last.window_start.toISOString(), rank: last.sample_rank, id: last.id };
    }
    await this.refuseDeleted(version);
  }

  /**
   * Deletes everything that is kept of one inference: what was captured of it, and what really happened. What its windows counted stays:
   * sums, from which no row can be taken out.
   */
  async deleteInference(modelName: string, inferenceId: string): Promise<DeletedInference> {
    const model = await this.models.get(modelName);
    return this.database.transaction(async (tx) => ({
      rowCount: await deleteCapturedInference(tx, model.id, inferenceId),
      hadGroundTruth: await this.groundTruth.deleteInference(tx, model.id, inferenceId),
    }));
  }

  /** Drops the days before `before`. */
  async dropBefore(before: Instant): Promise<string[]> {
    return this.partitions.dropBefore(this.database, before);
  }

  private async refuseDeleted(version: Version): Promise<void> {
    const [found] = await this.models.versionsById([version.id]);
    if (found === undefined)
      throw new LeewayError(
        'not-found',
        `version ${JSON.stringify(version.name)} was deleted while its captured rows were read`,
      );
  }
}

interface PagedRecord extends CapturedRowRecord {
  sample_rank: number;
}

/** Where a page begins: behind this row. */
interface PagePlace {
  readonly start: string;
  readonly rank: number;
  readonly id: string;
}

/**
 * The rows behind a place, along captured_row_version. Planned freely, a day that has no statistics yet is sorted anew for every page:
 * 400,000 rows took 68 s instead of 7.
 */
async function readPage(
  tx: Sql,
  version: Version,
  { start, rank, id }: PagePlace,
  { to, limit, which }: { readonly to: string; readonly limit: number; readonly which: 'all' | 'whole' },
): Promise<PagedRecord[]> {
  await tx.query('set local enable_sort = off');
  await tx.query('set local enable_bitmapscan = off');
  return tx.query<PagedRecord>(
    `select ${CAPTURED_COLUMNS}, sample_rank from captured_row
      where version_id = $1 and window_start >= $2 and window_start < $3 and (window_start, sample_rank, id) > ($2, $4, $5)
        and ($7 = 'all' or part = 'whole')
      order by window_start, sample_rank, id limit $6`,
    [version.id, start, to, rank, id, limit, which],
  );
}

/** The row as it may be shown: a column that was redacted after the row was captured is left out like any redacted one. */
export function shownRow(row: CapturedRowRecord, { model }: Version): StoredCapturedRow {
  const { redactedColumns } = model.capture;
  const shown = Object.entries(row.row_values).filter(([name]) => !redactedColumns.includes(name));
  return {
    inferenceId: row.inference_id,
    timestamp: row.event_at.toISOString(),
    windowStart: row.window_start.toISOString(),
    values: Object.fromEntries(shown),
  };
}

/** How many captured rows a version has since an instant. Reads in the caller's transaction. */
export async function countCapturedRows(
  sql: Sql,
  modelName: string,
  versionName: string,
  since: Instant,
): Promise<number> {
  const [row] = await sql.query<{ count: string }>(
    `select count(*) as count from captured_row c join version v on v.id = c.version_id join model m on m.id = v.model_id
      where m.name = $1 and v.name = $2 and c.window_start >= $3`,
    [modelName, versionName, toRfc3339(since)],
  );
  return Number(row?.count ?? 0);
}
