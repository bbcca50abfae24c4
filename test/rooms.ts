import { Registry } from 'prom-client';
import { DriftAnswers, DriftEvaluation, DriftMetrics, DriftResults, Monitors } from '#drift';
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
  Ingest,
  IngestMetrics,
  Pairing,
  Rebuilding,
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
import { TestClock, type Database } from '#platform';
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
  const committer = new GroupCommitter(database, metrics, DEFAULT_INGEST_LIMITS.maxPendingCells, clock);
  const contexts = new VersionContexts(models, baselines, clock);
  const ingest = new Ingest(contexts, committer, metrics, clock, DEFAULT_INGEST_LIMITS);
  const windows = new Windows(database, models, baselines, clock);
  const groundTruth = new GroundTruth(database);
  const capturedRows = new CapturedRows(database, models, groundTruth);
  const capturedExport = new CapturedExport(models, capturedRows, groundTruth);
  const capturedExamples = new CapturedExamples(database, models, baselines, windows);
  const capturedBaselines = new CapturedBaselines(database, models, baselines, capturedRows);
  const firstBaselines = new FirstBaselines(database, models, capturedBaselines, windows, lateness);
  const compaction = new Compaction(database, baselines, clock, metrics, lateness);
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
    new DriftMetrics(registry, () => clock.now()),
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

/** Sends a payload as its JSON body would be. */
export function send(
  { ingest }: Pick<ReturnType<typeof connectRooms>, 'ingest'>,
  model: string,
  version: string,
  value: unknown,
): Promise<IngestReceipt> {
  return ingest.accept(model, version, { body: { format: 'json', value } });
}
