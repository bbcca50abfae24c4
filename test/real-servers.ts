import { describe, it } from '@jest/globals';
import { findServer, type RealServer } from './find-server.js';

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
