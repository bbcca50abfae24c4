import { COLUMNS, MODEL } from '../flight-delay.js';
import { readFlights, type Flights } from '../flights.js';
import { Replay } from '../replay.js';
import { delayRisk, featuresOf, isDelayed, logLoss, trainRiskModel, type RiskModel } from '../risk-model.js';
import { counted, inSeconds } from '../terminal.js';
import type { LiveStage, Stage } from './stage.js';

export const FIRST_VERSION = 'v1';
const FIRST_REVISION = `${MODEL}:1.0.0`;
/** The builds of the service differ in how long their lookups take. */
export const LOOKUP_MS = 200;

const JANUARY_FLIGHTS = 508_239;
const TRAINING = { epochs: 3, learningRate: 0.3 };
/** February: real rows that the baseline has not seen. */
const LIVE_MONTH = 2;
const PACE = { requestsPerSecond: 10, flightsPerRequest: 100 };
const REPLAY_SEED = 20_010_201;

/** Trains on January, registers the version with its baseline, and puts it live. */
export async function trainAndRegister(stage: Stage): Promise<LiveStage> {
  const { terminal, claims, leeway, modelServer, january } = stage;
  terminal.heading('A model is trained on January and registered, with January as its baseline');
  const trainingStartedAt = performance.now();
  const model = trainRiskModel(january, TRAINING);
  const trained = inSeconds(performance.now() - trainingStartedAt);
  terminal.line(
    `Trained on ${counted(january.count)} real flights in ${trained}: risk of being 15 minutes late, from distance, origin and hour.`,
  );
  terminal.line(
    `Log loss ${logLoss(model, january).toFixed(4)}; ${baseRateLoss(january).toFixed(4)} for a model that knows the overall rate only.`,
  );

  await leeway.createVersion(MODEL, {
    name: FIRST_VERSION,
    description: 'trained on January 2001',
    columns: COLUMNS,
  });
  const registeringStartedAt = performance.now();
  const baseline = await leeway.registerBaseline(MODEL, FIRST_VERSION, 'text/csv', () =>
    baselineCsv(january, model),
  );
  const registered = inSeconds(performance.now() - registeringStartedAt);
  terminal.line(
    `Baseline ${baseline.id}: ${counted(baseline.rowCount)} rows streamed as CSV in ${registered}; grid ${baseline.gridHash.slice(0, 12)}.`,
  );
  claims.check(
    'the baseline holds every January flight',
    baseline.rowCount === JANUARY_FLIGHTS && january.count === JANUARY_FLIGHTS,
    String(baseline.rowCount),
  );

  await modelServer.deploy({
    version: FIRST_VERSION,
    revision: FIRST_REVISION,
    parameters: model,
    lookupMs: LOOKUP_MS,
  });
  await leeway.registerDeployment(MODEL, {
    version: FIRST_VERSION,
    revision: FIRST_REVISION,
    description: 'first release',
  });
  terminal.line(`${FIRST_VERSION} (${FIRST_REVISION}) is live on the model server.`);
  return {
    ...stage,
    model,
    replay: new Replay(modelServer, await readFlights(LIVE_MONTH), PACE, REPLAY_SEED),
  };
}

function baseRateLoss(flights: Flights): number {
  let delayed = 0;
  for (let row = 0; row < flights.count; row += 1) if (isDelayed(flights, row)) delayed += 1;
  const rate = delayed / flights.count;
  return -(rate * Math.log(rate) + (1 - rate) * Math.log(1 - rate));
}

const ROWS_PER_CHUNK = 5_000;

/** Training data as a user has it: features, the model's own score, and the outcome. */
async function* baselineCsv(flights: Flights, model: RiskModel): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  let lines = ['distance,origin,hour,delay_risk,delay'];
  for (let row = 0; row < flights.count; row += 1) {
    const { distance, origin, hour } = featuresOf(flights, row);
    lines.push(
      `${distance},${origin},${hour},${delayRisk(model, { distance, origin, hour })},${flights.delays[row]}`,
    );
    if (lines.length < ROWS_PER_CHUNK && row < flights.count - 1) continue;
    yield encoder.encode(`${lines.join('\n')}\n`);
    lines = [];
  }
}
