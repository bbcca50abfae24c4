import { mkdtempSync, rmSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
 * process that died, so nothing is guessed from names or ages. What cannot be read or removed, such as folders of other users, is
 * left alone: it must not keep a process from starting.
 */
export async function sweepTemporaryFolders(root = tmpdir()): Promise<number> {
  let count = 0;
  for (const name of await readdir(root).catch((): string[] => [])) {
    const path = join(root, name);
    if (!name.startsWith(PREFIX) || path === own?.path) continue;
    const lock = tryToLock(path);
    if (lock === null) continue;
    lock.release();
    count += await rm(path, { recursive: true, force: true }).then(
      () => 1,
      () => 0,
    );
  }
  return count;
}

/** How often a new folder may be lost to a process that sweeps at that moment; more often, locks do not work there. */
const MAX_TRIES = 3;

function ownFolder(): string {
  own ??= makeOwnFolder();
  return own.path;
}

function makeOwnFolder(): OwnFolder {
  for (let tries = 1; ; tries += 1) {
    const path = mkdtempSync(join(tmpdir(), PREFIX));
    const lock = tryToLock(path);
    if (lock === null && tries < MAX_TRIES) continue;
    if (lock === null)
      throw new Error(`no file can be locked in the folder for temporary files, ${tmpdir()}`);
    process.once('exit', () => {
      if (own?.path === path) own.lock.release();
      rmSync(path, { recursive: true, force: true });
    });
    return { path, lock };
  }
}

/** Null when another process has the folder, or may not be asked. */
function tryToLock(path: string): FolderLock | null {
  try {
    return lockFolder(path);
  } catch {
    return null;
  }
}
