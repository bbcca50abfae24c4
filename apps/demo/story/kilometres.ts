import { MODEL } from '../flight-delay.js';
import { until } from '../until.js';
import { FIRST_VERSION } from './baseline.js';
import { columnTable } from './drift-table.js';
import type { LiveStage } from './stage.js';
import { endedAlert, firingAlert, knownAlerts, nextSlackMessage } from './watch.js';

/** Fault A: a broken pipeline is not a reason to retrain. */
export async function sendKilometres(stage: LiveStage): Promise<void> {
  const { terminal, claims, leeway, replay, slack } = stage;
  terminal.heading('Fault A: the upstream pipeline sends kilometres instead of miles');
  const known = await knownAlerts(stage);
  const messageCount = (await slack.messages()).length;
  replay.unit = 'kilometres';
  const alert = await firingAlert(stage, 'flight-delay-drift', known, performance.now());
  claims.check(
    'kilometres are diagnosed as "fix pipeline"',
    alert.diagnosis?.action === 'fix pipeline',
    alert.diagnosis?.action,
  );
  const [newest] = await leeway.driftResults(MODEL, { monitor: 'live', version: FIRST_VERSION, limit: 1 });
  if (newest !== undefined) columnTable(terminal, newest.columns);

  const run = await until('the retraining run of the alert', { timeoutMs: 10_000 }, async () =>
    (await leeway.retrainingRuns(MODEL)).find(({ alertId }) => alertId === alert.id),
  );
  terminal.line(`Retraining run ${run.id}: ${run.status}; ${run.reason}`);
  claims.check(
    'retraining is refused because of the diagnosis',
    run.status === 'refused' && run.reason.includes('fix pipeline'),
    `${run.status}: ${run.reason}`,
  );
  const message = await nextSlackMessage(stage, messageCount);
  claims.check('Slack hears what to do', message.includes('fix pipeline'));

  terminal.line('The pipeline is fixed: miles again.');
  replay.unit = 'miles';
  const ended = await endedAlert(stage, alert.id, performance.now());
  claims.check(
    'the alert is resolved once the pipeline is fixed',
    ended.endReason === 'resolved',
    String(ended.endReason),
  );
  const lastMessage = await nextSlackMessage(stage, messageCount + 1);
  claims.check('Slack hears how it ended', lastMessage.includes('resolved'));
}
