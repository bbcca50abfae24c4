import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json, found from the sources as from what is built out of them. */
export const PROJECT_ROOT = projectRoot(dirname(fileURLToPath(import.meta.url)));

/** A file that the build made, such as `apps/server/main.js`. */
export function builtFile(path: string): string {
  return join(PROJECT_ROOT, 'dist', path);
}

function projectRoot(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder;
  if (dirname(folder) === folder) throw new Error('there is no package.json above this file');
  return projectRoot(dirname(folder));
}
