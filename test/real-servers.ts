import { describe, it } from '@jest/globals';
import { findPython, findServer, type RealServer } from './find-server.js';

/** A describe block that runs against a real server; see `describeWith`. */
export function describeWithServer(
  server: RealServer,
  title: string,
  define: (executable: string) => void,
): void {
  describeWith({ name: server, executable: findServer(server) }, title, define);
}

/** A describe block that runs Python with the packages of test/python/requirements.txt; see `describeWith`. */
export function describeWithPython(title: string, define: (executable: string) => void): void {
  describeWith({ name: 'Python environment .venv-test', executable: findPython() }, title, define);
}

/**
 * Without its executable a block is skipped, and its title says why; with LEEWAY_REQUIRE_REAL=1, as in CI, it fails, so that a
 * missing installation cannot pass as a success.
 */
function describeWith(
  { name, executable }: { readonly name: string; readonly executable: string | null },
  title: string,
  define: (executable: string) => void,
): void {
  if (executable !== null) {
    describe(title, () => define(executable));
    return;
  }
  const problem = `there is no ${name} on this machine`;
  if (process.env['LEEWAY_REQUIRE_REAL'] !== '1') {
    describe.skip(`${title} (skipped: ${problem})`, () => it(`needs ${name}`, () => undefined));
    return;
  }
  describe(title, () => {
    it(`needs ${name}`, () => {
      throw new Error(`${problem}, and LEEWAY_REQUIRE_REAL=1 asks for it`);
    });
  });
}
