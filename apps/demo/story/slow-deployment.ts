import { MODEL } from '../flight-delay.js';
import type { LiveStage } from './stage.js';
import { endedAlert, firingAlert, knownAlerts, nextSlackMessage } from './watch.js';

/** The slow build asks its feature store more than it should: p99 goes from about 250 to about 550 ms. */
const SLOW_LOOKUP_MS = 450;
/** Fault C: the model is fine, its new build is slow. */
export async function deploySlowBuild(stage: LiveStage, version: string): Promise<void> {
  const { terminal, claims, leeway, modelServer, slack } = stage;
  const good = await modelServer.release();
  if (good === null) throw new Error('the model server serves nothing');
  const slowRevision = good.revision.replace(/\.\d+$/, '.1');
  terminal.heading(`Fault C: a slow build of ${version} is deployed`);
  const known = await knownAlerts(stage);
  const messageCount = (await slack.messages()).length;
  const before = await latencyP99(stage);
  await leeway.registerDeployment(MODEL, {
    version,
    revision: slowRevision,
    description: 'same model, new feature store client',
  });
  await modelServer.deploy({ ...good, revision: slowRevision, lookupMs: SLOW_LOOKUP_MS });
  terminal.line(`${version} (${slowRevision}) is live: the same model, and a new feature store client.`);
  const alert = await firingAlert(stage, 'flight-delay-latency', known, performance.now());
  claims.check(
    'a slow deployment is diagnosed as "roll back"',
    alert.diagnosis?.action === 'roll back',
    alert.diagnosis?.action,
  );
  const after = alert.value ?? NaN;
  terminal.line(`p99 was ${before.toFixed(3)} s with the build before, and is ${after.toFixed(3)} s now.`);
  claims.check('the slow build is seen in p99', after > before, `${before} s before, ${after} s after`);
  const message = await nextSlackMessage(stage, messageCount);
  claims.check('Slack hears to roll back', message.includes('roll back'));

  await modelServer.deploy(good);
  await leeway.registerDeployment(MODEL, { version, revision: good.revision, description: 'roll back' });
  terminal.line(`Rolled back to ${version} (${good.revision}).`);
  const ended = await endedAlert(stage, alert.id, performance.now());
  claims.check(
    'the alert is resolved after the roll back',
    ended.endReason === 'resolved',
    String(ended.endReason),
  );
  const lastMessage = await nextSlackMessage(stage, messageCount + 1);
  claims.check('Slack hears how it ended', lastMessage.includes('resolved'));
}

/** The newest p99 of predictions that Leeway has scraped, in seconds. */
async function latencyP99({ leeway }: LiveStage): Promise<number> {
  const signals = await leeway.signals(MODEL, 'latency_p99_seconds');
  return Math.max(...signals.map(({ lastValue }) => lastValue ?? NaN));
}
