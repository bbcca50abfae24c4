import { serveJson, type Handler, type JsonAnswer, type Routes } from '../json-server.js';
import { DEFAULT_RETRY } from '../retrying-fetch.js';
import { seededRandom } from '../seeded-random.js';
import { InferenceSender } from './inference-sender.js';
import { PredictionService, type PredictionRequest, type Release } from './prediction-service.js';
import { RequestMetrics } from './request-metrics.js';

/** How long shutdown tries to get rid of the rows that still wait. */
const LAST_FLUSH_MS = 2_000;

const {
  PORT = '0',
  LEEWAY_URL = 'http://127.0.0.1:8080',
  LEEWAY_API_KEY = '',
  MODEL_NAME = 'flight-delay',
  SAMPLE_RATE = '1',
  SEED = '1',
} = process.env;

const metrics = new RequestMetrics();
const sender = new InferenceSender({
  leewayUrl: LEEWAY_URL,
  apiKey: LEEWAY_API_KEY,
  model: MODEL_NAME,
  maxPayloadRows: 500,
  maxWaitMs: 100,
  maxQueuedRows: 100_000,
  retry: DEFAULT_RETRY,
  log: (line) => void process.stderr.write(`${line}\n`),
});
const predictions = new PredictionService({
  sampleRate: Number(SAMPLE_RATE),
  random: seededRandom(Number(SEED)),
  now: () => new Date(),
  sample: (version, rows) => sender.add(version, rows),
});

async function predict({ body }: { body: string }): Promise<JsonAnswer> {
  const answer = await predictions.predict(JSON.parse(body) as PredictionRequest);
  return answer === null
    ? { status: 503, body: { error: 'no model is deployed yet' } }
    : { status: 200, body: answer };
}

function measured(method: string, handler: string, run: Handler): Routes {
  return {
    [`${method} ${handler}`]: async (request) => {
      const startedAt = performance.now();
      const answer = await run(request);
      metrics.record(
        { handler, method, status: String(answer.status) },
        (performance.now() - startedAt) / 1_000,
      );
      return answer;
    },
  };
}

const server = await serveJson(
  {
    ...measured('POST', '/predict', predict),
    'GET /metrics': async () => ({
      status: 200,
      body: await metrics.exposition(),
      contentType: metrics.contentType,
    }),
    'GET /health': () => ({ status: predictions.release === null ? 503 : 200 }),
    'GET /admin/release': () => ({ status: 200, body: predictions.release }),
    'POST /admin/deploy': ({ body }) => {
      predictions.deploy(JSON.parse(body) as Release);
      return { status: 200, body: predictions.release };
    },
    'POST /admin/flush': async () => {
      await sender.flush();
      return { status: 200, body: sender.stats };
    },
    'GET /admin/stats': () => ({ status: 200, body: sender.stats }),
  },
  Number(PORT),
);
process.stdout.write(`Model server listens on ${server.url}\n`);

async function stop(): Promise<void> {
  await server.close();
  await Promise.race([sender.flush(), new Promise((resolve) => setTimeout(resolve, LAST_FLUSH_MS))]);
  process.exit(0);
}
process.once('SIGTERM', () => void stop());
process.once('SIGINT', () => void stop());
