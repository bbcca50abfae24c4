import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Claims } from './claims.js';
import { ProcessGroup } from './process-group.js';
import { trainAndRegister } from './story/baseline.js';
import { scoreJune } from './story/june-batch.js';
import { sendKilometres } from './story/kilometres.js';
import { flyLongHauls } from './story/long-haul.js';
import { replayWithoutFault } from './story/no-fault.js';
import { deploySlowBuild } from './story/slow-deployment.js';
import type { LiveStage } from './story/stage.js';
import { startEverything, type Surroundings } from './story/start.js';
import { summarize } from './story/summary.js';
import { whatToOpenNext } from './story/what-next.js';
import { inSeconds, Terminal } from './terminal.js';

const INTERRUPTED = 130;

const { values: options } = parseArgs({ options: { once: { type: 'boolean', default: false } } });
const terminal = new Terminal(process.stdout);
const claims = new Claims(terminal);
const processes = new ProcessGroup();
const folder = await mkdtemp(join(tmpdir(), 'leeway-demo-'));

/** Ends every process that was started. The logs stay when they could tell what went wrong. */
async function leave(exitCode: number, keepsFolder: boolean): Promise<never> {
  await processes.stop();
  if (keepsFolder) terminal.line(`The data and the logs are still in ${folder}`);
  else await rm(folder, { recursive: true, force: true });
  process.exit(exitCode);
}

let isStoryOver = false;
/** Aborted once the processes are being ended: what then fails is no news. */
const leaving = new AbortController();
function onSignal(): void {
  if (leaving.signal.aborted) return;
  leaving.abort();
  terminal.line();
  terminal.line('Stopping everything.');
  void leave(isStoryOver ? Math.min(1, claims.failed.length) : INTERRUPTED, false);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
// Whoever read along has left (`| head`): nobody to tell the story to.
process.stdout.on('error', onSignal);

/** The story, in its order. */
async function tell(surroundings: Surroundings): Promise<LiveStage> {
  const stage = await trainAndRegister(await startEverything(surroundings));
  const batch = await scoreJune(stage);
  await replayWithoutFault(stage);
  await sendKilometres(stage);
  const version = await flyLongHauls(stage);
  await deploySlowBuild(stage, version);
  await summarize(stage, batch);
  return stage;
}

terminal.title(
  'Leeway: from a training baseline to a Slack alert and a finished retraining run, on real flights',
);
const startedAt = performance.now();
try {
  const stage = await Promise.race([tell({ terminal, claims, processes, folder }), processes.untimelyDeath]);
  isStoryOver = true;
  const took = inSeconds(performance.now() - startedAt);
  const failedCount = claims.failed.length;
  terminal.line(
    failedCount === 0
      ? `The whole story took ${took}; all ${claims.checkedCount} claims were checked and hold.`
      : `The whole story took ${took}; ${failedCount} of ${claims.checkedCount} claims do not hold:`,
  );
  for (const failed of claims.failed) terminal.line(`- ${failed}`);
  if (options.once) await leave(failedCount === 0 ? 0 : 1, failedCount > 0);
  whatToOpenNext(stage);
  await processes.untimelyDeath;
} catch (error) {
  if (!leaving.signal.aborted) {
    leaving.abort();
    claims.fail(error instanceof Error ? error.message : String(error));
    terminal.line('The story ends here.');
    await leave(1, true);
  }
}
