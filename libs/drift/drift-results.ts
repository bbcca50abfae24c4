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
import type { Model, Version } from '#registry';
import type { Signals } from '#signals';
import type { DriftResult } from './drift-result.js';
import { signalsOf } from './drift-signals.js';

export interface StoredDriftResult extends DriftResult {
  readonly id: string;
}

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
    const rows = await this.database.query<{ id: string; body: DriftResult }>(
      `select d.id, d.body from drift_result d
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
    return toPage(
      rows,
      query.limit,
      (row) => row.id,
      ({ id, body }) => ({ id, ...body }),
    );
  }

  async get(id: string): Promise<StoredDriftResult> {
    const [row] = await this.database.query<{ id: string; body: DriftResult }>(
      'select id, body from drift_result where id = $1',
      [id],
    );
    if (row === undefined)
      throw new LeewayError('not-found', `there is no drift result with the id ${JSON.stringify(id)}`);
    return { id: row.id, ...row.body };
  }

  /** Forgets results before `before`. */
  async deleteBefore(before: Instant): Promise<void> {
    await this.database.query('delete from drift_result where evaluated_at < $1', [toRfc3339(before)]);
  }

  /** Writes a result with its signals, or neither. */
  async store(model: Model, version: Version, result: DriftResult): Promise<void> {
    const at = Date.parse(result.to);
    await this.signals.prepare([at]);
    await this.database.transaction(async (tx) => {
      await tx.query(
        'insert into drift_result (model_id, version_id, monitor, verdict, evaluated_at, body) values ($1, $2, $3, $4, $5, $6)',
        [model.id, version.id, result.monitor, result.verdict, result.evaluatedAt, JSON.stringify(result)],
      );
      await this.signals.write(tx, signalsOf(result, at));
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
  const [row] = await sql.query<{ id: string; body: DriftResult }>(
    `select d.id, d.body from drift_result d join model m on m.id = d.model_id
      where m.name = $1 and ($2::text is null or d.body ->> 'version' = $2) and ($3::text is null or d.monitor = $3)
      order by d.id desc limit 1`,
    [modelName, versionName, monitor],
  );
  return row === undefined ? null : { id: row.id, ...row.body };
}
