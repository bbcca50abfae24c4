import type { Instant, Sql } from '#platform';
import type { Lateness } from './windows.js';

/**
 * How far the clocks of two processes may be apart: the one that judges a window may be ahead of the one that compacts
 * it. Longer only means that more windows are looked at which nobody has judged; shorter, that a judged one is missed.
 */
const CLOCK_SKEW_MS = 60_000;

/** Whether somebody may have judged the window of `grainMs` that starts at `start`, so that rows that come now are late. */
export function mayBeJudged(start: Instant, grainMs: number, lateness: Lateness, now: Instant): boolean {
  return start + grainMs + (lateness ?? grainMs) - CLOCK_SKEW_MS <= now;
}

/**
 * Writes down that rows were added to a window which may have been judged without them. `arrivedIn` are the
 * transactions that they came in. Call it in the transaction that adds them, so that neither is without the other.
 */
export async function recordLateWindow(
  tx: Sql,
  window: { readonly version_id: string; readonly window_start: Date },
  arrivedIn: readonly string[],
): Promise<void> {
  if (arrivedIn.length === 0) return;
  await tx.query(
    'insert into late_window (version_id, window_start, arrived_in) values ($1, $2, $3::xid8[])',
    [window.version_id, window.window_start, arrivedIn],
  );
}

/**
 * Says that all late windows have been looked at, and forgets those that have been known for ten minutes. A result that
 * was read before the rows came may be stored after they were looked at; until then a later look finds it. No evaluation
 * takes that long: its statements end after a minute.
 */
export async function forgetLateWindows(tx: Sql): Promise<void> {
  await tx.query(`delete from late_window where marked_at < now() - interval '10 minutes'`);
  await tx.query('update late_window set marked_at = now() where marked_at is null');
}

/** A window that got rows after it may have been judged, and the transactions that they came in. */
export interface LateWindow {
  readonly versionId: string;
  readonly start: Instant;
  readonly arrivedIn: readonly string[];
}

/** The windows that rows came late to, of the last ten minutes at least. */
export async function lateWindows(sql: Sql): Promise<LateWindow[]> {
  const rows = await sql.query<{ version_id: string; window_start: Date; arrived_in: string[] }>(
    'select version_id, window_start, arrived_in::text[] from late_window',
  );
  return rows.map((row) => ({
    versionId: row.version_id,
    start: row.window_start.getTime(),
    arrivedIn: row.arrived_in,
  }));
}
