import type { RetrainingRun } from '../api-types.js';
import { MODEL } from '../flight-delay.js';
import { inSeconds } from '../terminal.js';
import { until } from '../until.js';
import { FIRST_VERSION } from './baseline.js';
import { columnTable } from './drift-table.js';
import type { LiveStage } from './stage.js';
import { endedAlert, firingAlert, knownAlerts, nextSlackMessage, resultsSince } from './watch.js';

const LONG_HAUL_SHARE = 0.8;
const FINAL: readonly RetrainingRun['status'][] = ['refused', 'succeeded', 'failed', 'timed-out'];

/** Fault B: the world has changed, so the model has to. Returns the version that is live afterwards. */
export async function flyLongHauls(stage: LiveStage): Promise<string> {
  const { terminal, claims, leeway, modelServer, replay, slack } = stage;
  terminal.heading('Fault B: real flights, but four of five are now long hauls');
  const known = await knownAlerts(stage);
  const messageCount = (await slack.messages()).length;
  replay.longHaulShare = LONG_HAUL_SHARE;
  const alert = await firingAlert(stage, 'flight-delay-drift', known, performance.now());
  const firedAt = performance.now();
  claims.check(
    'another mix of routes is diagnosed as "retrain"',
    alert.diagnosis?.action === 'retrain',
    alert.diagnosis?.action,
  );
  const [newest] = await leeway.driftResults(MODEL, { monitor: 'live', version: FIRST_VERSION, limit: 1 });
  if (newest !== undefined) columnTable(terminal, newest.columns);

  const run = await followRun(stage, alert.id);
  const statuses = run.history.map(({ status }) => status);
  claims.check(
    'retraining goes from requested to succeeded',
    statuses[0] === 'requested' && statuses.includes('running') && run.status === 'succeeded',
    statuses.join(', '),
  );
  const live = await modelServer.release();
  const newVersion = run.newVersion ?? '';
  claims.check('the new version is live', newVersion !== '' && live?.version === newVersion, live?.version);
  terminal.line(`${newVersion} (${live?.revision ?? ''}) is live, with the captured rows as its baseline.`);
  const liveAt = Date.now();

  const message = await nextSlackMessage(stage, messageCount);
  claims.check('Slack hears that retraining was requested', message.includes('retrain'));
  const ended = await endedAlert(stage, alert.id, firedAt);
  claims.check(
    `the alert on ${FIRST_VERSION} is superseded`,
    ended.endReason === 'superseded',
    String(ended.endReason),
  );
  const lastMessage = await nextSlackMessage(stage, messageCount + 1);
  claims.check('Slack hears how it ended', lastMessage.includes('superseded'));

  const result = await until(
    `the live monitor looks at ${newVersion} alone`,
    { timeoutMs: 20_000 },
    async () => (await resultsSince(stage, newVersion, liveAt))[0],
  );
  columnTable(terminal, result.columns);
  terminal.line(`The same traffic against the baseline of ${newVersion}: ${result.verdict}.`);
  claims.check(`the long hauls are no drift for ${newVersion}`, result.verdict === 'ok', result.verdict);
  return newVersion;
}

/** Tells of the run as it moves, until it has come to an end. */
async function followRun({ leeway, terminal }: LiveStage, alertId: string): Promise<RetrainingRun> {
  let toldCount = 0;
  return until('the retraining run comes to an end', { timeoutMs: 40_000 }, async () => {
    const run = (await leeway.retrainingRuns(MODEL)).find((each) => each.alertId === alertId);
    if (run === undefined) return undefined;
    const requestedAt = Date.parse(run.history[0]?.at ?? '');
    for (const { status, at, reason } of run.history.slice(toldCount)) {
      terminal.paragraph(
        `Retraining run ${run.id}: ${status} after ${inSeconds(Date.parse(at) - requestedAt)}; ${reason}`,
      );
      toldCount += 1;
    }
    return FINAL.includes(run.status) ? run : undefined;
  });
}
