import { toRfc3339, type Clock, type Database, type Instant, type Sql, type Transaction } from '#platform';

/** One performance window of one version. */
export interface PerformanceWindow {
  readonly versionId: string;
  readonly start: Instant;
  readonly lengthMs: number;
}

/** A window that a worker is evaluating. */
export interface ClaimedWindow extends PerformanceWindow {
  /** What it was when it was claimed: it rises with every new truth, and with every claim. */
  readonly generation: string;
  readonly claim: string;
  readonly dueAt: Instant;
}

/**
 * How long a window that was evaluated waits for more ground truth before it is evaluated again: a twelfth of its length, five minutes
 * at most. Truths trickle; each evaluation reads all captured rows of the window.
 */
const SETTLING_SHARE = 1 / 12;
const MAX_SETTLING_MS = 300_000;
/** How long a claim lasts: an evaluation takes seconds, and one whose worker died is begun again after this. */
const CLAIM_MS = 300_000;
/** Windows of one claim: the others may be claimed by other workers. */
const CLAIMED_AT_ONCE = 10;
/** Windows of one statement. */
const MARKED_AT_ONCE = 5_000;

/**
 * When which performance window is to be evaluated.
 *
 * A window is evaluated when it is over, when ground truth of its captured rows comes, when rows came late, and at its deadline. Two
 * workers never both say that a window is done: a claim that was taken over, or a truth that came meanwhile, is seen by `finish`.
 */
export class DueWindows {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Says that windows are over, so that they are due at `dueAt` at the latest; the ones that were said to be over already stay as they are. */
  async addClosed(windows: readonly PerformanceWindow[], dueAt: Instant): Promise<void> {
    for (const part of partsOf(windows))
      await this.database.query(
        `insert into performance_window as w (version_id, window_start, window_ms, due_at, is_closed)
         select version_id, window_start, window_ms, $4::timestamptz, true from ${GIVEN}
         on conflict (version_id, window_start, window_ms) do update
            set is_closed = true, due_at = least(coalesce(w.due_at, 'infinity'), excluded.due_at) where not w.is_closed`,
        [...columnsOf(part), toRfc3339(dueAt)],
      );
  }

  /**
   * Says that ground truth of these windows has come, in the transaction that stores it: they are due once more has had time to
   * come, and an evaluation that did not see it cannot end them. Windows that are not over yet are due when they are.
   */
  async markLabelled(tx: Transaction, windows: readonly PerformanceWindow[]): Promise<void> {
    for (const part of partsOf(windows))
      await tx.query(
        `insert into performance_window as w (version_id, window_start, window_ms, due_at)
         select version_id, window_start, window_ms, greatest(due_at, window_start + window_ms * interval '1 ms')
           from ${GIVEN_AND_DUE}
         on conflict (version_id, window_start, window_ms) do update
            set generation = w.generation + 1, due_at = least(coalesce(w.due_at, 'infinity'), excluded.due_at)`,
        [...columnsOf(part), part.map((window) => toRfc3339(this.settledAt(window)))],
      );
  }

  /**
   * Makes windows due that rows came late to, unless they were evaluated with them. `arrivedIn` are the transactions that the
   * rows came in; exact, as for results of drift.
   */
  async markLate(window: PerformanceWindow, arrivedIn: readonly string[]): Promise<void> {
    await this.database.query(
      `insert into performance_window as w (version_id, window_start, window_ms, due_at) values ($1, $2, $3, $4)
       on conflict (version_id, window_start, window_ms) do update
          set due_at = least(coalesce(w.due_at, 'infinity'), excluded.due_at)
        where w.read_in is not null and exists (
          select 1 from unnest($5::xid8[]) as arrival (id) where not pg_visible_in_snapshot(arrival.id, w.read_in))`,
      [
        window.versionId,
        toRfc3339(window.start),
        window.lengthMs,
        toRfc3339(this.settledAt(window)),
        arrivedIn,
      ],
    );
  }

  /** Takes some of the windows that are due, the longest due first; none of them is given to two workers. */
  async claim(): Promise<ClaimedWindow[]> {
    const now = this.clock.now();
    const rows = await this.database.query<WindowRow & { generation: string; claim: string; was_due: Date }>(
      `with due as (
         select version_id, window_start, window_ms, due_at from performance_window
          where due_at <= $1 order by due_at, window_start limit ${CLAIMED_AT_ONCE} for update skip locked)
       update performance_window w set claim = w.claim + 1, due_at = $2
         from due where (w.version_id, w.window_start, w.window_ms) = (due.version_id, due.window_start, due.window_ms)
       returning w.version_id, w.window_start, w.window_ms, w.generation, w.claim, due.due_at as was_due`,
      [toRfc3339(now), toRfc3339(now + CLAIM_MS)],
    );
    return rows
      .map((row) => ({
        versionId: row.version_id,
        start: row.window_start.getTime(),
        lengthMs: Number(row.window_ms),
        generation: row.generation,
        claim: row.claim,
        dueAt: row.was_due.getTime(),
      }))
      .sort((a, b) => a.dueAt - b.dueAt || a.start - b.start);
  }

  /**
   * Ends a claim in the transaction that stores what was found: the window is due next at `nextDueAt`, or never, and earlier when
   * ground truth has come meanwhile. `readIn` is the snapshot before its rows were read. False when the claim was lost:
   * then another worker has the window, and nothing may be stored.
   */
  async finish(
    tx: Sql,
    window: ClaimedWindow,
    { nextDueAt, readIn }: { readonly nextDueAt: Instant | null; readonly readIn: string | null },
  ): Promise<boolean> {
    const rows = await tx.query(
      `update performance_window
          set due_at = case when generation = $4 then $6::timestamptz else least(coalesce($6::timestamptz, 'infinity'), $7::timestamptz) end,
              read_in = coalesce($8::pg_snapshot, read_in)
        where version_id = $1 and window_start = $2 and window_ms = $3 and claim = $5 returning 1`,
      [
        window.versionId,
        toRfc3339(window.start),
        window.lengthMs,
        window.generation,
        window.claim,
        nextDueAt === null ? null : toRfc3339(nextDueAt),
        toRfc3339(this.settledAt(window)),
        readIn,
      ],
    );
    return rows.length > 0;
  }

  /** The start of the newest window of this length of a model that was said to be over, or null. Served by the primary key. */
  async newestClosed(modelId: string, lengthMs: number): Promise<Instant | null> {
    const [row] = await this.database.query<{ newest: Date | null }>(
      `select max(newest) as newest from version v, lateral (
         select window_start as newest from performance_window
          where version_id = v.id and window_ms = $2 and is_closed order by window_start desc limit 1) as w
        where v.model_id = $1`,
      [modelId, lengthMs],
    );
    return row?.newest?.getTime() ?? null;
  }

  /** Forgets windows that start before `before`. Served by performance_window_age. */
  async deleteBefore(before: Instant): Promise<void> {
    await this.database.query('delete from performance_window where window_start < $1', [toRfc3339(before)]);
  }

  private settledAt({ lengthMs }: PerformanceWindow): Instant {
    return this.clock.now() + Math.min(lengthMs * SETTLING_SHARE, MAX_SETTLING_MS);
  }
}

interface WindowRow {
  version_id: string;
  window_start: Date;
  window_ms: string;
}

const GIVEN =
  'unnest($1::bigint[], $2::timestamptz[], $3::bigint[]) as given (version_id, window_start, window_ms)';
const GIVEN_AND_DUE =
  'unnest($1::bigint[], $2::timestamptz[], $3::bigint[], $4::timestamptz[]) as given (version_id, window_start, window_ms, due_at)';

/** Each window once, in one order, so that two transactions that mark them wait for each other and do not deadlock. */
function partsOf(windows: readonly PerformanceWindow[]): PerformanceWindow[][] {
  const each = new Map(
    windows.map((window) => [`${window.versionId}/${window.start}/${window.lengthMs}`, window]),
  );
  const sorted = [...each.values()].sort(
    (a, b) => Number(a.versionId) - Number(b.versionId) || a.start - b.start || a.lengthMs - b.lengthMs,
  );
  const parts: PerformanceWindow[][] = [];
  for (let at = 0; at < sorted.length; at += MARKED_AT_ONCE)
    parts.push(sorted.slice(at, at + MARKED_AT_ONCE));
  return parts;
}

function columnsOf(windows: readonly PerformanceWindow[]): unknown[] {
  return [
    windows.map(({ versionId }) => versionId),
    windows.map(({ start }) => toRfc3339(start)),
    windows.map(({ lengthMs }) => lengthMs),
  ];
}
