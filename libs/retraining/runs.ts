import {
  decodeCursor,
  deleteRows,
  LeewayError,
  toPage,
  toRfc3339,
  type Clock,
  type Database,
  type Instant,
  type Page,
  type PageRequest,
  type Sql,
  type Transaction,
} from '#platform';
import { mayBecome, type RunStatus } from './run-state.js';
import type { RunPatch } from './schemas.js';

export interface RunStep {
  readonly status: RunStatus;
  readonly at: string;
  readonly reason: string;
}

/** One start of a trigger, followed to its end; a refused start is one too. */
export interface RetrainingRun {
  readonly id: string;
  readonly trigger: string;
  readonly model: string;
  readonly version: string;
  readonly alertId: string | null;
  readonly status: RunStatus;
  /** Why it is in this status. */
  readonly reason: string;
  /** The id of the webhook, the same on every try: the consumer's idempotency key. */
  readonly webhookId: string;
  readonly newVersion: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly history: readonly RunStep[];
  /** What the decision rested on, frozen. */
  readonly evidence: Readonly<Record<string, unknown>>;
}

export interface RunRow {
  id: string;
  trigger_name: string;
  model: string;
  version: string;
  alert_id: string | null;
  status: RunStatus;
  reason: string;
  webhook_id: string;
  new_version: string | null;
  evidence: Record<string, unknown>;
  history: RunStep[];
  created_at: Date;
  updated_at: Date;
}

/** Retraining runs and their life. */
export class RetrainingRuns {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Newest first. */
  async list(
    query: PageRequest & { model?: string | undefined; status?: string | undefined },
  ): Promise<Page<RetrainingRun>> {
    const rows = await this.database.query<RunRow>(
      `select * from retraining_run
        where ($1::text is null or model = $1) and ($2::text is null or status = $2) and ($3::bigint is null or id < $3)
        order by id desc limit $4`,
      [query.model ?? null, query.status ?? null, decodeCursor(query.cursor), query.limit + 1],
    );
    return toPage(rows, query.limit, (row) => row.id, toRun);
  }

  async get(id: string): Promise<RetrainingRun> {
    const [row] = await this.database.query<RunRow>('select * from retraining_run where id = $1', [id]);
    if (row === undefined)
      throw new LeewayError('not-found', `there is no retraining run with the id ${JSON.stringify(id)}`);
    return toRun(row);
  }

  /** What the consumer reports. Reporting the status that the run has already changes nothing. */
  async patch(id: string, { status, newVersion, message }: RunPatch): Promise<RetrainingRun> {
    return this.database.transaction(async (tx) =>
      moveRun(
        tx,
        id,
        { status, newVersion, reason: message ?? `reported ${status} by the consumer` },
        this.clock.now(),
      ),
    );
  }

  /** Ends the runs whose deadline has passed. */
  async timeOutOverdue(): Promise<void> {
    const now = this.clock.now();
    const overdue = await this.database.query<{ id: string }>(
      `select id from retraining_run where status in ('requested', 'submitted', 'running') and deadline_at < $1`,
      [toRfc3339(now)],
    );
    for (const { id } of overdue) {
      await this.database.transaction((tx) =>
        moveRun(tx, id, { status: 'timed-out', reason: 'no end was reported before the timeout' }, now),
      );
    }
  }

  /** Deletes the runs of a model, also those that are under way: their consumers then report to nobody. */
  async deleteOf(tx: Transaction, model: string): Promise<number> {
    return deleteRows(tx, 'delete from retraining_run where model = $1', [model]);
  }

  async countByStatus(): Promise<{ model: string; status: string; count: number }[]> {
    const rows = await this.database.query<{ model: string; status: string; count: string }>(
      'select model, status, count(*) as count from retraining_run group by model, status',
    );
    return rows.map((row) => ({ ...row, count: Number(row.count) }));
  }
}

interface Move {
  readonly status: RunStatus;
  readonly reason: string;
  readonly newVersion?: string | undefined;
}

/**
 * Moves a run along its table of states. Moving it to where it is changes nothing.
 *
 * @throws LeewayError `not-found`, or `run-transition-refused` when its state does not lead there
 */
export async function moveRun(
  tx: Sql,
  id: string,
  { status, reason, newVersion }: Move,
  now: Instant,
): Promise<RetrainingRun> {
  const [row] = await tx.query<RunRow>('select * from retraining_run where id = $1 for update', [id]);
  if (row === undefined)
    throw new LeewayError('not-found', `there is no retraining run with the id ${JSON.stringify(id)}`);
  if (row.status === status) return toRun(row);
  if (!mayBecome(row.status, status)) {
    throw new LeewayError(
      'run-transition-refused',
      `run ${id} is ${row.status} and cannot become ${status}`,
      { places: [{ pointer: '/status', detail: `the run is ${row.status}` }] },
    );
  }
  const history = [...row.history, { status, at: toRfc3339(now), reason }];
  const [moved] = await tx.query<RunRow>(
    `update retraining_run set status = $2, reason = $3, new_version = coalesce($4, new_version), history = $5, updated_at = $6 where id = $1 returning *`,
    [id, status, reason, newVersion ?? null, JSON.stringify(history), toRfc3339(now)],
  );
  if (moved === undefined) throw new Error('the statement returned no row');
  return toRun(moved);
}

export function toRun(row: RunRow): RetrainingRun {
  return {
    id: row.id,
    trigger: row.trigger_name,
    model: row.model,
    version: row.version,
    alertId: row.alert_id,
    status: row.status,
    reason: row.reason,
    webhookId: row.webhook_id,
    newVersion: row.new_version,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    history: row.history,
    evidence: row.evidence,
  };
}
