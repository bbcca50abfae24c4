import { Registry } from 'prom-client';
import { DriftAnswers, DriftEvaluation, DriftResults, Monitors } from '#drift';
import { GroundTruth } from '#ground-truth';
import {
  CapturedBaselines,
  CapturedExamples,
  CapturedExport,
  CapturedRows,
  Compaction,
  DEFAULT_INGEST_LIMITS,
  FirstBaselines,
  GroupCommitter,
  HeldBytes,
  Ingest,
  IngestMetrics,
  MAX_HELD_BYTES,
  Pairing,
  PayloadDecoder,
  Rebuilding,
  type Delivery,
  type EventReceipt,
  type IngestContent,
  type IngestMessage,
  type IngestReceipt,
  Rollups,
  VersionContexts,
  Windows,
  type Lateness,
} from '#ingest';
import {
  DueWindows,
  GroundTruthIntake,
  PerformanceEvaluation,
  PerformanceMetrics,
  PerformanceResults,
  WindowDiscovery,
  WindowEvaluation,
} from '#performance';
import type { PayloadPart, ReadEvent } from '#payloads';
import { TestClock, type Clock, type Database } from '#platform';
import {
  Baselines,
  BaselineUploads,
  Deployments,
  Models,
  modelSchema,
  versionSchema,
  type FitEstimator,
} from '#registry';
import { Signals } from '#signals';

/** The moment at which tests begin: a whole minute. */
export const START = Date.UTC(2026, 10, 23, 4);

/** A node that takes payloads, beside others on the same database. */
export function connectIngest(
  database: Database,
  { models, baselines, clock }: { models: Models; baselines: Baselines; clock: Clock },
  metrics = new IngestMetrics(new Registry()),
  maxHeldBytes = MAX_HELD_BYTES,
) {
  const contexts = new VersionContexts(models, baselines, clock);
  const committer = new GroupCommitter(database, metrics, clock);
  const decoder = new PayloadDecoder(clock, DEFAULT_INGEST_LIMITS);
  const ingest = new Ingest(contexts, decoder, committer, new HeldBytes(maxHeldBytes), metrics);
  return { contexts, committer, ingest };
}

/** The rooms up to signals on a test database, on a clock that tests move. Windows wait for no late rows unless `lateness` says so. */
export function connectRooms(
  database: Database,
  lateness: Lateness = 0,
  fitEstimator: FitEstimator | null = null,
) {
  const clock = new TestClock(START);
  const registry = new Registry();
  const models = new Models(database);
  const baselines = new Baselines(database, models, clock, fitEstimator);
  const baselineUploads = new BaselineUploads(database, models);
  const deployments = new Deployments(database, models, clock);
  const metrics = new IngestMetrics(registry);
  const { contexts, committer, ingest } = connectIngest(database, { models, baselines, clock }, metrics);
  const windows = new Windows(database, models, baselines, clock);
  const groundTruth = new GroundTruth(database);
  const capturedRows = new CapturedRows(database, models, groundTruth);
  const capturedExport = new CapturedExport(models, capturedRows, groundTruth);
  const capturedExamples = new CapturedExamples(database, models, baselines, windows);
  const capturedBaselines = new CapturedBaselines(database, models, baselines, capturedRows);
  const firstBaselines = new FirstBaselines(database, models, capturedBaselines, windows, lateness);
  const compaction = new Compaction(database, baselines, clock, lateness);
  const pairing = new Pairing(database, metrics);
  const rollups = new Rollups(database, baselines, clock);
  const rebuilding = new Rebuilding(database, contexts, windows, clock, lateness);
  const signals = new Signals(database);
  const monitors = new Monitors(database, models);
  const drift = new DriftEvaluation(
    models,
    windows,
    monitors,
    new DriftAnswers(baselines, windows, clock),
    new DriftResults(database, signals),
    clock,
    lateness,
  );
  const dueWindows = new DueWindows(database, clock);
  const performanceMetrics = new PerformanceMetrics(registry);
  const groundTruthIntake = new GroundTruthIntake(
    { database, models, groundTruth, dueWindows, metrics: performanceMetrics },
    clock,
  );
  const performance = new PerformanceEvaluation(
    {
      database,
      models,
      baselines,
      contexts,
      discovery: new WindowDiscovery({ database, models, windows, dueWindows }, clock, lateness),
      dueWindows,
      evaluation: new WindowEvaluation(capturedRows, groundTruth),
      results: new PerformanceResults(database, signals, dueWindows),
      metrics: performanceMetrics,
    },
    clock,
    { lateness, capturedForMs: DEFAULT_INGEST_LIMITS.maxCapturedAgeMs },
  );
  return {
    baselines,
    baselineUploads,
    capturedBaselines,
    capturedExamples,
    capturedExport,
    capturedRows,
    clock,
    committer,
    compaction,
    deployments,
    drift,
    dueWindows,
    groundTruth,
    groundTruthIntake,
    firstBaselines,
    ingest,
    models,
    monitors,
    pairing,
    performance,
    rebuilding,
    registry,
    rollups,
    signals,
    windows,
  };
}

const COLUMNS = [
  { name: 'x', role: 'feature', type: 'numeric' },
  { name: 'c', role: 'feature', type: 'categorical' },
  { name: 'secret', role: 'groundTruth', type: 'categorical' },
];

/** Registers a model with one-minute windows and a version, by default with the columns `x` (numeric) and `c` (categorical). */
export async function registerVersion(
  models: Models,
  model: string,
  version = 'v1',
  capture = { fraction: 1, maxRowsPerWindow: 50 },
  columns: readonly object[] = COLUMNS,
): Promise<void> {
  await models.put(
    modelSchema.parse({
      name: model,
      task: 'classification',
      grain: '1m',
      capture: { ...capture, redactedColumns: ['secret'] },
      performance: { window: '1m' },
    }),
  );
  await models.putVersion(model, versionSchema.parse({ name: version, columns }));
}

/** Rows whose `x` are the evenly spread numbers shift, shift + 1/n, …: the same shape at any size, without randomness. */
export function evenRows(count: number, shift = 0): { x: number; c: string }[] {
  return Array.from({ length: count }, (_, index) => ({
    x: shift + ((index * 7_919) % count) / count,
    c: index % 3 === 0 ? 'a' : 'b',
  }));
}

type WithIngest = Pick<ReturnType<typeof connectRooms>, 'ingest'>;

/** Sends a payload as its JSON body would be. */
export function send(
  rooms: WithIngest,
  model: string,
  version: string,
  value: unknown,
  part?: PayloadPart,
): Promise<IngestReceipt> {
  return sendMessage(rooms, model, version, { body: { format: 'json', value }, part });
}

/** Sends a payload with what stands beside its body. */
export async function sendMessage(
  { ingest }: WithIngest,
  model: string,
  version: string,
  message: IngestMessage,
): Promise<IngestReceipt> {
  const receipt = await ingest.accept(model, version, deliveryOf({ kind: 'payload', message }));
  if ('receipts' in receipt) throw new Error('a payload was answered as events are');
  return receipt;
}

/** Sends what a payload logger would. */
export async function sendEvents(
  { ingest }: WithIngest,
  model: string,
  version: string,
  events: readonly ReadEvent[],
): Promise<EventReceipt> {
  const receipt = await ingest.accept(model, version, deliveryOf({ kind: 'events', events }));
  if (!('receipts' in receipt)) throw new Error('events were answered as a payload is');
  return receipt;
}

function deliveryOf(content: IngestContent): Delivery {
  return { read: () => content, release: () => undefined };
}
