import type { Alert, DriftResult } from '../api-types.js';
import { MODEL } from '../flight-delay.js';
import { messageText } from '../slack-client.js';
import { inSeconds } from '../terminal.js';
import { until } from '../until.js';
import type { Stage } from './stage.js';

const ALERT_TIMEOUT_MS = 30_000;
const SLACK_TIMEOUT_MS = 15_000;

/** Waits until an alert of the rule fires that was not there before, and tells of it. */
export async function firingAlert(
  stage: Stage,
  rule: string,
  known: ReadonlySet<string>,
  since: number,
): Promise<Alert> {
  const { leeway, terminal } = stage;
  let seen = 'no alert';
  const alert = await until(
    `an alert of ${rule} fires`,
    { timeoutMs: ALERT_TIMEOUT_MS },
    async () => {
      const [newest] = (await leeway.alerts(MODEL)).filter(
        (each) => each.rule === rule && !known.has(each.id),
      );
      seen = newest === undefined ? 'no alert' : newest.state;
      return newest !== undefined && newest.state !== 'pending' ? newest : undefined;
    },
    () => seen,
  );
  terminal.line(`Alert ${alert.id} fires ${inSeconds(performance.now() - since)} later: ${alert.summary}`);
  terminal.paragraph(`Diagnosis: ${alert.diagnosis?.action ?? 'none'}. ${alert.diagnosis?.summary ?? ''}`);
  return alert;
}

/** Waits until the alert has ended, and tells how. */
export async function endedAlert({ leeway, terminal }: Stage, id: string, since: number): Promise<Alert> {
  const ended = await until(`alert ${id} ends`, { timeoutMs: ALERT_TIMEOUT_MS }, async () => {
    const alert = await leeway.alert(id);
    return alert.state === 'resolved' ? alert : undefined;
  });
  terminal.line(
    `Alert ${id} has ended ${inSeconds(performance.now() - since)} later: ${ended.endReason ?? 'for no reason'}.`,
  );
  return ended;
}

/** Waits for the message after the first `count`, and shows it as Slack received it. */
export async function nextSlackMessage({ slack, terminal }: Stage, count: number): Promise<string> {
  const message = await until(
    `Slack receives message ${count + 1}`,
    { timeoutMs: SLACK_TIMEOUT_MS },
    async () => (await slack.messages())[count],
  );
  const text = messageText(message);
  terminal.line('Slack received:');
  terminal.quote(text);
  return text;
}

/** Ids of the alerts that there are, so that a new one can be told from them. */
export async function knownAlerts({ leeway }: Stage): Promise<Set<string>> {
  return new Set((await leeway.alerts(MODEL)).map(({ id }) => id));
}

/** Claims that nothing has fired so far: neither an alert nor a message. */
export async function expectNoAlert({ leeway, slack, claims }: Stage, claim: string): Promise<void> {
  const fired = (await leeway.alerts(MODEL)).filter(({ state }) => state !== 'pending');
  const messages = await slack.messages();
  claims.check(
    claim,
    fired.length === 0 && messages.length === 0,
    `${fired.map(({ summary }) => summary).join('; ')} (${messages.length} messages)`,
  );
}

/** The live monitor's results over spans that began at or after an instant, newest first. */
export async function resultsSince(
  { leeway }: Stage,
  version: string,
  since: number,
): Promise<readonly DriftResult[]> {
  const results = await leeway.driftResults(MODEL, { monitor: 'live', version, limit: 50 });
  return results.filter(({ from }) => Date.parse(from) >= since);
}
