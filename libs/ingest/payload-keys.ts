import type { Database, Sql } from '#platform';

/** How long a payload id is remembered at the least; it is forgotten before twice as long, and a pass of the worker more. */
export const KEY_TTL_SECONDS = 3_600;
/** How long a payload with an id may wait for its commit. Less than a turn lasts, with a margin for clocks that were set. */
export const MAX_WAIT_MS = 1_800_000;
/** How long a change of turns waits for a lock. Commits that come meanwhile wait behind it, so it gives up and tries again later. */
const LOCK_TIMEOUT_MS = 500;
/** SQLSTATE of a lock that was not free in time. */
const LOCK_NOT_AVAILABLE = '55P03';
/** The key of the transaction-scoped advisory lock under which the turn changes. */
const ROTATION_LOCK = 7_239_002;

/**
 * The tables of a turn: its own, which its commits write, and that of the turn before, which they read. The third one belongs to the next
 * turn, and no commit touches it.
 */
export function keyTables(turn: number): { readonly current: string; readonly previous: string } {
  const tableOf = (each: number): string => `payload_key_${((each % 3) + 3) % 3}`;
  return { current: tableOf(turn), previous: tableOf(turn - 1) };
}

/** Returns the turn, which does not change until the transaction ends. Take it before any other lock, as `commitSwiftly` does. */
export async function lockTurn(tx: Sql): Promise<number> {
  const [row] = await tx.query<{ turn: string }>('select turn from payload_key_turn for share');
  return Number(row?.turn);
}

/**
 * Remembers the keys in the turn, which `lockTurn` has locked, and returns those that are new.
 *
 * Keys live in three tables that take turns. Why each key counts once, whatever happens while turns change:
 *
 * - A commit writes the keys of its turn and checks those of its turn and the one before. It holds a lock on the turn's table (ROW
 *   SHARE, that of `for share`) from before it looks at the turn until it ends; a change of turns takes a lock that excludes
 *   it (EXCLUSIVE). So while a commit is under way the turn stands still, and when it changes every commit of the old turn has ended: all of
 *   its keys are there, or none. The lock is waited for while a statement is parsed and its snapshot is taken after that, so a
 *   commit that waited sees the new turn; were the snapshot older (a server that defaults to `repeatable read`), `for share`
 *   on the changed row would fail the commit instead.
 * - A turn lasts for KEY_TTL_SECONDS at the least, so a key that was stored at the end of turn t is checked for as long as turn t + 1
 *   lasts.
 * - The table of the next turn is emptied before the turn changes, under the lock under which alone it changes. Until then no commit writes it:
 *   it holds keys of turn t − 2, which nobody checks. A commit that believes in an old turn may name it, finds that the turn is another
 *   one, and stores nothing. Emptied and not changed, because the process died in between, only means that it is emptied again.
 * - A payload that waits in a process that stands still may be sent to another one and be counted there, in turn t. It is refused
 *   when it has waited for half a turn. That is looked at after the turn of its commit is known, and the commit counts in no other
 *   one; so between its arrival and its commit there was one change of turns at the most, and t is checked.
 */
export async function rememberKeys(tx: Sql, turn: number, keys: readonly string[]): Promise<Set<string>> {
  if (keys.length === 0) return new Set();
  const { current, previous } = keyTables(turn);
  const rows = await tx.query<{ key: string }>(
    `insert into ${current} (key)
     select key from unnest($1::text[]) as key
      where not exists (select 1 from ${previous} p where p.key = key.key)
      on conflict do nothing
      returning key`,
    [keys],
  );
  return new Set(rows.map((row) => row.key));
}

/** Changes the turns of the key tables, so that keys are forgotten. Safe with any number of workers at once. */
export class KeyRotation {
  constructor(private readonly database: Database) {}

  /**
   * Begins the next turn when the current one is over. While a table is read for long, as by a dump, or a commit does not end, the turn goes on:
   * keys are remembered for longer.
   */
  async run(): Promise<void> {
    const { turn, overdueSeconds } = await this.overdue();
    if (overdueSeconds < 0) return;
    try {
      await this.emptyNext(turn);
      await this.begin(turn + 1);
    } catch (error) {
      const isBusy = (error as { code?: unknown }).code === LOCK_NOT_AVAILABLE;
      if (!isBusy || overdueSeconds > KEY_TTL_SECONDS) throw error;
    }
  }

  private async overdue(): Promise<{ turn: number; overdueSeconds: number }> {
    const [row] = await this.database.query<{ turn: string; overdue: number }>(
      `select turn, (extract(epoch from clock_timestamp() - started_at) - $1)::float8 as overdue from payload_key_turn`,
      [KEY_TTL_SECONDS],
    );
    return { turn: Number(row?.turn), overdueSeconds: row?.overdue ?? -1 };
  }

  /** Truncated and not deleted: an hour of keys is millions of rows. Its lock is on a table that no commit waits for. */
  private async emptyNext(turn: number): Promise<void> {
    await this.database.transaction(async (tx) => {
      await lockRotation(tx);
      const [row] = await tx.query<{ turn: string }>('select turn from payload_key_turn');
      // Another worker was faster: what is the next table for this one is in use now.
      if (Number(row?.turn) !== turn) return;
      await tx.query(`truncate ${keyTables(turn + 1).current}`);
    });
  }

  /**
   * The table is locked and not its row: commits that come meanwhile queue behind the lock, where those that share a row's would pass
   * it for ever. Readers, such as a dump, do not stand in its way.
   */
  private async begin(turn: number): Promise<void> {
    await this.database.transaction(async (tx) => {
      await lockRotation(tx);
      await tx.query('lock table payload_key_turn in exclusive mode');
      await tx.query(
        'update payload_key_turn set turn = $1, started_at = clock_timestamp() where turn = $1::bigint - 1',
        [turn],
      );
    });
  }
}

async function lockRotation(tx: Sql): Promise<void> {
  await tx.query(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
  await tx.query('select pg_advisory_xact_lock($1)', [ROTATION_LOCK]);
}
