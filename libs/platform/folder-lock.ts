import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { LeewayError } from './errors.js';

/** A folder that this process alone uses until `release` or its end, however it ends. */
export interface FolderLock {
  release(): void;
}

/**
 * Takes the folder for this process.
 *
 * The lock is SQLite's exclusive file lock: the operating system drops it when the process dies, `kill -9` included, so
 * nothing stale is left to guess about, and two processes that start at once cannot both get it. (A pid file has both
 * faults; Node offers no file lock of its own.) The pid beside it only serves the message.
 *
 * @throws LeewayError `folder-in-use` when another process holds it
 */
export function lockFolder(folder: string): FolderLock {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const holderPath = join(folder, 'leeway.pid');
  const lock = new DatabaseSync(join(folder, 'leeway.lock'));
  try {
    lock.exec('PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;');
  } catch (cause) {
    lock.close();
    throw new LeewayError(
      'folder-in-use',
      `the data folder ${folder} is in use by another Leeway process${holderOf(holderPath)}; ` +
        'the embedded database serves one process. Stop that process, give this one another LEEWAY_DATA_DIR, ' +
        'or set DATABASE_URL to share a PostgreSQL server between replicas',
      { cause },
    );
  }
  writeFileSync(holderPath, String(process.pid));
  return { release: () => lock.close() };
}

function holderOf(path: string): string {
  try {
    return ` (pid ${readFileSync(path, 'utf8').trim()})`;
  } catch {
    return '';
  }
}
