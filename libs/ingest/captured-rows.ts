import {
  decodeCursor,
  DailyPartitions,
  toPage,
  toRfc3339,
  type Database,
  type Instant,
  type Page,
  type PageRequest,
  type Sql,
} from '#platform';
import type { Models, Version } from '#registry';
import { EVER, type TimeRange } from './windows.js';

/** A whole row that was kept, without its redacted columns. */
export interface StoredCapturedRow {
  readonly inferenceId: string;
  readonly timestamp: string;
  readonly windowStart: string;
  readonly values: Readonly<Record<string, unknown>>;
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

/** Reads captured rows and forgets them when they are old. */
export class CapturedRows {
  private readonly partitions = new DailyPartitions('captured_row');

  constructor(
    private readonly database: Database,
    private readonly models: Models,
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

  /** Drops the days before `before`. */
  async dropBefore(before: Instant): Promise<string[]> {
    return this.partitions.dropBefore(this.database, before);
  }
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
