import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { LeewayApi } from '../api-client.js';
import type { Claims } from '../claims.js';
import { readFlights } from '../flights.js';
import { ModelServerClient } from '../model-server-client.js';
import type { ProcessGroup } from '../process-group.js';
import { builtFile, PROJECT_ROOT } from '../project-root.js';
import { SlackClient } from '../slack-client.js';
import { freePort, type SpawnedProcess } from '../spawned-process.js';
import { inSeconds, type Terminal } from '../terminal.js';
import type { Stage } from './stage.js';

export interface Surroundings {
  readonly terminal: Terminal;
  readonly claims: Claims;
  readonly processes: ProcessGroup;
  /** A fresh folder for data and logs. */
  readonly folder: string;
}

/** The processes of the demo: what they are called by their ready line, and where they are built to. */
const APPS = {
  Leeway: 'server',
  'Slack stand-in': 'demo/slack-stand-in',
  'Model server': 'demo/model-server',
  'Retraining consumer': 'demo/retraining-consumer',
} as const;

const ANY_PORT = '0';
const READY = / listens on (\S+)$/;
const CONFIG_FILE = join(PROJECT_ROOT, 'apps', 'demo', 'leeway.yaml');

/** Starts Leeway and, beside it, everything that a user would have: each a process with its own port. */
export async function startEverything(surroundings: Surroundings): Promise<Stage> {
  const { terminal, claims } = surroundings;
  terminal.heading('Leeway starts, and beside it a model server, a Slack stand-in and a retraining consumer');
  const startedAt = performance.now();
  const january = readFlights(1);
  const slack = new SlackClient(urlOf(await start(surroundings, 'Slack stand-in', { PORT: ANY_PORT })));
  const neighbours = await chooseNeighbours();
  const { leeway, adminKey } = await startLeeway(surroundings, slack.url, neighbours);
  await startNeighbours(surroundings, leeway, neighbours);
  terminal.table(
    ['process', 'address'],
    [
      ['Leeway', leeway.url],
      ['  its admin key', adminKey],
      ['model server', neighbours.modelServerUrl],
      ['retraining consumer', neighbours.consumerUrl],
      ['Slack stand-in', slack.url],
      ['data and logs', surroundings.folder],
    ],
  );
  const took = inSeconds(performance.now() - startedAt);
  terminal.line(`All of it runs after ${took}: embedded PostgreSQL in a fresh folder, migrations applied.`);
  const modelServer = new ModelServerClient(neighbours.modelServerUrl);
  return { terminal, claims, leeway, adminKey, slack, modelServer, january: await january };
}

/** Who stands in leeway.yaml, and so has an address before it runs; it runs later since it needs a key from Leeway. */
interface Neighbours {
  readonly modelServerUrl: string;
  readonly consumerUrl: string;
  readonly webhookSecret: string;
}

async function chooseNeighbours(): Promise<Neighbours> {
  return {
    modelServerUrl: `http://127.0.0.1:${await freePort()}`,
    consumerUrl: `http://127.0.0.1:${await freePort()}`,
    webhookSecret: `whsec_${randomBytes(24).toString('base64')}`,
  };
}

async function startLeeway(
  surroundings: Surroundings,
  slackUrl: string,
  { modelServerUrl, consumerUrl, webhookSecret }: Neighbours,
): Promise<{ leeway: LeewayApi; adminKey: string }> {
  const server = await start(surroundings, 'Leeway', {
    LEEWAY_PORT: ANY_PORT,
    LEEWAY_DATA_DIR: join(surroundings.folder, 'leeway'),
    LEEWAY_CONFIG: CONFIG_FILE,
    SLACK_WEBHOOK_URL: `${slackUrl}/services/T00000000/B00000000/demo`,
    RETRAIN_WEBHOOK_SECRET: webhookSecret,
    MODEL_SERVER_URL: modelServerUrl,
    RETRAINING_CONSUMER_URL: consumerUrl,
  });
  const [, adminKey = ''] = await server.line(/^Admin key \(shown once\): (\S+)$/);
  return { leeway: new LeewayApi(urlOf(server), adminKey), adminKey };
}

/** The model server and the retraining consumer, each with a key that can do what it has to and no more. */
async function startNeighbours(
  surroundings: Surroundings,
  leeway: LeewayApi,
  { modelServerUrl, consumerUrl, webhookSecret }: Neighbours,
): Promise<void> {
  const ingestKey = await leeway.createApiKey('model-server', ['ingest']);
  const consumerKey = await leeway.createApiKey('retraining-consumer', ['read', 'admin']);
  await Promise.all([
    start(surroundings, 'Model server', {
      PORT: new URL(modelServerUrl).port,
      LEEWAY_URL: leeway.url,
      LEEWAY_API_KEY: ingestKey.key,
    }),
    start(surroundings, 'Retraining consumer', {
      PORT: new URL(consumerUrl).port,
      LEEWAY_URL: leeway.url,
      LEEWAY_API_KEY: consumerKey.key,
      MODEL_SERVER_URL: modelServerUrl,
      RETRAIN_WEBHOOK_SECRET: webhookSecret,
    }),
  ]);
}

function start(
  { processes, folder }: Surroundings,
  name: keyof typeof APPS,
  env: Readonly<Record<string, string>>,
): Promise<SpawnedProcess> {
  const app = APPS[name];
  return processes.start({
    script: builtFile(`apps/${app}/main.js`),
    env,
    logFile: join(folder, `${app.replace('demo/', '')}.log`),
    readyLine: new RegExp(`^${name}${READY.source}`),
  });
}

/** Where a process that is ready said that it listens. */
function urlOf({ lines }: SpawnedProcess): string {
  return lines.map((line) => READY.exec(line)?.[1]).find((url) => url !== undefined) ?? '';
}
