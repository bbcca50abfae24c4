import { until } from '../until.js';
import { counted } from '../terminal.js';
import { FIRST_VERSION } from './baseline.js';
import { columnTable } from './drift-table.js';
import type { LiveStage } from './stage.js';
import { expectNoAlert, resultsSince } from './watch.js';

/** Evaluations that must have looked at live traffic alone. */
const QUIET_RESULTS = 3;

/** Traffic without a fault: nothing may fire. */
export async function replayWithoutFault(stage: LiveStage): Promise<void> {
  const { terminal, claims, replay } = stage;
  terminal.heading('Live traffic without a fault');
  terminal.line('About 1,000 flights a second, real ones of February, which the baseline has not seen.');
  const startedAt = Date.now();
  replay.start();
  const results = await until(
    `${QUIET_RESULTS} evaluations of live traffic`,
    { timeoutMs: 30_000 },
    async () => {
      const found = await resultsSince(stage, FIRST_VERSION, startedAt);
      return found.length >= QUIET_RESULTS ? found : undefined;
    },
  );
  const [newest] = results;
  if (newest !== undefined) columnTable(terminal, newest.columns);
  claims.check(
    'traffic without a fault has not drifted',
    results.every(({ verdict }) => verdict === 'ok'),
    results.map(({ verdict }) => verdict).join(', '),
  );
  await expectNoAlert(stage, 'traffic without a fault fires no alert');
  claims.check(
    'every prediction was answered',
    replay.failedRequestCount === 0,
    `${replay.failedRequestCount} failed`,
  );
  terminal.line(
    `${counted(replay.sentFlightCount)} flights so far, ${results.length} evaluations of live traffic, no alert.`,
  );
}
