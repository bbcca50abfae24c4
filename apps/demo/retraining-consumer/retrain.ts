import { LeewayProblem, type LeewayApi } from '../api-client.js';
import type { CapturedRow, RetrainingRequested } from '../api-types.js';
import { COLUMNS, servedValues } from '../flight-delay.js';
import type { ModelServerClient } from '../model-server-client.js';
import { featuresOf, logLoss, trainRiskModel, type RiskModel } from '../risk-model.js';
import { joinOutcomes, splitHoldout, type JoinedRows } from './outcomes.js';

export interface RetrainingDependencies {
  readonly leeway: LeewayApi;
  readonly modelServer: ModelServerClient;
  /** The outcomes that we own: minutes of delay by the flight's row number. */
  readonly delayOf: (rowNumber: number) => number | undefined;
}

/** Fewer rows than this make no model. Unmeasured. */
const MIN_ROWS = 200;
/** Small steps: a few thousand rows correct the live model, they do not replace what 500,000 taught it. */
const RETRAINING = { epochs: 5, learningRate: 0.05 };

/**
 * Does what one webhook asks for, from the captured rows to the new version that is live, and reports it to Leeway.
 * Whatever goes wrong is reported as the run's failure.
 */
export async function retrain(
  { data }: RetrainingRequested,
  dependencies: RetrainingDependencies,
): Promise<void> {
  const { leeway } = dependencies;
  await leeway.reportRun(data.runId, { status: 'running', message: 'fetching the captured rows' });
  try {
    const { newVersion, message } = await buildNewVersion(data, dependencies);
    await leeway.reportRun(data.runId, { status: 'succeeded', newVersion, message });
  } catch (error) {
    await leeway.reportRun(data.runId, {
      status: 'failed',
      message: error instanceof Error ? error.message : String(error),
    });
  }
}

async function buildNewVersion(
  data: RetrainingRequested['data'],
  { leeway, modelServer, delayOf }: RetrainingDependencies,
): Promise<{ newVersion: string; message: string }> {
  const captured = await leeway.all<CapturedRow>(data.capturedRows.url);
  const rows = joinOutcomes(captured, delayOf);
  if (rows.count < MIN_ROWS)
    throw new Error(`${rows.count} captured rows have an outcome; ${MIN_ROWS} are needed`);
  const live = await modelServer.release();
  if (live === null) throw new Error('the model server has no live model to start from');

  const { training, holdout } = splitHoldout(rows);
  const model = trainRiskModel(training, { ...RETRAINING, start: live.parameters });
  const [before, after] = [live.parameters, model].map((each) => logLoss(each, holdout).toFixed(4));

  const newVersion = await registerNextVersion(leeway, data);
  await leeway.registerBaseline(data.model, newVersion, 'application/x-ndjson', () =>
    baselineRows(rows, model),
  );
  const revision = `${data.model}:${newVersion.slice(1)}.0.0`;
  await modelServer.deploy({ ...live, version: newVersion, revision, parameters: model });
  await leeway.registerDeployment(data.model, {
    version: newVersion,
    revision,
    description: `retraining run ${data.runId}`,
  });
  return {
    newVersion,
    message: `${rows.count} rows joined to outcomes; log loss on ${holdout.count} held-out rows ${before} before, ${after} after`,
  };
}

/** The next version; one that a run before this one left unfinished is not used again. */
async function registerNextVersion(
  leeway: LeewayApi,
  { model, runId }: RetrainingRequested['data'],
): Promise<string> {
  const names = (await leeway.versions(model)).map(({ name }) => name);
  const newest = Math.max(0, ...names.map((name) => Number(/^v(\d+)$/.exec(name)?.[1] ?? 0)));
  const name = `v${newest + 1}`;
  try {
    await leeway.createVersion(model, { name, description: `retraining run ${runId}`, columns: COLUMNS });
  } catch (error) {
    // A try whose answer was lost has created it: nobody else names versions here.
    if (!(error instanceof LeewayProblem) || error.code !== 'already-exists') throw error;
  }
  return name;
}

/** What the new model was made from, with its own predictions: what normal looks like from now on. */
async function* baselineRows(rows: JoinedRows, model: RiskModel): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  const lines: string[] = [];
  for (let row = 0; row < rows.count; row += 1) {
    lines.push(JSON.stringify({ ...servedValues(model, featuresOf(rows, row)), delay: rows.delays[row] }));
  }
  yield encoder.encode(`${lines.join('\n')}\n`);
}
