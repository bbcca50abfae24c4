/**
 * A small churn service that tells Leeway what it predicts.
 *
 *     LEEWAY_URL=http://127.0.0.1:8080 LEEWAY_KEY=lw_… node server.mjs
 */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { LeewayClient } from './leeway-client.mjs';

const { env } = process;
const leeway = new LeewayClient({
  url: env.LEEWAY_URL ?? 'http://127.0.0.1:8080',
  apiKey: env.LEEWAY_KEY ?? '',
  model: env.LEEWAY_MODEL ?? 'churn',
  version: env.LEEWAY_VERSION ?? 'v1',
  maxQueuedRows: Number(env.LEEWAY_QUEUE_ROWS ?? 50_000),
  timeoutMs: Number(env.LEEWAY_TIMEOUT_SECONDS ?? 10) * 1_000,
});

/** The model: churn falls with age, and is lower in Germany. */
const scoreOf = ({ age, country }) => 1 / (1 + Math.exp(-(1.5 - age / 30 - (country === 'DE' ? 0.7 : 0))));

function predict(customers) {
  const answers = customers.map((customer) => ({ inferenceId: randomUUID(), score: scoreOf(customer) }));
  leeway.add(
    customers.map(({ age, country }, index) => ({
      inferenceId: answers[index].inferenceId,
      values: { age, country, score: answers[index].score },
    })),
  );
  return answers;
}

const routes = {
  'POST /predict': (customer) => predict([customer])[0],
  'POST /predict-many': (customers) => predict(customers),
  // What really happened, as soon as the service hears of it.
  'POST /outcomes': (outcomes) => leeway.addGroundTruth(outcomes) ?? {},
  'GET /leeway-stats': () => ({ inferences: leeway.stats, groundTruth: leeway.groundTruthStats }),
};

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return chunks.length === 0 ? null : JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

const server = createServer(async (request, response) => {
  const answer = (status, body) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  const route = routes[`${request.method} ${request.url}`];
  if (route === undefined) return answer(404, { error: 'there is nothing here' });
  try {
    const body = await bodyOf(request).catch(() => undefined);
    return body === undefined ? answer(400, { error: 'the body is no JSON' }) : answer(200, route(body));
  } catch (error) {
    return answer(500, { error: String(error) });
  }
});
server.listen(Number(env.PORT ?? 8000), '127.0.0.1', () => console.log('the service listens'));

process.once('SIGTERM', () => {
  server.close();
  server.closeIdleConnections();
  void leeway.close().then(() => process.exit(0));
});
