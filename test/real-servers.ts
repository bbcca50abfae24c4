import { accessSync, constants, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, it } from '@jest/globals';

/** The names under which each program may be installed: Debian has its own for Alertmanager. */
const EXECUTABLES = {
  prometheus: ['prometheus'],
  promtool: ['promtool'],
  alertmanager: ['alertmanager', 'prometheus-alertmanager'],
  amtool: ['amtool'],
  postgres: ['postgres'],
  initdb: ['initdb'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type RealServer = keyof typeof EXECUTABLES;

/** Debian keeps one folder per major version here, and puts none of them on the PATH. */
const POSTGRES_VERSIONS = '/usr/lib/postgresql';
const USUAL_FOLDERS = ['/usr/local/bin', '/usr/bin', '/usr/sbin'];

/** The path of a real server's executable, or null when this machine has none. PostgreSQL: the newest version. */
export function findServer(server: RealServer): string | null {
  const folders = [
    ...postgresFolders(server),
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...USUAL_FOLDERS,
  ];
  const paths = folders
    .filter((folder) => folder !== '')
    .flatMap((folder) => EXECUTABLES[server].map((name) => join(folder, name)));
  return paths.find(isExecutable) ?? null;
}

function postgresFolders(server: RealServer): string[] {
  if (server !== 'postgres' && server !== 'initdb') return [];
  try {
    const versions = readdirSync(POSTGRES_VERSIONS).toSorted((a, b) => Number(b) - Number(a));
    return versions.map((version) => join(POSTGRES_VERSIONS, version, 'bin'));
  } catch {
    return [];
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * A describe block that runs against a real server. Without one it is skipped, and its title says why; with
 * LEEWAY_REQUIRE_REAL=1, as in CI, it fails, so that a missing installation cannot pass as a success.
 */
export function describeWithServer(
  server: RealServer,
  title: string,
  define: (executable: string) => void,
): void {
  const executable = findServer(server);
  if (executable !== null) {
    describe(title, () => define(executable));
    return;
  }
  const problem = `there is no ${server} on this machine`;
  if (process.env['LEEWAY_REQUIRE_REAL'] !== '1') {
    describe.skip(`${title} (skipped: ${problem})`, () => it(`needs ${server}`, () => undefined));
    return;
  }
  describe(title, () => {
    it(`needs ${server}`, () => {
      throw new Error(`${problem}, and LEEWAY_REQUIRE_REAL=1 asks for it`);
    });
  });
}
