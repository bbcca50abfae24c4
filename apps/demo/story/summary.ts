import type { Alert } from '../api-types.js';
import { MODEL } from '../flight-delay.js';
import { counted, inSeconds } from '../terminal.js';
import { until } from '../until.js';
import type { SentBatch } from './june-batch.js';
import type { LiveStage } from './stage.js';

/** What the whole story must have come to. */
const EXPECTED_ENDS = [
  'flight-delay-drift resolved',
  'flight-delay-drift superseded',
  'flight-delay-latency resolved',
];
/** Each alert is told twice: when it fires, and when it has ended. */
const MESSAGES_PER_ALERT = 2;

/** How everything ended, and whether every row is accounted for. */
export async function summarize(stage: LiveStage, batch: SentBatch): Promise<void> {
  const { terminal, replay } = stage;
  terminal.heading('Summary');
  await replay.stop();
  await summarizeAlerts(stage);
  await summarizeRuns(stage);
  await balanceRows(stage, batch);
}

async function summarizeAlerts({ terminal, claims, leeway, slack }: LiveStage): Promise<void> {
  const alerts = (await leeway.alerts(MODEL)).toReversed();
  terminal.table(['alert', 'rule', 'version', 'fired for', 'diagnosis', 'ended'], alerts.map(alertRow));
  const ends = alerts.map(({ rule, endReason }) => `${rule} ${endReason}`);
  claims.check('three alerts fired and ended as told', ends.join() === EXPECTED_ENDS.join(), ends.join(', '));

  const messages = await slack.messages();
  const delivered = await until(
    'every notification is recorded as delivered',
    { timeoutMs: 10_000 },
    async () => {
      const all = (await leeway.notifications(MODEL)).filter(({ channel }) => channel === 'ml-oncall');
      return all.every(({ status }) => status !== 'pending')
        ? all.filter(({ status }) => status === 'delivered')
        : undefined;
    },
  );
  terminal.line(
    `Slack received ${messages.length} messages: for each alert one when it fired and one when it had ended, not one per column.`,
  );
  claims.check(
    'Slack received two messages per alert',
    messages.length === MESSAGES_PER_ALERT * EXPECTED_ENDS.length,
    String(messages.length),
  );
  claims.check(
    'every notification arrived once',
    delivered.length === messages.length,
    `${delivered.length} delivered, ${messages.length} received`,
  );
}

function alertRow(alert: Alert): string[] {
  const firedForMs = Date.parse(alert.endedAt ?? '') - Date.parse(alert.firedAt ?? '');
  return [
    alert.id,
    alert.rule,
    alert.labels['version'] ?? '',
    Number.isNaN(firedForMs) ? '-' : inSeconds(firedForMs),
    alert.diagnosis?.action ?? '-',
    alert.endReason ?? alert.state,
  ];
}

async function summarizeRuns({ terminal, claims, leeway }: LiveStage): Promise<void> {
  const runs = (await leeway.retrainingRuns(MODEL)).toReversed();
  terminal.line();
  terminal.table(
    ['run', 'of alert', 'history', 'new version'],
    runs.map((run) => [
      run.id,
      run.alertId ?? '-',
      run.history.map(({ status }) => status).join(' → '),
      run.newVersion ?? '-',
    ]),
  );
  for (const { id, reason } of runs) terminal.paragraph(`Run ${id}: ${reason}`);
  const statuses = runs.map(({ status }) => status).join();
  claims.check('one run was refused and one succeeded', statuses === 'refused,succeeded', statuses);
}

/** Payload rows sent = rows counted in windows + rows rejected, over all versions and all of the story. */
async function balanceRows(
  { terminal, claims, leeway, modelServer, replay }: LiveStage,
  batch: SentBatch,
): Promise<void> {
  const served = await modelServer.flush();
  const versions = await leeway.versions(MODEL);
  const windows = await Promise.all(
    versions.map(async ({ name }) => ({ version: name, windows: await leeway.windows(MODEL, name) })),
  );
  const perVersion = windows.map(({ version, windows: list }) => ({
    version,
    windowCount: list.length,
    rowCount: list.reduce((sum, { rowCount }) => sum + rowCount, 0),
    rejectedCount: list.reduce((sum, { rejectedCount }) => sum + rejectedCount, 0),
  }));
  const sent = batch.acknowledged + served.acknowledged;
  const inWindows = perVersion.reduce((sum, { rowCount }) => sum + rowCount, 0);
  const rejected = perVersion.reduce((sum, { rejectedCount }) => sum + rejectedCount, 0);
  const isBalanced = sent === inWindows + rejected;
  terminal.line();
  terminal.table(
    ['rows', 'count'],
    [
      ['sent by the June batch', counted(batch.acknowledged)],
      ['sent by the model server', counted(served.acknowledged)],
      ...perVersion.map(({ version, windowCount, rowCount }) => [
        `in ${windowCount} windows of ${version}`,
        counted(rowCount),
      ]),
      ['rejected', counted(rejected)],
    ],
    ['count'],
  );
  terminal.line(
    `${counted(sent)} rows sent ${isBalanced ? '=' : '≠'} ${counted(inWindows)} counted in windows + ${counted(rejected)} rejected${isBalanced ? ', exactly' : ''}.`,
  );
  claims.check(
    'rows sent = rows counted in windows + rows rejected',
    isBalanced,
    `${sent} ≠ ${inWindows} + ${rejected}`,
  );
  claims.check('some rows were rejected', rejected > 0);
  const lost = served.sampled - served.acknowledged;
  claims.check(
    'the model server lost no row',
    lost === 0 && served.sampled === replay.sentFlightCount,
    `${lost} of ${served.sampled} rows, ${replay.sentFlightCount} flights`,
  );
}
