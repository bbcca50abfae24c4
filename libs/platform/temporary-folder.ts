import { mkdtempSync, rmSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LeewayError } from './errors.js';
import { lockFolder, type FolderLock } from './folder-lock.js';

const PREFIX = 'leeway-temp-';

/** The folder that holds all temporary files of this process. Its lock is what tells them from those that a dead process left. */
interface OwnFolder {
  readonly path: string;
  readonly lock: FolderLock;
}

let own: OwnFolder | null = null;

/** A new folder for temporary files; whoever asks for it removes it. What a crash leaves, `sweepTemporaryFolders` removes. */
export async function createTemporaryFolder(purpose: string): Promise<string> {
  try {
    return await mkdtemp(join(ownFolder(), `${purpose}-`));
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ENOENT') throw error;
    // Systems clean their temporary files by age, and this process may be older than that.
    own?.lock.release();
    own = null;
    return mkdtemp(join(ownFolder(), `${purpose}-`));
  }
}

/**
 * Removes the temporary files of processes that are no more, and returns of how many. The operating system drops the lock of a
 * process that died, so nothing is guessed from names or ages. Folders of other users are left alone.
 */
export async function sweepTemporaryFolders(root = tmpdir()): Promise<number> {
  let count = 0;
  for (const name of await readdir(root)) {
    const path = join(root, name);
    if (!name.startsWith(PREFIX) || path === own?.path) continue;
    const lock = tryToLock(path);
    if (lock === null) continue;
    lock.release();
    await rm(path, { recursive: true, force: true });
    count += 1;
  }
  return count;
}

function ownFolder(): string {
  if (own === null) {
    const path = mkdtempSync(join(tmpdir(), PREFIX));
    const lock = tryToLock(path);
    // Another process swept in the moment between the two lines.
    if (lock === null) return ownFolder();
    own = { path, lock };
    process.once('exit', () => rmSync(path, { recursive: true, force: true }));
  }
  return own.path;
}

/** Null when another process has the folder, or may not be asked. */
function tryToLock(path: string): FolderLock | null {
  try {
    return lockFolder(path);
  } catch (error) {
    if (error instanceof LeewayError || path !== own?.path) return null;
    throw error;
  }
}
