import type { Sql } from '#platform';

/** How long a payload id is remembered at the least; it is forgotten before twice as long. */
export const KEY_TTL_SECONDS = 3_600;

/**
 * Remembers the keys and returns those that are new.
 *
 * Keys live in two tables that take turns: the current one is written, both are checked, and when a turn is over the
 * older one is emptied whole. Every commit holds the turn's row: shared while it adds keys, exclusively while it
 * changes the turn, so no key can slip between the tables. Turns are counted by the database's clock, which all
 * replicas share.
 */
export async function rememberKeys(tx: Sql, keys: readonly string[]): Promise<Set<string>> {
  if (keys.length === 0) return new Set();
  const turn = await currentTurn(tx);
  const [current, other] =
    turn % 2 === 0 ? ['payload_key_even', 'payload_key_odd'] : ['payload_key_odd', 'payload_key_even'];
  const rows = await tx.query<{ key: string }>(
    `insert into ${current} (key)
     select key from unnest($1::text[]) as key
      where not exists (select 1 from ${other} where ${other}.key = key.key)
      on conflict do nothing
      returning key`,
    [keys],
  );
  return new Set(rows.map((row) => row.key));
}

async function currentTurn(tx: Sql): Promise<number> {
  const [row] = await tx.query<{ turn: string; due: string }>(
    `select turn, floor(extract(epoch from clock_timestamp()) / $1)::bigint as due from payload_key_turn for share`,
    [KEY_TTL_SECONDS],
  );
  const [turn, due] = [Number(row?.turn), Number(row?.due)];
  return due > turn ? advanceTurn(tx, due) : turn;
}

async function advanceTurn(tx: Sql, due: number): Promise<number> {
  const [locked] = await tx.query<{ turn: string }>('select turn from payload_key_turn for update');
  const turn = Number(locked?.turn);
  if (turn >= due) return turn; // Another commit was faster.
  // The table whose turn comes held the keys of two turns ago; after a longer pause both are too old.
  const expired =
    due - turn > 1
      ? ['payload_key_even', 'payload_key_odd']
      : [due % 2 === 0 ? 'payload_key_even' : 'payload_key_odd'];
  for (const table of expired) await tx.query(`delete from ${table}`);
  await tx.query('update payload_key_turn set turn = $1', [due]);
  return due;
}
