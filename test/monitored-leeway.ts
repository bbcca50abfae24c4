import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Counter, Histogram, Registry } from 'prom-client';
import { configSchema } from '../apps/server/config.js';
import { createMetrics } from '../apps/server/metrics.js';
import { startLocalServer, type LocalServer } from './local-server.js';
import { RealPrometheus } from './real-prometheus.js';
import { startTestServer, type TestServer } from './test-server.js';

const CLASSES = [
  { name: 'x', role: 'feature', type: 'numeric' },
  { name: 'c', role: 'feature', type: 'categorical' },
  { name: 'class', role: 'prediction', type: 'categorical' },
  { name: 'risk', role: 'score', type: 'numeric', class: 'yes' },
  { name: 'truth', role: 'groundTruth', type: 'categorical' },
];
const BASELINE_ROWS = 2_000;
const ROWS_AT_ONCE = 100;
const TRAFFIC_EVERY_MS = 500;

/** A row whose score says how often it is right; `shift` moves `x` away from the baseline. */
function row(index: number, shift: number): Record<string, unknown> {
  const risk = ((index * 37) % 100) / 100;
  return {
    x: ((index * 7_919) % 1_000) / 1_000 + shift,
    c: index % 3 === 0 ? 'a' : 'b',
    class: classOf(risk),
    risk,
  };
}

const classOf = (risk: number): string => (risk > 0.5 ? 'yes' : 'no');
const truthOf = (index: number): string =>
  ((index * 61) % 100) / 100 < Number(row(index, 0)['risk']) ? 'yes' : 'no';

/**
 * A real Leeway that does all it can do, and a real Prometheus that scrapes it: a model with drift, ground truth, a deployment, alerts, a
 * retraining run, collectors. Of Kafka there is a second target, whose metrics are Leeway's own, driven as a source does it.
 */
export class MonitoredLeeway {
  private constructor(
    readonly prometheus: RealPrometheus,
    readonly server: TestServer,
    private readonly serving: LocalServer,
    private readonly kafka: LocalServer,
    private readonly folder: string,
  ) {}

  static async start(executable: string): Promise<MonitoredLeeway> {
    const folder = mkdtempSync(join(tmpdir(), 'leeway-monitored-'));
    const targets = join(folder, 'targets.json');
    writeFileSync(targets, '[]');
    const secret = join(folder, 'secret');
    writeFileSync(secret, `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`);
    const prometheus = await RealPrometheus.start(executable, {
      config: {
        global: { scrape_interval: '1s' },
        scrape_configs: [
          { job_name: 'leeway', file_sd_configs: [{ files: [targets], refresh_interval: '1s' }] },
        ],
      },
    });
    const serving = await startServing();
    const kafka = await startKafkaPage();
    const server = await startTestServer(configOf(prometheus.url, serving.url, secret));
    writeFileSync(
      targets,
      JSON.stringify([{ targets: [new URL(server.url).host, new URL(kafka.url).host] }]),
    );
    const leeway = new MonitoredLeeway(prometheus, server, serving, kafka, folder);
    await leeway.register();
    leeway.traffic = setInterval(() => void leeway.send(), TRAFFIC_EVERY_MS);
    return leeway;
  }

  private traffic: NodeJS.Timeout | undefined;
  private sentCount = 0;
  private sending: Promise<unknown> = Promise.resolve();

  async stop(): Promise<void> {
    clearInterval(this.traffic);
    await this.sending;
    await this.server.close();
    await this.prometheus.stop();
    await this.serving.close();
    await this.kafka.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async register(): Promise<void> {
    const path = '/models/shop/versions';
    await this.ask('POST', path, { name: 'v1', columns: CLASSES });
    await this.ask('POST', `${path}/v1/baselines`, {
      rows: Array.from({ length: BASELINE_ROWS }, (_, i) => ({ ...row(i, 0), truth: truthOf(i) })),
    });
    await this.ask('POST', '/models/shop/deployments', { version: 'v1' });
  }

  /** Some rows with their ground truth, a few of which are refused. */
  private send(): Promise<unknown> {
    const from = this.sentCount;
    this.sentCount += ROWS_AT_ONCE;
    const indices = Array.from({ length: ROWS_AT_ONCE }, (_, i) => from + i);
    const rows = indices.map((i) => ({
      inferenceId: `i${i}`,
      values: i % 50 === 0 ? { ...row(i, 0.7), c: 'new' } : row(i, 0.7),
    }));
    this.sending = this.ask('POST', '/models/shop/versions/v1/inferences', { rows }).then(() =>
      this.ask('POST', '/models/shop/ground-truth', {
        rows: indices.map((i) => ({ id: `i${i}`, value: truthOf(i) })),
      }),
    );
    return this.sending;
  }

  private async ask(method: string, path: string, body: object): Promise<void> {
    const { status, body: answer } = await this.server.api(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(answer)}`);
  }
}

function configOf(prometheusUrl: string, servingUrl: string, secretFile: string) {
  const hook = { url: `${servingUrl}/hook`, secret: { file: secretFile } };
  return configSchema.parse({
    evaluation: { interval: '1s', lateness: '0s' },
    channels: [{ name: 'ops', kind: 'webhook', groupWait: '0s', ...hook }],
    triggers: [{ name: 'retrain', model: 'shop', kind: 'webhook', minCapturedRows: 0, ...hook }],
    models: [
      {
        name: 'shop',
        task: 'classification',
        grain: '1s',
        capture: { fraction: 1, maxRowsPerWindow: 1_000 },
        performance: { window: '2s', minLabelledRows: 10, minLabelledShare: 0.1 },
        monitors: [{ name: 'live', span: '10s', every: '1s' }],
      },
    ],
    rules: [
      {
        name: 'drift',
        model: 'shop',
        signal: 'drift_verdict',
        condition: { op: '>=', threshold: 1 },
        channels: ['ops'],
        trigger: 'retrain',
      },
    ],
    collectors: [
      {
        ...{ name: 'direct', model: 'shop', kind: 'scrape', interval: '1s', rateWindow: '5s' },
        targets: [`${servingUrl}/metrics`],
        latency: { metric: 'http_request_duration_seconds' },
        requests: { metric: 'http_requests_total' },
      },
      {
        ...{ name: 'business', model: 'shop', kind: 'prometheus', interval: '1s', url: prometheusUrl },
        queries: [{ signal: 'basket_value', unit: 'euros', query: 'vector(42)' }],
      },
    ],
  });
}

/** A serving process whose counters grow at each scrape, and that takes whatever is posted to it. */
async function startServing(): Promise<LocalServer> {
  const registry = new Registry();
  const registers = [registry];
  const latency = new Histogram({ name: 'http_request_duration_seconds', help: 'h', registers });
  const requests = new Counter({ name: 'http_requests_total', help: 'h', labelNames: ['status'], registers });
  return startLocalServer((request, response) => {
    request.resume();
    for (const status of ['200', '404', '500']) requests.inc({ status }, 10);
    for (let call = 0; call < 30; call += 1) latency.observe(call / 100);
    void registry
      .metrics()
      .then((page) => response.writeHead(200, { 'content-type': registry.contentType }).end(page));
  });
}

/** What a process shows that reads a topic: its metrics, driven as its source would. */
async function startKafkaPage(): Promise<LocalServer> {
  const { registry, kafka } = createMetrics();
  kafka.declare('payloads', () => [
    {
      source: 'payloads',
      topic: 't',
      partitionCount: 3,
      bufferedBytes: 100,
      lagMessages: 5,
      lagSeconds: 0.5,
    },
  ]);
  return startLocalServer((_, response) => {
    kafka.recordSuccess('payloads', Date.now());
    void registry
      .metrics()
      .then((page) => response.writeHead(200, { 'content-type': registry.contentType }).end(page));
  });
}
