import { LeewayApi } from '../api-client.js';
import { readDelays } from '../flights.js';
import { serveJson } from '../json-server.js';
import { ModelServerClient } from '../model-server-client.js';
import { retrain } from './retrain.js';
import { WebhookInbox } from './webhook-inbox.js';

const {
  PORT = '0',
  LEEWAY_URL = 'http://127.0.0.1:8080',
  LEEWAY_API_KEY = '',
  MODEL_SERVER_URL = '',
  RETRAIN_WEBHOOK_SECRET = '',
} = process.env;

const delays = await readDelays();
const dependencies = {
  leeway: new LeewayApi(LEEWAY_URL, LEEWAY_API_KEY),
  modelServer: new ModelServerClient(MODEL_SERVER_URL),
  delayOf: (rowNumber: number) => delays[rowNumber],
};
const inbox = new WebhookInbox(
  RETRAIN_WEBHOOK_SECRET,
  (message) => retrain(message, dependencies),
  (line) => void process.stderr.write(`${line}\n`),
);

const server = await serveJson(
  {
    'POST /retrain': (request) => inbox.take(request),
    'GET /webhooks': () => ({ status: 200, body: inbox.webhooks }),
  },
  Number(PORT),
);
process.stdout.write(`Retraining consumer listens on ${server.url}\n`);

function stop(): void {
  void server.close().then(() => process.exit(0));
}
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
