import { windowStart, type Sql } from '#platform';

const DAY_MS = 86_400_000;

/** The key of a window, as PostgreSQL returns it. */
export interface WindowKey {
  readonly version_id: string;
  readonly segment: string;
  readonly window_start: Date;
  readonly grid_hash: string;
}

/**
 * Waits until nobody else changes the windows of this version and day, and keeps it so until the transaction ends.
 * Compaction takes it `shared`: a window's row is its lock. Who reads the windows of a day to write down what they
 * amount to takes it `alone`: otherwise a window could change after it was read and before that is written.
 *
 * Take it as the first statement, since later ones see what was committed while it waited. A process that dies loses it.
 */
export async function lockDay(
  tx: Sql,
  { version_id, window_start }: Pick<WindowKey, 'version_id' | 'window_start'>,
  mode: 'shared' | 'alone',
): Promise<void> {
  const lock = mode === 'shared' ? 'pg_advisory_xact_lock_shared' : 'pg_advisory_xact_lock';
  const day = windowStart(window_start.getTime(), DAY_MS);
  await tx.query(`select ${lock}(hashtextextended($1, 0))`, [`windows/${version_id}/${day}`]);
}
